package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	quotedCommand = regexp.MustCompile("`(?:carehold|ch) ([^`\n&]+)[^`\n]*`")
	fencedCommand = regexp.MustCompile(`(?m)^(?:carehold|ch) ([^\n#&|]+)`)
	lostSession   = regexp.MustCompile(`\(\.\./cmd/carehold/testdata/(lost-[a-z]+\.txtar)\)`)
)

// TestPagesNameCommands: whatever docs/operations.md, docs/lost.md and the README
// tell people to type is a command that there is, with flags that it has.
func TestPagesNameCommands(t *testing.T) {
	n := 0
	for _, page := range []string{"README.md", "docs/operations.md", "docs/lost.md", "docs/cli.md"} {
		b, err := os.ReadFile(filepath.Join("..", "..", page))
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range append(quotedCommand.FindAllStringSubmatch(string(b), -1), fencedCommand.FindAllStringSubmatch(string(b), -1)...) {
			n++
			if what := unknownIn(strings.Fields(m[1])); what != "" {
				t.Errorf("%s: %q: there is no %s", page, m[0], what)
			}
		}
	}
	if n < 40 {
		t.Errorf("only %d commands were found on the pages", n)
	}
}

// unknownIn names what a command line has and the program has not.
func unknownIn(words []string) string {
	if words[0] == "COMMAND" { // stands for each
		return ""
	}
	c, rest, err := quietApp().root().Find(words)
	if err != nil {
		return "command " + words[0]
	}
	c.InitDefaultHelpFlag()
	for _, w := range rest {
		name, _, _ := strings.Cut(strings.TrimRight(w, ",;:."), "=")
		switch {
		case strings.HasPrefix(name, "--") && c.Flags().Lookup(name[2:]) == nil && c.InheritedFlags().Lookup(name[2:]) == nil:
			return "flag " + name + " of " + c.CommandPath()
		case len(name) == 2 && name[0] == '-' && c.Flags().ShorthandLookup(name[1:]) == nil && c.InheritedFlags().ShorthandLookup(name[1:]) == nil:
			return "flag " + name + " of " + c.CommandPath()
		case c.HasSubCommands() && !strings.HasPrefix(w, "-"):
			return "command " + c.CommandPath() + " " + w
		}
	}
	return ""
}

// TestLostPathsAreTried: every path of docs/lost.md is a session, which types what
// the path says.
func TestLostPathsAreTried(t *testing.T) {
	b, err := os.ReadFile(filepath.Join("..", "..", "docs", "lost.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range strings.Split(string(b), "\n## ")[1:] {
		title, _, _ := strings.Cut(path, "\n")
		session := ""
		for _, m := range lostSession.FindAllStringSubmatch(path, -1) {
			s, err := os.ReadFile(filepath.Join("testdata", m[1]))
			if err != nil {
				t.Fatal(err)
			}
			session += string(s)
		}
		if session == "" {
			t.Errorf("%s: no session tries it", title)
			continue
		}
		for _, m := range quotedCommand.FindAllStringSubmatch(path, -1) {
			c, _, err := quietApp().root().Find(strings.Fields(m[1]))
			if err != nil {
				continue // TestPagesNameCommands says so
			}
			if !strings.Contains(session, "exec "+c.CommandPath()) {
				t.Errorf("%s: %q is not in its session", title, c.CommandPath())
			}
		}
	}
}
