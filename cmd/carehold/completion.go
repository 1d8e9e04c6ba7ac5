package main

import (
	"github.com/spf13/cobra"

	"carehold/record"
	"carehold/record/grant"
)

func (a *app) completionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "completion SHELL",
		Short: "Print the completion script for bash, zsh, fish or powershell",
		Example: `  carehold completion bash > ~/.local/share/bash-completion/completions/carehold
  carehold completion zsh > "${fpath[1]}/_carehold"
  carehold completion fish > ~/.config/fish/completions/carehold.fish`,
		ValidArgs: []string{"bash", "zsh", "fish", "powershell"},
		Args:      cobra.MatchAll(exactly(1, "a shell: bash, zsh, fish or powershell"), cobra.OnlyValidArgs),
		RunE: func(c *cobra.Command, args []string) error {
			root := c.Root()
			switch args[0] {
			case "bash":
				return root.GenBashCompletionV2(a.stdout, true)
			case "zsh":
				return root.GenZshCompletion(a.stdout)
			case "fish":
				return root.GenFishCompletion(a.stdout, true)
			default:
				return root.GenPowerShellCompletionWithDesc(a.stdout)
			}
		},
	}
}

// What completion can say without opening anything: it must never ask for a
// passphrase, nor show what is in a record.

func completeSections(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	var names []string
	for _, s := range record.Sections() {
		names = append(names, s.String())
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

func completeReady(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	var names []string
	for _, r := range grant.ReadyMade {
		names = append(names, cobra.CompletionWithDesc(r.Name, r.Title))
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

func completeDurations(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return []string{"1d", "7d", "30d", "90d", "1y", "until-stopped"}, cobra.ShellCompDirectiveNoFileComp
}

func completePurposes(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	var names []string
	for _, code := range purposeCodes() {
		names = append(names, cobra.CompletionWithDesc(code, grant.Purposes[code]))
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

func noFiles(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return nil, cobra.ShellCompDirectiveNoFileComp
}
