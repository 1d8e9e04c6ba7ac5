package search

import (
	"fmt"
	"testing"
)

// TestFollows is by hand, from R4's definitions: what each search looks at beside what
// it searches.
func TestFollows(t *testing.T) {
	for _, c := range []struct{ typ, text, want string }{
		{"Observation", "code=x&_sort=date", "[]"},
		{"Observation", "subject=Patient/1&subject:missing=false", "[]"},
		// its definition names Group, its expression keeps "where(resolve() is Patient)"
		{"Observation", "patient.identifier=1", "[{patient.identifier false [Patient]}]"},
		{"Observation", "_include=Observation:patient", "[{_include true [Patient]}]"},
		// Device has no name like the others' … but device-name; Group, Location, Patient have identifiers
		{"Observation", "subject.identifier=1", "[{subject.identifier false [Device Group Location Patient]}]"},
		{"Observation", "subject:Patient.family=x&encounter.class=AMB", "[{subject:Patient.family false [Patient]} {encounter.class false [Encounter]}]"},
		{"Patient", "_has:Observation:patient:code=x", "[{_has:Observation:patient:code false [Observation]}]"},
		{"Observation", "_include=Observation:subject:Device", "[{_include true [Device]}]"},
		{"Patient", "_revinclude=Observation:patient&_revinclude=Condition:patient", "[{_revinclude true [Observation]} {_revinclude true [Condition]}]"},
	} {
		q, err := Parse(c.typ, c.text, Options{})
		if err != nil {
			t.Fatal(c.text, err)
		}
		if got := fmt.Sprint(q.Follows()); got != c.want {
			t.Errorf("%s?%s: %s, want %s", c.typ, c.text, got, c.want)
		}
	}
	// Any type: Provenance.target.
	q, err := Parse("Provenance", "_include=Provenance:target", Options{})
	if err != nil {
		t.Fatal(err)
	}
	if n := len(q.Follows()[0].Types); n != 145 { // as its definition lists them: all of R4 but Parameters
		t.Errorf("a reference to anything leads to %d types", n)
	}
}
