package fhirpath

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"carehold/record/fhir"
	"carehold/record/fhir/r4"
	"carehold/record/testdata"
)

// definitions are all expressions of HL7's own files: those of search parameters
// and their components, and those of constraints.
func definitions(t testing.TB) (search, constraints []string) {
	t.Helper()
	dir := testdata.Dir(t, "r4-definitions")
	seen := map[string]bool{}
	add := func(to *[]string, text string) {
		if text != "" && !seen[text] {
			seen[text] = true
			*to = append(*to, text)
		}
	}
	var find func(v any)
	find = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			if key, _ := v["key"].(string); key != "" {
				text, _ := v["expression"].(string)
				add(&constraints, text)
			}
			for _, m := range v {
				find(m)
			}
		case []any:
			for _, m := range v {
				find(m)
			}
		}
	}
	lines(t, filepath.Join(dir, "search-parameters.ndjson"), func(line []byte) {
		var p struct {
			Expression string
			Component  []struct{ Expression string }
		}
		if err := json.Unmarshal(line, &p); err != nil {
			t.Fatal(err)
		}
		add(&search, p.Expression)
		for _, c := range p.Component {
			add(&search, c.Expression)
		}
	})
	lines(t, filepath.Join(dir, "structures.ndjson"), func(line []byte) {
		var v any
		if err := json.Unmarshal(line, &v); err != nil {
			t.Fatal(err)
		}
		find(v)
	})
	return search, constraints
}

func lines(t testing.TB, name string, f func(line []byte)) {
	t.Helper()
	file, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	in := bufio.NewScanner(file)
	in.Buffer(nil, 1<<24)
	for in.Scan() {
		f(in.Bytes())
	}
	if err := in.Err(); err != nil {
		t.Fatal(err)
	}
}

func examples(t testing.TB) map[string]*fhir.Resource {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(testdata.Dir(t, "r4-examples"), "*.json"))
	if err != nil || len(names) == 0 {
		t.Fatalf("no examples: %v", err)
	}
	all := make(map[string]*fhir.Resource, len(names))
	for _, name := range names {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		r, err := fhir.Parse(raw, fhir.Limits{})
		if err != nil {
			t.Fatalf("%s: %v", filepath.Base(name), err)
		}
		all[filepath.Base(name)] = r
	}
	return all
}

func TestEveryDefinitionCompiles(t *testing.T) {
	search, constraints := definitions(t)
	if len(search) < 1300 || len(constraints) < 180 {
		t.Fatalf("%d and %d expressions: the definitions are not all there", len(search), len(constraints))
	}
	for _, text := range append(search, constraints...) {
		if _, err := Compile(text); err != nil {
			t.Errorf("%v", err)
		}
	}
}

// Whatever expression on whatever resource: also one that was written for another
// type must give nothing, and no error.
func TestEverySearchExpressionOnEveryExample(t *testing.T) {
	search, _ := definitions(t)
	all := make([]*Expr, len(search))
	for i, text := range search {
		all[i] = MustCompile(text)
	}
	found := 0
	for name, r := range examples(t) {
		for _, e := range all {
			values, err := e.Eval(Root(r))
			if err != nil {
				t.Errorf("%s: %s: %v", name, e, err)
			}
			found += len(values)
		}
	}
	if found < 5000 {
		t.Errorf("%d values were found", found)
	}
}

// constraintsOf calls f with each constraint that holds for a value and what is
// in it, as the definitions say where it holds.
func constraintsOf(t *testing.T, v Value, f func(v Value, c r4.Constraint)) {
	t.Helper()
	for _, c := range v.t.Constraints {
		f(v, c)
	}
	children, err := MustCompile("children()").Eval(v)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range children {
		node := x.Node
		if node.Parent().Kind() == '[' {
			node = node.Parent()
		}
		name := node.Name()
		if name[0] == '_' {
			name = name[1:]
		}
		e, _, ok := v.t.Member(name)
		if !ok {
			t.Fatalf("%s has no %s", v.Type, name)
		}
		for _, c := range e.Constraints {
			f(x, c)
		}
		constraintsOf(t, x, f)
	}
}

// blankNarratives are HL7's own examples with an empty <div>, which txt-2 forbids.
var blankNarratives = map[string]bool{
	"ActivityDefinition-blood-tubes-supply.json":        true,
	"ActivityDefinition-heart-valve-replacement.json":   true,
	"Questionnaire-zika-virus-exposure-assessment.json": true,
}

func TestEveryConstraintOfEveryExample(t *testing.T) {
	compiled := map[string]*Expr{}
	evaluated, keys := 0, map[string]int{}
	for name, r := range examples(t) {
		constraintsOf(t, Root(r), func(v Value, c r4.Constraint) {
			e := compiled[c.Expression]
			if e == nil {
				e = MustCompile(c.Expression)
				compiled[c.Expression] = e
			}
			ok, err := e.True(v)
			if err != nil {
				t.Errorf("%s: %s: %s: %s: %v", name, v.Node.Path(), c.Key, e, err)
			}
			evaluated++
			keys[c.Key]++
			if blank := c.Expression == "htmlChecks()" && blankNarratives[name]; ok == blank {
				t.Errorf("%s: %s: %s is %v: %s", name, v.Node.Path(), c.Key, ok, e)
			}
		})
	}
	if evaluated < 5000 || len(keys) < 100 {
		t.Errorf("only %d constraints of %d keys were evaluated", evaluated, len(keys))
	}
}
