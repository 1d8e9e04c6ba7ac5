package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

func main() {
	harden()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // the second Ctrl-C ends the program at once
	a := &app{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, env: os.Getenv, environ: os.Environ}
	os.Exit(a.run(ctx, os.Args[1:]))
}

// app is one run of the program. The demo makes several of them in one process.
type app struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	env            func(string) string
	environ        func() []string

	json, quiet, yes bool
	state            string // path of the device file
	passphraseFile   string
	width            int  // of the answer; 0: of the terminal
	running          bool // a command has begun: what fails now is not its usage
}

// run carries out one command line and returns its exit code.
func (a *app) run(ctx context.Context, args []string) int {
	root := a.root()
	root.SetArgs(args)
	root.SetIn(a.stdin)
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	err := root.ExecuteContext(ctx)
	if err != nil && !a.running {
		err = usage(err)
	}
	if err == nil {
		return exitDone
	}
	return a.report(ctx, err)
}

const about = `Carehold keeps a health and care record that only its person's keys can open.

The person decides who may read which part, until when, and can see who did.
This one program is the server, and the person's way to their record.`

// root makes the whole command tree. Each command is one file.
func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:           "carehold",
		Short:         "A health and care record that only its person's keys can open",
		Long:          about,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.NoArgs,
		RunE:          func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.PersistentPreRun = func(*cobra.Command, []string) { a.running = true }
	root.CompletionOptions.DisableDefaultCmd = true
	flags := root.PersistentFlags()
	flags.BoolVar(&a.json, "json", false, "print the answer as JSON, one object a line (docs/cli.md)")
	flags.BoolVarP(&a.quiet, "quiet", "q", false, "print nothing but the answer and errors")
	flags.BoolVarP(&a.yes, "yes", "y", false, "do not ask; take yes for an answer")

	const person, sharing, operator, other = "person", "sharing", "operator", "other"
	root.AddGroup(
		&cobra.Group{ID: person, Title: "Your record:"},
		&cobra.Group{ID: sharing, Title: "Who may read it, and who did:"},
		&cobra.Group{ID: operator, Title: "Running a server:"},
		&cobra.Group{ID: other, Title: "More:"},
	)
	add := func(group string, commands ...*cobra.Command) {
		for _, c := range commands {
			c.GroupID = group
			root.AddCommand(c)
		}
	}
	add(person, a.enrolCommand(), a.importCommand(), a.importsCommand(), a.entriesCommand(), a.showCommand(),
		a.moveCommand(), a.exportCommand(), a.deviceCommand(), a.recoverCommand(), a.passphraseCommand())
	add(sharing, a.grantCommand(), a.grantsCommand(), a.revokeCommand(), a.historyCommand(), a.checkCommand())
	add(operator, a.initCommand(), a.serveCommand(), a.inviteCommand(), a.statusCommand())
	add(other, a.demoCommand(), a.completionCommand(), a.versionCommand())
	root.SetHelpCommandGroupID(other)
	root.SetUsageTemplate(usageTemplate)
	return root
}

// usageTemplate is cobra's, with the examples first: they are what people read.
const usageTemplate = `{{if .HasExample}}Examples:
{{.Example}}

{{end}}Usage:{{if .Runnable}}
  {{.UseLine}}{{end}}{{if .HasAvailableSubCommands}}
  {{.CommandPath}} COMMAND{{end}}{{if .HasAvailableSubCommands}}{{$cmds := .Commands}}{{if eq (len .Groups) 0}}

Commands:{{range $cmds}}{{if .IsAvailableCommand}}
  {{rpad .Name .NamePadding}} {{.Short}}{{end}}{{end}}{{else}}{{range $group := .Groups}}

{{.Title}}{{range $cmds}}{{if (and (eq .GroupID $group.ID) (or .IsAvailableCommand (eq .Name "help")))}}
  {{rpad .Name .NamePadding}} {{.Short}}{{end}}{{end}}{{end}}{{end}}{{end}}{{if .HasAvailableLocalFlags}}

Flags:
{{.LocalFlags.FlagUsagesWrapped 80 | trimTrailingWhitespaces}}{{end}}{{if .HasAvailableInheritedFlags}}

Flags of every command:
{{.InheritedFlags.FlagUsagesWrapped 80 | trimTrailingWhitespaces}}{{end}}{{if .HasAvailableSubCommands}}

"{{.CommandPath}} COMMAND --help" says more about a command, with examples.{{end}}
`
