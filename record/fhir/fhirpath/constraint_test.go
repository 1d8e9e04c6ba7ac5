package fhirpath

import (
	"os"
	"strings"
	"testing"

	"carehold/record/fhir/r4"
)

// everyConstraint is the expressions of R4's tables: "key type" where it is the
// type's own, and "key" alone for each.
func everyConstraint() map[string]string {
	all := map[string]string{}
	seen := map[string]bool{}
	var add func(name string)
	add = func(name string) {
		t, ok := r4.Lookup(name)
		if !ok || seen[name] {
			return
		}
		seen[name] = true
		for _, c := range t.Constraints {
			all[c.Key+" "+name], all[c.Key] = c.Expression, c.Expression
		}
		for _, e := range t.Elements {
			for _, c := range e.Constraints {
				all[c.Key+" "+name+"."+e.Name], all[c.Key] = c.Expression, c.Expression
			}
			for _, ref := range e.Types {
				add(ref.Code)
			}
		}
	}
	for _, name := range r4.ResourceTypes() {
		add(name)
	}
	return all
}

// place makes the value that a line of the table is about.
func place(t *testing.T, at, text string) Value {
	t.Helper()
	path, deep := strings.CutPrefix(at, "@")
	name, _, _ := strings.Cut(path, ".")
	typ, ok := r4.Lookup(name)
	if !ok {
		t.Fatalf("%s is no type", at)
	}
	if typ.Kind == r4.Resource && (deep || name == path) {
		root := Root(mustParse(t, `{"resourceType":"`+name+`",`+text[1:]))
		if !deep {
			return root
		}
		found, err := MustCompile(path).Eval(root)
		if err != nil || len(found) != 1 {
			t.Fatalf("%s of %s: %d, %v", path, text, len(found), err)
		}
		return found[0]
	}
	r := mustParse(t, `{"resourceType":"Basic","contained":[{"resourceType":"Patient","id":"p"}],"x":`+text+`}`)
	if _, ok := r4.Lookup(path); !ok {
		t.Fatalf("%s is no type", path)
	}
	return Element(r.Root().Get("x"), path)
}

// unbreakable is a constraint that nothing breaks: it asks whether there is an
// answer to a question that always has one.
const unbreakable = "eld-11"

func TestConstraints(t *testing.T) {
	table, err := os.ReadFile("testdata/constraints.txt")
	if err != nil {
		t.Fatal(err)
	}
	expressions := everyConstraint()
	count := map[string]map[byte]int{} // of a key, the lines of each sign
	var key, at string
	for line := range strings.Lines(string(table)) {
		line = strings.TrimSpace(line)
		if line[0] == '#' {
			continue
		}
		if !strings.Contains("+-?", line[:1]) {
			key, at, _ = strings.Cut(line, " ")
			if count[key] == nil {
				count[key] = map[byte]int{}
			}
			continue
		}
		text := expressions[key+" "+strings.TrimPrefix(at, "@")]
		if text == "" {
			text = expressions[key]
		}
		e, v := MustCompile(text), place(t, at, line[2:])
		got, err := e.Eval(v)
		if want := map[byte]string{'+': "true", '-': "false"}[line[0]]; err != nil || show(got) != want {
			t.Errorf("%s (%s) is %q, %v, of %s", key, text, show(got), err, line[2:])
		}
		if is, err := e.True(v); err != nil || is != (line[0] != '-') {
			t.Errorf("%s (%s) is %v, %v, of %s", key, text, is, err, line[2:])
		}
		count[key][line[0]]++
	}
	for key := range expressions {
		if key, _, own := strings.Cut(key, " "); !own && (count[key]['+'] == 0 || count[key]['-'] == 0 && key != unbreakable) {
			t.Errorf("%s has %d and %d lines in the table", key, count[key]['+'], count[key]['-'])
		}
	}
}
