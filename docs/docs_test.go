// Package docs has no program: its test keeps the links of the documents true.
package docs

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"
)

var (
	link     = regexp.MustCompile(`\[([^\[\]]*)\]\(([^()\s]+)\)`)
	testName = regexp.MustCompile(`^(?:Test|Fuzz|Benchmark)[A-Z]\w*$`)
	testFile = regexp.MustCompile(`^[\w./-]+_test\.go$`)
	code     = regexp.MustCompile("`([^`\n]+)`")
	testFunc = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz|Benchmark)\w*)\(`)
	fence    = regexp.MustCompile("(?ms)^```.*?^```")
	heading  = regexp.MustCompile(`(?m)^#{1,6} (.*)$`)
)

// documents are README.md and all that is in docs, with the root they are in.
func documents(t *testing.T, root string) (list []string) {
	t.Helper()
	for _, pattern := range []string{"*.md", "docs/*.md", "docs/*/*.md"} {
		found, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, found...)
	}
	return list
}

// tests are the names of all tests of the module, and by file.
func tests(t *testing.T, root string) map[string]map[string]bool {
	t.Helper()
	all := map[string]map[string]bool{"": {}}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		b, err := os.ReadFile(path)
		all[path] = map[string]bool{}
		for _, m := range testFunc.FindAllStringSubmatch(string(b), -1) {
			all[path][m[1]], all[""][m[1]] = true, true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// anchors are the names that headings give a document, as GitHub makes them.
func anchors(text string) map[string]bool {
	names := make(map[string]bool)
	for _, m := range heading.FindAllStringSubmatch(fence.ReplaceAllString(text, ""), -1) {
		names[strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r):
				return unicode.ToLower(r)
			}
			return -1
		}, strings.TrimSpace(m[1]))] = true
	}
	return names
}

// wrong returns what is wrong with the links of one document.
func wrong(t *testing.T, root, path string, known map[string]map[string]bool) (list []string) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text := fence.ReplaceAllString(string(b), "")
	for _, m := range link.FindAllStringSubmatch(text, -1) {
		words, target := m[1], m[2]
		if strings.Contains(target, "://") || strings.HasPrefix(target, "mailto:") {
			continue
		}
		file, anchor, _ := strings.Cut(target, "#")
		at := path
		if file != "" {
			at = filepath.Join(filepath.Dir(path), file)
		}
		if _, err := os.Stat(at); err != nil {
			list = append(list, target+" does not exist")
			continue
		}
		if anchor != "" && strings.HasSuffix(at, ".md") {
			other, err := os.ReadFile(at)
			if err != nil || !anchors(string(other))[anchor] {
				list = append(list, target+" is no heading")
			}
		}
		if name := strings.Trim(words, "`"); testName.MatchString(name) && strings.HasSuffix(at, "_test.go") && !known[at][name] {
			list = append(list, name+" is not in "+target)
		}
	}
	for _, m := range code.FindAllStringSubmatch(text, -1) {
		switch name := m[1]; {
		case testName.MatchString(name) && !known[""][name]:
			list = append(list, "there is no test "+name)
		case testFile.MatchString(name) && known[filepath.Join(root, name)] == nil:
			list = append(list, "there is no "+name)
		}
	}
	return list
}

// TestLinks: what the documents point to exists, and the tests they name do.
func TestLinks(t *testing.T) {
	root := ".."
	known := tests(t, root)
	for _, path := range documents(t, root) {
		for _, what := range wrong(t, root, path, known) {
			t.Errorf("%s: %s", path, what)
		}
	}
}

// TestLinksAreLookedAt is the test of the test.
func TestLinksAreLookedAt(t *testing.T) {
	root := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(root, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	write("a_test.go", "package a\n\nfunc TestGood(t *testing.T) {}\n")
	for text, bad := range map[string]int{
		"[TestGood](a_test.go), `TestGood`, [x](https://example.org/none), [y](#a-head-1)\n## A head, 1!\n": 0,
		"[TestOther](a_test.go)":               1,
		"[`TestOther`](a_test.go)":             2, // not in the file, and nowhere
		"`TestGood` in `a_test.go`, TestRow":   0,
		"`TestGood` in `b_test.go`":            1,
		"[x](b_test.go)":                       1,
		"[x](a_test.go#frag), [y](#nowhere)":   1,
		"`TestOther` shows it":                 1,
		"```\n[x](none.go) TestOther\n```\nok": 0,
	} {
		if got := wrong(t, root, write("x.md", text), tests(t, root)); len(got) != bad {
			t.Errorf("%q: %q", text, got)
		}
	}
}
