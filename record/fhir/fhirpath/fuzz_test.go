package fhirpath

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"carehold/record"
	"carehold/record/fhir"
	"carehold/record/fhir/r4"
)

// tables are all expressions of R4, as they are in our own tables.
func tables() []string {
	var all []string
	for _, typ := range r4.ResourceTypes() {
		for _, p := range r4.Params(typ) {
			all = append(all, p.Expression)
			for _, c := range p.Components {
				all = append(all, c.Expression)
			}
		}
	}
	for _, text := range everyConstraint() {
		all = append(all, text)
	}
	slices.Sort(all)
	all = slices.Compact(all)
	return slices.DeleteFunc(all, func(s string) bool { return s == "" })
}

// may fails for an error that an evaluation must not have.
func may(t *testing.T, e *Expr, err error) {
	if err != nil && !errors.Is(err, record.TooLarge) && !errors.Is(err, record.Unprocessed) {
		t.Errorf("%s: %v", e, err)
	}
}

// FuzzCompile: whatever the text, there is an expression or an error; what
// compiles can be evaluated, and gives the same twice.
func FuzzCompile(f *testing.F) {
	for _, text := range tables() {
		f.Add(text)
	}
	f.Add("(a.b[0] as Quantity) | c.where($index < 1 and $this is string).select(-1 + 2 * 3 div 4 mod 5 / 6 & `x`)")
	f.Add("iif({} contains %resource.x, matches('a'), replaceMatches('\\u0041', '')).intersect(%ucum)")
	resources := []Value{}
	for _, text := range []string{anna, bloodPressure, holder} {
		r, err := fhir.Parse([]byte(text), fhir.Limits{})
		if err != nil {
			f.Fatal(err)
		}
		resources = append(resources, Root(r))
	}
	f.Fuzz(func(t *testing.T, text string) {
		e, err := Compile(text)
		if err != nil {
			if !errors.Is(err, record.Invalid) {
				t.Errorf("%v", err)
			}
			return
		}
		for _, ctx := range resources {
			a, err := e.Eval(ctx)
			may(t, e, err)
			b, again := e.Eval(ctx)
			if (err == nil) != (again == nil) || err == nil && show(a) != show(b) {
				t.Errorf("%s is %q, then %q", text, show(a), show(b))
			}
		}
	})
}

// FuzzEval: any resource with any expression of R4's. Laws of N1 hold of what is
// found, whatever that is.
func FuzzEval(f *testing.F) {
	all := tables()
	compiled := make([]*Expr, len(all))
	laws := make([][]*Expr, len(all))
	for i, text := range all {
		compiled[i] = MustCompile(text)
		if len(text) > 500 {
			continue
		}
		for _, law := range []string{
			"(X).exists() = (X).empty().not()",
			"(X).exists() = ((X).count() > 0)",
			"(X).isDistinct() = ((X).count() = (X).distinct().count())",
			"((X) | (X)).count() = (X).distinct().count()",
			"(X).combine(X).count() = (X).count() + (X).count()",
			"(X).where(true).count() = (X).count()",
			"(X).tail().count() = iif((X).exists(), (X).count() - 1, 0)",
			"(X).exclude(X).all(hasValue().not())", // what has no value is not even equal to itself
		} {
			laws[i] = append(laws[i], MustCompile(strings.ReplaceAll(law, "X", text)))
		}
	}
	for i, text := range []string{anna, bloodPressure, holder} {
		for k := range 40 {
			f.Add([]byte(text), uint16(i+k*37))
		}
	}
	if table, err := os.ReadFile("testdata/constraints.txt"); err == nil {
		n := uint16(0)
		for line := range strings.Lines(string(table)) {
			if strings.HasPrefix(line, "+ {") {
				f.Add([]byte(`{"resourceType":"Observation",`+line[3:]), n)
				n += 7
			}
		}
	}
	f.Fuzz(func(t *testing.T, raw []byte, n uint16) {
		r, err := fhir.Parse(raw, fhir.Limits{Values: 5000})
		if err != nil {
			return
		}
		i := int(n) % len(compiled)
		_, err = compiled[i].Eval(Root(r))
		may(t, compiled[i], err)
		if err != nil {
			return
		}
		for _, law := range laws[i] {
			values, err := law.Eval(Root(r))
			may(t, law, err)
			if err == nil && show(values) != "true" {
				t.Errorf("%s is %q", law, show(values))
			}
		}
	})
}
