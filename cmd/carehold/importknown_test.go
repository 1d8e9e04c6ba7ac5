package main

import (
	"testing"

	"carehold/record/change"
	"carehold/record/fhir"
)

func parsed(t *testing.T, text string) *fhir.Resource {
	t.Helper()
	r, err := fhir.Parse([]byte(text), fhir.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// What says the same is the same whatever it is called; what says something else, or
// leads somewhere else, is another.
func TestSame(t *testing.T) {
	here := func(ref string) (string, bool) { return ref, true }
	one := parsed(t, `{"resourceType":"MedicationRequest","id":"a","meta":{"versionId":"3"},"status":"active","subject":{"reference":"Patient/me"},"encounter":{"reference":"Encounter/e"},"medicationReference":{"reference":"Medication/m"},"requester":{"reference":"Practitioner/p","display":"Dr Okafor"}}`)
	want, ok := contentKey(one, here)
	if !ok {
		t.Fatal("it has none")
	}
	for text, same := range map[string]bool{
		// another name, another order, white space, another visit, who is named leads elsewhere
		`{"resourceType":"MedicationRequest","id":"b","subject":{"reference":"urn:uuid:1"}, "requester":{"reference":"urn:uuid:2","display":"Dr Okafor"},"medicationReference":{"reference":"Medication/m"},"encounter":{"reference":"Encounter/x"},"status":"active"}`: true,
		`{"resourceType":"MedicationRequest","status":"stopped","subject":{"reference":"Patient/me"},"encounter":{"reference":"Encounter/e"},"medicationReference":{"reference":"Medication/m"},"requester":{"reference":"Practitioner/p","display":"Dr Okafor"}}`:      false,
		`{"resourceType":"MedicationRequest","status":"active","subject":{"reference":"Patient/me"},"encounter":{"reference":"Encounter/e"},"medicationReference":{"reference":"Medication/n"},"requester":{"reference":"Practitioner/p","display":"Dr Okafor"}}`:       false,
		`{"resourceType":"MedicationRequest","status":"active","subject":{"reference":"Patient/me"},"encounter":{"reference":"Encounter/e"},"medicationReference":{"reference":"Medication/m"},"requester":{"reference":"Practitioner/p","display":"Dr Other"}}`:        false,
		`{"resourceType":"MedicationStatement","status":"active","subject":{"reference":"Patient/me"},"encounter":{"reference":"Encounter/e"},"medicationReference":{"reference":"Medication/m"},"requester":{"reference":"Practitioner/p","display":"Dr Okafor"}}`:     false,
	} {
		if got, ok := contentKey(parsed(t, text), here); ok && (got == want) != same {
			t.Errorf("%v: %s", !same, text)
		}
	}
	// Where nobody knows what it leads to, nobody knows what it says.
	if _, ok := contentKey(one, func(string) (string, bool) { return "", false }); ok {
		t.Error("of an order of an unknown medicine it is said what it is")
	}
	// Nothing at all is not the same as nothing at all.
	if _, ok := contentKey(parsed(t, `{"resourceType":"Observation","id":"x","meta":{"versionId":"1"}}`), here); ok {
		t.Error("an empty entry has a content")
	}
	// A summary adds what its standard asks for, and takes nothing away.
	short := members(parsed(t, `{"resourceType":"Procedure","status":"completed","subject":{"reference":"Patient/a"}}`), anywhere)
	long := members(parsed(t, `{"resourceType":"Procedure","status":"completed","subject":{"reference":"Patient/b"},"code":{"text":"x"}}`), anywhere)
	if !within(short, long) || within(long, short) || within(nil, long) {
		t.Error("more is less")
	}
}

// The cover of a summary is its Composition, and who made it if nobody else speaks of
// them.
func TestWithoutCover(t *testing.T) {
	entry := func(text string) change.Change {
		r := parsed(t, text)
		return change.Change{Ref: fhir.Ref{Type: r.Type(), ID: r.ID()}, Resource: r}
	}
	list := []change.Change{
		entry(`{"resourceType":"Composition","id":"c","author":[{"reference":"Device/maker"},{"reference":"Device/pump"}],"section":[{"entry":[{"reference":"Observation/o"}]}]}`),
		entry(`{"resourceType":"Device","id":"maker"}`),
		entry(`{"resourceType":"Device","id":"pump"}`),
		entry(`{"resourceType":"Device","id":"other"}`),
		entry(`{"resourceType":"Observation","id":"o","device":{"reference":"Device/pump"}}`),
	}
	r := imported{Ignored: map[string]int{}}
	got := ""
	for _, c := range withoutCover(list, &r) {
		got += c.Ref.String() + " "
	}
	if got != "Device/pump Device/other Observation/o " || r.Ignored[madeAnew] != 2 {
		t.Errorf("%s%v", got, r.Ignored)
	}
}
