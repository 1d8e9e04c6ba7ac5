package fhirpath

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"carehold/record"
)

func TestCompileRefuses(t *testing.T) {
	for text, why := range map[string]string{
		"":                               "ends too early",
		"a.":                             "ends too early",
		"a b":                            `"b" is not expected`,
		"a..b":                           `"." is not expected`,
		"(a":                             "ends too early",
		"a)":                             `")" is not expected`,
		"a[0":                            "ends too early",
		"'a":                             "has no end",
		"'a\\":                           "has no end",
		"'\\u00'":                        "four hexadecimal digits",
		"'\\ud800'":                      "four hexadecimal digits",
		"/* a":                           "has no end",
		"a.b(":                           "not supported",
		"a.exists(b":                     "ends too early",
		"a.exists(b,)":                   `")" is not expected`,
		"a.exists(b, c)":                 "takes 0 to 1 arguments",
		"a.startsWith()":                 "takes 1 to 1 arguments",
		"a is Nothing":                   "is no type",
		"a as System.Patient":            "is no type",
		"a.ofType()":                     `")" is not expected`,
		"a.is('b')":                      "is not expected",
		"%nothing":                       "%nothing is not supported",
		"$total":                         "$total is not supported",
		"a.$this":                        "behind a dot",
		"matches(a)":                     "written out",
		"matches('(')":                   "the pattern",
		"extension(a)":                   "written out",
		"a ~ b":                          "not supported",
		"@2012":                          "not supported",
		"5 'mg'":                         "is not expected",
		"a.repeat(b)":                    "repeat is not supported",
		"now()":                          "now is not supported",
		"a & é":                          "not supported",
		strings.Repeat("(", 5000) + "a":  "deeper than",
		strings.Repeat("a.exists(", 200): "deeper than",
		strings.Repeat("a", 1<<17):       "longer than",
	} {
		_, err := Compile(text)
		if err == nil || !errors.Is(err, record.Invalid) || !strings.Contains(err.Error(), why) {
			t.Errorf("%.40s: %v; want %q", text, err, why)
		}
	}
}

func TestMustCompilePanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	MustCompile("(")
}

// An expression is shared by all who search and validate. (Run with -race.)
func TestSeveralAtOnce(t *testing.T) {
	e := MustCompile("Patient.name.where(use = 'usual').given | Observation.component.value | Bundle.entry.resource.id | Resource.id")
	resources := []string{anna, bloodPressure, holder}
	want := []string{"Anni, Maria, p", "Observation.component[0].valueQuantity, Observation.component[1].valueQuantity, bp-1", "1, m"}
	var all sync.WaitGroup
	for g := range 8 {
		ctx := Root(mustParse(t, resources[g%3]))
		all.Go(func() {
			for range 200 {
				if got, err := e.Eval(ctx); err != nil || show(got) != want[g%3] {
					t.Errorf("%q, %v; want %q", show(got), err, want[g%3])
					return
				}
			}
		})
	}
	all.Wait()
}

// What lies in the pool between two evaluations must not keep a resource.
func TestNothingIsKept(t *testing.T) {
	s := begin(Root(mustParse(t, anna)), 1)
	e := MustCompile("name.select(given | %resource.telecom.where(system = 'email').value).where($index > 0)")
	s.memo = make([]memory, e.memos)
	this := append(s.take(), s.ctx)
	if _, err := e.root.eval(s, frame{this: this}, nil); err != nil {
		t.Fatal(err)
	}
	s.give(this)
	spare, memo := s.spare, s.memo
	s.done()
	if s.ctx.Node.Valid() {
		t.Error("the context is kept")
	}
	for _, c := range spare {
		for _, v := range c[:cap(c)] {
			if v != (Value{}) {
				t.Errorf("%s is kept", v.Node.Path())
			}
		}
	}
	for _, m := range memo {
		if m.known || m.values != nil {
			t.Error("a memo is kept")
		}
	}
}
