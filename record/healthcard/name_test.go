package healthcard_test

import (
	"strings"
	"testing"

	"carehold/record/fhir"
)

// named are the names of a bundle's entries.
func named(t *testing.T, b *fhir.Resource, err error) (urls []string) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	for e := range b.Root().Get("entry").All() {
		urls = append(urls, e.Get("fullUrl").Text())
	}
	return urls
}

// An entry is what it says and who says so: in another card of the issuer, in another
// place of it, or where somebody changed what is around it, it is the same one; what says
// something else is another.
func TestNames(t *testing.T) {
	i := newIssuer(t)
	names := func(issuer string, entries ...string) []string {
		b, err := one(t, i.sign(t, strings.Replace(payload(`{"resourceType":"Bundle","type":"collection","entry":[`+strings.Join(entries, ",")+`]}`, "", ""), iss, issuer, 1))).Bundle()
		return named(t, b, err)
	}
	at := func(n, resource string) string { return `{"fullUrl":"resource:` + n + `","resource":` + resource + `}` }
	const (
		pat    = `{"resourceType":"Patient","name":[{"family":"Anyperson"}]}`
		patNow = `{"resourceType":"Patient","name":[{"family":"Otherperson"}]}`
		flu    = `{"resourceType":"Immunization","vaccineCode":{"text":"flu"},"patient":{"reference":"resource:0"}}`
		flu9   = `{"resourceType":"Immunization","vaccineCode":{"text":"flu"},"patient":{"reference":"resource:9"}}`
		tetan  = `{"resourceType":"Immunization","vaccineCode":{"text":"tetanus"},"patient":{"reference":"resource:0"}}`
		given  = `{"resourceType":"MedicationAdministration","medicationReference":{"reference":"resource:2"},"subject":{"reference":"resource:0"}}`
		pillA  = `{"resourceType":"Medication","code":{"text":"a"}}`
		pillB  = `{"resourceType":"Medication","code":{"text":"b"}}`
	)
	card := names(iss, at("0", pat), at("1", flu), at("2", tetan))
	// Signed anew, with one more, in another order, the person written in another way.
	next := names(iss, at("1", tetan), at("2", pillA), at("9", patNow), at("3", flu9), at("0", pat))
	if next[3] != card[1] || next[0] != card[2] || next[4] != card[0] || next[2] == card[0] {
		t.Errorf("%q and %q", card, next)
	}
	if other := names("https://other.example/issuer", at("0", pat), at("1", flu)); other[1] == card[1] {
		t.Error("another issuer's entry is the same")
	}
	// What it points to is part of what it says.
	a, b := names(iss, at("0", pat), at("1", given), at("2", pillA)), names(iss, at("0", pat), at("1", given), at("2", pillB))
	if a[1] == b[1] || a[2] == b[2] {
		t.Error("two medicines are one")
	}
	// The same twice is two, each time the same two.
	twice := names(iss, at("0", pat), at("1", flu), at("2", flu))
	if twice[1] != card[1] || twice[2] == twice[1] {
		t.Errorf("%q", twice)
	}
	// Two that point to each other have an end.
	const left, right = `{"resourceType":"Observation","hasMember":[{"reference":"resource:1"}]}`, `{"resourceType":"Observation","hasMember":[{"reference":"resource:0"}]}`
	if loop := names(iss, at("0", left), at("1", right)); loop[0] == loop[1] {
		t.Error("two are one")
	}
}

// What could not be verified says so in the place that R4 has for it, and is otherwise
// byte for byte what it was; and is named alike.
func TestUnverified(t *testing.T) {
	i := newIssuer(t)
	const label = `{"system":"http://terminology.hl7.org/CodeSystem/v3-ObservationValue","code":"UNCERTREL","display":"uncertain reliability"}`
	for _, c := range [][2]string{
		{`{"resourceType":"Observation","valueQuantity":{"value":1.10}}`,
			`{"resourceType":"Observation","valueQuantity":{"value":1.10},"meta":{"security":[` + label + `]}}`},
		{`{"resourceType":"Observation","meta":{"security":[{"code":"R"}],"profile":["x"]},"status":"final"}`,
			`{"resourceType":"Observation","meta":{"security":[{"code":"R"},` + label + `],"profile":["x"]},"status":"final"}`},
		{`{"resourceType":"Observation","meta":{"profile":["x"]}}`, `{"resourceType":"Observation","meta":{"profile":["x"],"security":[` + label + `]}}`},
		{`{"resourceType":"Observation"}`, `{"resourceType":"Observation","meta":{"security":[` + label + `]}}`},
		{`{"resourceType":"Observation","meta":{"security":[` + label + `]}}`, `{"resourceType":"Observation","meta":{"security":[` + label + `]}}`},
	} {
		card := one(t, i.sign(t, payload(`{"resourceType":"Bundle","type":"collection","entry":[{"fullUrl":"resource:0","resource":`+c[0]+`}]}`, "", "")))
		plain, err := card.Bundle()
		names := named(t, plain, err)
		marked, err := card.Unverified()
		if again := named(t, marked, err); again[0] != names[0] {
			t.Error("it has another name")
		}
		for e := range marked.Root().Get("entry").All() {
			r, err := fhir.Parse(e.Get("resource").Raw(), fhir.Limits{})
			if err != nil || string(r.Bytes()) != c[1] || !r.Labelled(fhir.Uncertain) {
				t.Errorf("%v\ngot  %s\nwant %s", err, r.Bytes(), c[1])
			}
		}
		for e := range plain.Root().Get("entry").All() {
			if string(e.Get("resource").Raw()) != c[0] {
				t.Errorf("%s", e.Get("resource").Raw())
			}
		}
	}
}
