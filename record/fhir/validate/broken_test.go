package validate_test

import (
	"os"
	"strings"
	"testing"

	"carehold/record/fhir"
	"carehold/record/fhir/validate"
)

// brokenCase is one idea of testdata/broken.txt or rules.txt.
type brokenCase struct{ what, path, code, severity, also, raw string }

func brokenCases(t testing.TB, file string) []brokenCase {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var out []brokenCase
	for line := range strings.Lines(string(b)) {
		line = strings.TrimSuffix(line, "\n")
		last := len(out) - 1
		switch {
		case line == "" || line[0] == '#':
		case strings.HasPrefix(line, "== "):
			out = append(out, brokenCase{what: line[3:], severity: validate.Error})
		case line[0] == '{':
			out[last].raw = line
		default:
			f := strings.Fields(line)
			out[last].path, out[last].code = f[0], f[1]
			for _, x := range f[2:] {
				if also, ok := strings.CutPrefix(x, "also:"); ok {
					out[last].also = also
				} else {
					out[last].severity = x
				}
			}
		}
	}
	return out
}

func parse(t testing.TB, raw string) *fhir.Resource {
	t.Helper()
	r, err := fhir.Parse([]byte(raw), fhir.Limits{})
	if err != nil {
		t.Fatalf("%s: %v", raw, err)
	}
	return r
}

// Each broken resource has the issue that the table demands, and no other error:
// one idea each.
func TestBroken(t *testing.T) {
	for _, c := range brokenCases(t, "testdata/broken.txt") {
		c.check(t, "")
	}
}

// Each rule of R4's definitions has a resource that breaks it.
func TestRules(t *testing.T) {
	tried := map[string]bool{
		"eld-11": true,                // never broken: type.select(…).exists() is true whatever select gives
		"tst-4":  true,                // never broken: required and validated are mandatory, and exists() is true of false
		"txt-1":  true, "txt-2": true, // in broken.txt
	}
	for _, c := range brokenCases(t, "testdata/rules.txt") {
		key, _, _ := strings.Cut(c.what, " ")
		tried[key] = true
		c.check(t, key)
	}
	for _, key := range constraintKeys(t) {
		if !tried[key] {
			t.Errorf("no resource of testdata/rules.txt breaks %s", key)
		}
	}
}

func (c brokenCase) check(t *testing.T, key string) {
	t.Helper()
	issues := validate.Resource(parse(t, c.raw))
	found := false
	for _, i := range issues {
		switch {
		case i.Path == c.path && i.Code == c.code && i.Severity == c.severity && strings.Contains(i.Text, key):
			found = true
		case i.Severity == validate.Error && i.Path != c.also:
			t.Errorf("%s: also %+v", c.what, i)
		}
		if !strings.HasPrefix(i.Text, i.Path+" ") {
			t.Errorf("%s: the text %q does not begin with the path %s", c.what, i.Text, i.Path)
		}
	}
	if !found {
		t.Errorf("%s: no %s %s at %s, but %+v", c.what, c.severity, c.code, c.path, issues)
	}
}
