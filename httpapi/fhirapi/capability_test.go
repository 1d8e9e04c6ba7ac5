package fhirapi

import (
	"strings"
	"testing"

	"carehold/record/fhir/r4"
	"carehold/record/search"
)

// What the CapabilityStatement says of a type of parameter is what search takes.
func TestHow(t *testing.T) {
	all := []string{"missing", "exact", "contains", "text", "not", "of-type", "identifier", "Patient", "above", "below"}
	for kind, example := range map[string][2]string{
		"number":    {"RiskAssessment?probability", "1"},
		"date":      {"Observation?date", "2020"},
		"quantity":  {"Observation?value-quantity", "1"},
		"string":    {"Patient?family", "x"},
		"token":     {"Patient?identifier", "a|b|c"},
		"reference": {"Observation?subject", "x"},
		"uri":       {"ValueSet?url", "http://x.example"},
		"composite": {"Observation?code-value-quantity", "x$1"},
		// Of tokens by what they look at, and _id, which is none like the others.
		"token, a concept": {"Observation?code", "a|b|c"},
		"token, a code":    {"Observation?status", "a|b|c"},
		"token, a coding":  {"Patient?_security", "a|b|c"},
		"token, _id":       {"Patient?_id", "x"},
		"date, of all":     {"Patient?_lastUpdated", "2020"},
	} {
		typ, code, _ := strings.Cut(example[0], "?")
		def, ok := r4.LookupParam(typ, code)
		if !ok {
			t.Fatal(example[0])
		}
		said := saidWith(typ, def)
		for _, modifier := range all {
			value := example[1]
			switch {
			case modifier == "missing":
				value = "true"
			case def.Type == "token" && (modifier == "text" || modifier == "not"), modifier == "identifier":
				value = "x"
			}
			_, err := search.Parse(typ, code+":"+modifier+"="+value, search.Options{})
			claimed := strings.Contains(said, ":"+modifier) || modifier == "Patient" && strings.Contains(said, ":[type]")
			if claimed != (err == nil) {
				t.Errorf("%s:%s is claimed: %v; search says %v", kind, modifier, claimed, err)
			}
		}
	}
	if _, err := search.Parse("Observation", "code-value-quantity=x$gt1", search.Options{}); err != nil || !strings.Contains(how["composite"], "prefixes") {
		t.Errorf("prefixes in a composite: %v", err)
	}
}
