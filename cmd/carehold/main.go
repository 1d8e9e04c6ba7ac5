package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"strings"
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
	caFile           string // of a certificate authority that only this home has
	width            int    // of the answer; 0: of the terminal
	name             string // of the command, for hints
	operating        bool   // it is one of an operator's
	running          bool   // a command has begun: what fails now is not its usage
	agreed           bool   // a question was answered with yes

	ctx context.Context // of the run, for whoever waits at the terminal
}

// run carries out one command line and returns its exit code.
func (a *app) run(ctx context.Context, args []string) int {
	a.ctx = ctx
	root := a.root()
	root.SetArgs(args)
	root.SetIn(a.stdin)
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	c, err := root.ExecuteContextC(ctx)
	a.name, a.operating = c.CommandPath(), c.GroupID == operatorGroup
	if _, told := errors.AsType[*failure](err); err != nil && !a.running && !told {
		err = usage(err)
	}
	if err == nil {
		return exitDone
	}
	if errors.Is(err, errSaid) {
		return exitCode(ctx, err)
	}
	return a.report(ctx, err)
}

const about = `Carehold keeps a health and care record that only its person's keys can open.

The person decides who may read which part, until when, and can see who did.
This one program is the server, and the person's way to their record.`

const operatorGroup = "operator"

// root makes the whole command tree. Each command is one file.
func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:           "carehold",
		Short:         "A health and care record that only its person's keys can open",
		Long:          about,
		SilenceErrors: true,
		SilenceUsage:  true,
		Version:       version(),
		Args:          knownCommand,
		RunE:          func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.SetVersionTemplate("carehold {{.Version}}\n")
	root.InitDefaultVersionFlag()
	root.Flags().Lookup("version").Shorthand = ""
	root.Flags().Lookup("version").Usage = "say which version this is"
	root.PersistentPreRunE = func(c *cobra.Command, _ []string) error {
		// Before cobra does, whose words say nothing to a person.
		if err := c.ValidateFlagGroups(); err != nil {
			return flagGroup(err)
		}
		a.running = true
		return nil
	}
	root.CompletionOptions.DisableDefaultCmd = true
	flags := root.PersistentFlags()
	flags.BoolVar(&a.json, "json", false, "print the answer as JSON, one object a line (docs/cli.md)")
	flags.BoolVarP(&a.quiet, "quiet", "q", false, "print nothing but the answer and errors")
	flags.BoolVarP(&a.yes, "yes", "y", false, "do not ask; take yes for an answer")

	const person, sharing, operator, other = "person", "sharing", operatorGroup, "other"
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
	add(person, a.enrolCommand(), a.importCommand(), a.importsCommand(), a.entriesCommand(), a.showCommand(), a.inboxCommand(), a.noteCommand(), a.disputeCommand(),
		a.moveCommand(), a.exportCommand(), a.deviceCommand(), a.recoverCommand(), a.carryOnCommand(), a.moveRecordCommand(), a.deleteRecordCommand(), a.passphraseCommand())
	add(sharing, a.requestsCommand(), a.approveCommand(), a.refuseCommand(), a.addressCommand(), a.grantCommand(), a.linkCommand(), a.grantsCommand(),
		a.amendCommand(), a.suspendCommand(), a.resumeCommand(), a.revokeCommand(), a.receiptCommand(), a.historyCommand(), a.checkCommand())
	add(operator, a.initCommand(), a.serveCommand(), a.inviteCommand(), a.clientCommand(), a.statusCommand(), a.forgetCommand(), a.clockCommand(),
		a.backupCommand(), a.restoreCommand(), a.verifyCommand())
	add(other, a.demoCommand(), a.coreCommand(), a.completionCommand(), a.versionCommand())
	root.SetHelpCommandGroupID(other)
	root.InitDefaultHelpCmd()
	helpKnows(root)
	root.SetUsageTemplate(usageTemplate)
	return root
}

// knownCommand says which command was probably meant.
func knownCommand(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	err := fmt.Errorf("there is no command %q", args[0])
	c.SuggestionsMinimumDistance = 2 // letters
	if like := c.SuggestionsFor(args[0]); len(like) > 0 {
		return coded(exitUsage, err, "did you mean "+c.CommandPath()+" "+strings.Join(like, ", or "+c.CommandPath()+" ")+"?")
	}
	return coded(exitUsage, err, c.CommandPath()+" --help lists them")
}

// helpKnows lets "help nosuch" fail as "nosuch" does.
func helpKnows(root *cobra.Command) {
	help, _, err := root.Find([]string{"help"})
	if err != nil {
		panic(err) // it was made a line before
	}
	help.Run = nil
	help.RunE = func(_ *cobra.Command, args []string) error {
		c, rest, err := root.Find(args)
		if err == nil {
			err = knownCommand(c, rest)
		}
		if err != nil {
			return usage(err)
		}
		c.InitDefaultHelpFlag()
		return c.Help()
	}
}

var bothGiven = regexp.MustCompile(`\[([a-z -]+)\] were all set$`)

// flagGroup says which flags exclude each other.
func flagGroup(err error) error {
	m := bothGiven.FindStringSubmatch(err.Error())
	if m == nil {
		return usage(err)
	}
	flags := strings.Fields(m[1])
	return usagef("give --%s, not both", strings.Join(flags, " or --"))
}

// atLeast and exactly say in words which arguments a command needs.

func atLeast(n int, what string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) < n {
			return fmt.Errorf("%s needs %s", c.CommandPath(), what)
		}
		return nil
	}
}

func exactly(n int, what string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) != n {
			return fmt.Errorf("%s needs %s, and nothing else", c.CommandPath(), what)
		}
		return nil
	}
}

func nothing(c *cobra.Command, args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("%s takes no %q: only flags", c.CommandPath(), args[0])
	}
	return nil
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
