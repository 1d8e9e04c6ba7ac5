package oracle

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"carehold/record/fhir"
	"carehold/record/fhir/validate"
)

// fault is one broken resource of a table.
type fault struct {
	line            int
	path, why, text string
}

// faults reads a table: three lines each, a blank one between, # begins a remark.
func faults(t *testing.T, file string) []fault {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var all []fault
	var lines []string
	for i, line := range append(strings.Split(string(b), "\n"), "") {
		switch {
		case strings.HasPrefix(line, "#"):
		case line != "":
			lines = append(lines, line)
		case len(lines) == 3:
			all = append(all, fault{i - 2, lines[0], lines[1], lines[2]})
			lines = nil
		case len(lines) > 0:
			t.Fatalf("%s:%d: %d lines and not 3", file, i, len(lines))
		}
	}
	return all
}

// ours is why the server does not take a resource, and where it says the fault is.
func ours(text string) (where []string, err error) {
	r, err := fhir.Parse([]byte(text), fhir.Limits{})
	if err != nil {
		return nil, err
	}
	issues := validate.Resource(r)
	for _, i := range issues {
		if i.Severity == "error" {
			where = append(where, i.Path)
			err = errors.Join(err, errors.New(i.Text))
		}
	}
	if validate.Errors(issues) != (err != nil) {
		return where, fmt.Errorf("Errors is %t of %v", err == nil, issues)
	}
	return where, err
}

// Both readers refuse each of the broken ones, and ours says where the fault is.
func TestBroken(t *testing.T) {
	all := faults(t, "testdata/broken.txt")
	for _, f := range all {
		if refusal([]byte(f.text)) == nil {
			t.Errorf("broken.txt:%d: %s: the oracle takes it", f.line, f.why)
		}
		f.weRefuse(t, "broken.txt")
	}
	if len(all) < 40 {
		t.Errorf("only %d broken resources", len(all))
	}
	t.Logf("%d broken resources, refused by both", len(all))
}

// What only we refuse, the oracle still takes: else it belongs with the others.
func TestLenient(t *testing.T) {
	all := faults(t, "testdata/lenient.txt")
	for _, f := range all {
		if err := refusal([]byte(f.text)); err != nil {
			t.Errorf("lenient.txt:%d: %s: the oracle refuses it too: %v", f.line, f.why, err)
		}
		f.weRefuse(t, "lenient.txt")
	}
	t.Logf("%d broken resources that the oracle takes", len(all))
}

func (f fault) weRefuse(t *testing.T, file string) {
	t.Helper()
	where, err := ours(f.text)
	switch {
	case err == nil:
		t.Errorf("%s:%d: %s: we take it", file, f.line, f.why)
	case f.path == "-":
		if where != nil {
			t.Errorf("%s:%d: %s: refused at %q, and not before", file, f.line, f.why, where)
		}
	case !slices.Contains(where, f.path):
		t.Errorf("%s:%d: %s: refused at %q, want %s: %v", file, f.line, f.why, where, f.path, err)
	}
}
