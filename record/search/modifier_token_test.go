package search

import (
	"slices"
	"testing"

	"carehold/record/fhir/r4"
)

// TestFittingModifiers asks every token parameter of R4 for what it looks at: an
// element that is found by no path has no modifier refused by mistake.
func TestFittingModifiers(t *testing.T) {
	for _, typ := range r4.ResourceTypes() {
		for _, def := range r4.Params(typ) {
			if def.Type != "token" || def.Expression == "" || def.Code == "_id" || typ == "Patient" && def.Code == "deceased" {
				continue
			}
			if len(planOf(typ).finds(typ, def.Code)) == 0 {
				t.Errorf("%s.%s looks at nothing that a path leads to: %s", typ, def.Code, def.Expression)
			}
		}
	}
	// By hand, of each sort.
	for _, c := range []struct{ typ, code, element string }{
		{"Observation", "code", "CodeableConcept"}, {"Observation", "status", "code"}, {"Patient", "_security", "Coding"},
		{"Patient", "active", "boolean"}, {"Patient", "phone", "ContactPoint"}, {"Patient", "identifier", "Identifier"},
	} {
		if found := planOf(c.typ).finds(c.typ, c.code); !slices.Contains(found, c.element) {
			t.Errorf("%s.%s looks at %v, and not at %s", c.typ, c.code, found, c.element)
		}
	}
}
