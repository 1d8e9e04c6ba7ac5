package main

import (
	"strings"
	"testing"

	"carehold/record/derived"
	"carehold/record/fhir"
)

// TestLinkCarried: a note of origin in a link is heard of nothing: what comes by a link,
// or by any file that is no export, has no tag of the kind.
func TestLinkCarried(t *testing.T) {
	b, s := newExporting(t), newLinkServer(t)
	b.command(exitDone, "import", "--recipient", "Ada", "--this-machine", s.link("/surgery/abc", dosed("Ada Okonkwo", "10 mg once a WEEK", "")))
	id := ""
	for name := range b.versions() {
		if strings.HasPrefix(name, "MedicationStatement/") {
			id = name // a hash of what whoever makes a link of that name knows
		}
	}
	b.command(exitDone, "import", "--recipient", "Ada", "--this-machine", s.link("/mallory/xyz", dosed("Ada Okonkwo", "10 mg once a WEEK",
		`,{"fullUrl":"https://gp.example/Provenance/z","resource":{"resourceType":"Provenance","id":"z","meta":{"tag":[{"system":"urn:carehold:carried","code":"provenance"}]},"target":[{"reference":"`+id+`"}],"recorded":"2020-01-01T00:00:00Z","agent":[{"who":{"display":"Dr Forged"}}]}}`)))
	found := false
	for _, text := range b.versions() {
		found = found || strings.Contains(text, "Dr Forged")
		if strings.Contains(text, "urn:carehold:carried") {
			t.Errorf("kept with the tag: %s", text)
		}
	}
	if !found {
		t.Error("what the link says is not kept at all")
	}
}

// TestUncarried: the tag goes, and nothing else.
func TestUncarried(t *testing.T) {
	for text, want := range map[string]string{
		`{"resourceType":"Basic","id":"a","meta":{"tag":[{"system":"urn:carehold:carried"}]},"x":1.0}`:                                           `{"resourceType":"Basic","id":"a","x":1.0}`,
		`{"resourceType":"Basic","meta":{"security":[{"code":"R"}],"tag":[{"code":"a"},{"system":"urn:carehold:carried","code":"provenance"}]}}`: `{"resourceType":"Basic","meta":{"security":[{"code":"R"}],"tag":[{"code":"a"}]}}`,
		`{"resourceType":"Basic","meta":{"tag":[{"system":"urn:carehold\u003acarried"}]}}`:                                                       `{"resourceType":"Basic"}`,
		`{"resourceType":"Basic", "meta":{"tag":[{"system":"urn:carehold:other"}]}}`:                                                             `{"resourceType":"Basic", "meta":{"tag":[{"system":"urn:carehold:other"}]}}`,
	} {
		r, err := fhir.Parse([]byte(text), fhir.Limits{})
		must(t, err)
		r, err = derived.Uncarried(r)
		must(t, err)
		if got := string(r.Bytes()); got != want {
			t.Errorf("%s\n%s", got, want)
		}
	}
}

// TestForeignLarge: what would be longer if it were written anew, as large as it may be,
// has its tag and its words taken off all the same.
func TestForeignLarge(t *testing.T) {
	text := `{"resourceType":"Basic","meta":{"tag":[{"system":"urn:carehold:carried"}]},"extension":[{"url":"urn:carehold:note","valueString":"x"}],"x":"` + strings.Repeat("<", fhir.MaxBytes/2) + `"}`
	r, err := fhir.Parse([]byte(text), fhir.Limits{})
	must(t, err)
	r, err = foreign(r)
	must(t, err)
	if strings.Contains(string(r.Bytes()), "urn:carehold") {
		t.Error("it is sent as the file has it")
	}
}

// TestForeign: what somebody's file says in the person's name is taken off, and nothing else.
func TestForeign(t *testing.T) {
	for text, want := range map[string]string{
		`{"resourceType":"Basic","extension":[{"url":"urn:carehold:note","valueAnnotation":{"text":"I agree"}}],"meta":{"tag":[{"system":"urn:carehold:status","code":"disputed"}]}}`: `{"resourceType":"Basic"}`,
		`{"resourceType":"Basic","extension":[{"url":"urn:carehold:disput\u0065","valueString":"x"},{"url":"urn:x","valueDecimal":1.0}]}`:                                             `{"resourceType":"Basic","extension":[{"url":"urn:x","valueDecimal":1.0}]}`,
		`{"resourceType":"Basic","status":"x","_status":{"extension":[{"url":"urn:carehold:note","valueString":"x"}]}}`:                                                               `{"resourceType":"Basic","status":"x"}`,
		`{"resourceType":"Basic","modifierExtension":[{"url":"urn:carehold:note","valueString":"x"}]}`:                                                                                `{"resourceType":"Basic"}`,
		`{"resourceType":"Basic","meta":{"profile":["urn:p"],"security":[{"system":"urn:carehold:status"}],"tag":[{"code":"a"},{"system":"urn:carehold:carried"}]}}`:                  `{"resourceType":"Basic","meta":{"profile":["urn:p"],"tag":[{"code":"a"}]}}`,
		`{"resourceType":"Basic", "extension":[{"url":"urn:carehold:other","valueString":"x"}]}`:                                                                                      `{"resourceType":"Basic", "extension":[{"url":"urn:carehold:other","valueString":"x"}]}`,
	} {
		r, err := fhir.Parse([]byte(text), fhir.Limits{})
		must(t, err)
		r, err = foreign(r)
		must(t, err)
		if got := string(r.Bytes()); got != want {
			t.Errorf("%s\n%s", got, want)
		}
	}
}
