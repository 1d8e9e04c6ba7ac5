package search

import (
	"carehold/record"
	"carehold/record/fhir"
	"carehold/record/fhir/r4"
)

// compartmentTest holds for what is in a patient's compartment: what one of the
// parameters that R4 lists for its type points to the patient with, and the
// patient.
type compartmentTest struct {
	places  []int
	patient referencesTest
	self    bool
	ref     fhir.Ref
}

// Within keeps a search to a compartment, as /Patient/x/Observation does (FHIR R4
// §3.1.1.2). Of R4's compartments the patient's is the one that is known.
func (q *Query) Within(compartment fhir.Ref) error {
	if compartment.Type != "Patient" {
		return record.Errorf(record.Invalid, "a compartment of %s cannot be searched: that of a Patient can", compartment.Type)
	}
	c := condition{name: "Patient compartment", tests: map[string]asked{}}
	patient := referencesTest{q.base, []referenceSought{{typ: "Patient", id: compartment.ID}}}
	for _, typ := range q.searched() {
		t := compartmentTest{patient: patient, self: typ == "Patient", ref: compartment}
		for _, code := range r4.PatientCompartment(typ) {
			if p := Place(typ, code); p >= 0 {
				t.places = append(t.places, p)
			}
		}
		switch {
		case len(t.places) > 0 || t.self:
			c.tests[typ] = asked{place: -1, test: t}
		case q.Types != nil:
			return record.Errorf(record.Invalid, "%s is in no patient's compartment: search for it outside of one", typ)
		}
	}
	q.conditions = append(q.conditions, c)
	q.order()
	return nil
}

func (compartmentTest) cost() int { return costReference }

func (t compartmentTest) holds(e *Entry, _ Values) bool {
	if t.self && e.Ref == t.ref {
		return true
	}
	for _, p := range t.places {
		if t.patient.holds(e, Lookup(e.Index, p)) {
			return true
		}
	}
	return false
}
