package main

import (
	"bytes"
	"flag"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/rivo/uniseg"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

var update = flag.Bool("update", false, "write the golden files anew")

// quietApp is a run that nobody sees.
func quietApp() *app {
	return &app{stdout: &bytes.Buffer{}, stderr: &bytes.Buffer{}, env: func(string) string { return "" }, environ: func() []string { return nil }}
}

// everyCommand calls fn for each command there is.
func everyCommand(c *cobra.Command, fn func(*cobra.Command)) {
	fn(c)
	for _, sub := range c.Commands() {
		everyCommand(sub, fn)
	}
}

// TestHelp is what a person sees who asks for help, all of it, to be read by a
// reviewer: testdata/help.golden.
func TestHelp(t *testing.T) {
	var all strings.Builder
	everyCommand(quietApp().root(), func(c *cobra.Command) {
		var out bytes.Buffer
		a := quietApp()
		a.stdout = &out
		args := append(strings.Fields(c.CommandPath())[1:], "--help")
		if code := a.run(t.Context(), args); code != exitDone {
			t.Fatalf("%s --help ends with %d", c.CommandPath(), code)
		}
		all.WriteString("==== " + c.CommandPath() + " ====\n" + out.String() + "\n")
	})
	got := all.String()
	const golden = "testdata/help.golden"
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("the help differs from %s: read it, then go test -run TestHelp -update", golden)
	}
	for line := range strings.Lines(got) {
		if uniseg.StringWidth(strings.TrimRight(line, "\n")) > 80 {
			t.Errorf("wider than 80 columns: %s", line)
		}
	}
}

func TestCommandsHaveExamples(t *testing.T) {
	everyCommand(quietApp().root(), func(c *cobra.Command) {
		if c.Name() == "help" || c.Name() == "carehold" || c.Name() == "version" {
			return
		}
		if c.Example == "" || c.Short == "" {
			t.Errorf("%s has no example, or no short help", c.CommandPath())
		}
		for line := range strings.Lines(c.Example) {
			if !strings.HasPrefix(line, "  carehold ") && !strings.HasPrefix(line, "    ") && !strings.HasPrefix(line, "  DEMO_EXIT=1 carehold ") {
				t.Errorf("%s: the example %q is no command", c.CommandPath(), line)
			}
		}
	})
}

// pathFlags are the flags whose names are of secrets: each is the path of a file.
var pathFlags = map[string]bool{
	"passphrase-file": true, "new-passphrase-file": true, "encrypt-passphrase-file": true, "export-passphrase-file": true, "invite-file": true, "recovery-file": true,
	"recovery-out": true, "token-out": true, "node-key": true, "tls-key": true, "passcode-file": true, "issuer-keys": true,
}

// TestNoFlagTakesASecret goes through every flag of every command, and every
// variable: none may be where somebody would type a secret.
func TestNoFlagTakesASecret(t *testing.T) {
	secret := regexp.MustCompile(`pass|secret|token|key|code|recovery|invite|pin|credential`)
	seen := map[string]bool{}
	everyCommand(quietApp().root(), func(c *cobra.Command) {
		check := func(f *pflag.Flag) {
			if !secret.MatchString(f.Name) || f.Value.Type() == "bool" { // which takes nothing
				return
			}
			seen[f.Name] = true
			if !pathFlags[f.Name] {
				t.Errorf("%s --%s looks like a secret", c.CommandPath(), f.Name)
			}
			if name, _ := pflag.UnquoteUsage(f); name != "file" {
				t.Errorf("%s --%s does not say that it is a file", c.CommandPath(), f.Name)
			}
		}
		c.Flags().VisitAll(check)
		c.PersistentFlags().VisitAll(check)
		if word := regexp.MustCompile(`(?i)\b(passphrase|secret|token|invite|code)\b`).FindString(strings.ToLower(c.Use[len(c.Name()):])); word != "" {
			t.Errorf("%s takes a %s as an argument", c.CommandPath(), word)
		}
	})
	for name := range pathFlags {
		if !seen[name] {
			t.Errorf("there is no flag --%s any more", name)
		}
	}
	for _, s := range serverSettings {
		if secret.MatchString(s.key) && !pathFlags[s.key] {
			t.Errorf("%s looks like a secret", variableOf(s.key))
		}
	}
}
