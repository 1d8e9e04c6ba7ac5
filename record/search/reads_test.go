package search

import (
	"slices"
	"strings"
	"testing"
)

func TestReads(t *testing.T) {
	for _, c := range []struct {
		typ, text string
		want      []string
	}{
		{"Observation", "code=x&_sort=-date", []string{"Observation"}},
		{"Observation", "subject=Patient/1&subject:identifier=x", []string{"Observation"}},
		{"Observation", "subject:Patient.name=x", []string{"Observation", "Patient"}},
		{"Observation", "encounter.class=x", []string{"Encounter", "Observation"}},
		{"Patient", "_has:Observation:patient:code=x&_has:Condition:patient:code=y", []string{"Condition", "Observation", "Patient"}},
		{"Patient", "_revinclude=Observation:subject", []string{"Observation", "Patient"}},
		{"Observation", "_include=Observation:subject:Patient", []string{"Observation", "Patient"}},
		{"Observation", "_include=Observation:subject", []string{"Device", "Group", "Location", "Observation", "Patient"}},
		{"DiagnosticReport", "_include=*", nil},
		{"DiagnosticReport", "_include=DiagnosticReport:assessed-condition", nil}, // the definition says no target
		{"Observation", "subject=p", []string{"Observation"}},
		{"", "_type=Observation,Condition&_id=1", []string{"Condition", "Observation"}},
		{"", "_id=1", nil},
	} {
		q, err := Parse(c.typ, c.text, Options{Strict: true})
		if err != nil {
			t.Errorf("%s?%s: %v", c.typ, c.text, err)
			continue
		}
		if got := q.Reads(); !slices.Equal(got, c.want) {
			t.Errorf("%s?%s looks at %v, want %v", c.typ, c.text, got, c.want)
		}
	}
}

// Only a search that looks at nothing else is answered by looking ids up.
func TestIDs(t *testing.T) {
	for text, want := range map[string]string{
		"_id=b,a":                            "a b",
		"_id=a&code=x&_sort=-date&subject=p": "a",
		"_id=a&_id=b":                        "b",
		"_id:not=a":                          "-",
		"_id:not=a&_id=b":                    "b",
		"code=x":                             "-",
		"_id=a&encounter.identifier=x":       "-",
		"_id=a&_has:Observation:has-member:code=x": "-",
		"_id=a&_include=Observation:encounter":     "-",
		"_id=a&_revinclude=Observation:has-member": "-",
	} {
		q, err := Parse("Observation", text, Options{})
		if err != nil {
			t.Fatal(err)
		}
		got := "-"
		if _, ids, only := q.IDs(); only {
			got = strings.Join(ids, " ")
		}
		if got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}
