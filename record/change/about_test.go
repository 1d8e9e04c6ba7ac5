package change_test

import (
	"strings"
	"testing"

	"carehold/record/fhir"
	"carehold/record/sample"
)

func TestAbout(t *testing.T) {
	const nhs = `"identifier":[{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"`
	for _, c := range []struct{ own, other, why string }{
		{nhs + `900 000 0009"}]`, nhs + `9000000009"}],"birthDate":"1950-01-01"`, ""},
		{nhs + `9000000009"}],"birthDate":"1950-01-01"`, nhs + `9000000009"}],"birthDate":"1951-01-01"`, ""}, // a typing mistake: the number decides
		{nhs + `9000000009"}],"birthDate":"1950-01-01"`, nhs + `9000000017"}],"birthDate":"1950-01-01"`, "NHS numbers"},
		{nhs + `9000000009"}],"birthDate":"1950-01-01"`, `"birthDate":"1950-01-01"`, ""},
		{`"birthDate":"1950-01-01"`, `"birthDate":"1950-01-02"`, "dates of birth"},
		{`"birthDate":"1950"`, `"birthDate":"1950-01-02"`, ""},
		{`"birthDate":"1950-01-02"`, `"birthDate":"1950-01"`, ""},
		{`"birthDate":"1950"`, `"birthDate":"1951-01-02"`, "dates of birth"},
		{`"active":true`, `"birthDate":"1951-01-02"`, ""},
		{`"name":[{"family":"Lee","given":["Ann"]}]`, `"name":[{"family":"LEE","given":["Tom"]}]`, ""}, // perhaps: the person is asked
		{`"name":[{"family":"Lee","given":["Ann"]}]`, `"name":[{"family":"Fox","given":["Ann","Maria"]}]`, ""},
		{`"name":[{"family":"Lee","given":["Ann"]},{"use":"maiden","family":"Fox"}]`, `"name":[{"family":"Fox","given":["A."]}]`, ""},
		{`"name":[{"family":"Lee","given":["Ann"]}]`, `"name":[{"family":"Fox","given":["Tom"]}]`, "names"},
		{`"name":[{"text":"Ann Lee"}]`, `"name":[{"family":"Lee"}]`, ""},
		{`"name":[{"family":"Lee"}],"birthDate":"1950-01-01"`, `"name":[{"family":"Fox"}],"birthDate":"1950-01-01"`, "names"},
		{`"name":[{"family":"Lee"}]`, `"active":true`, ""},
	} {
		own, err := fhir.Parse([]byte(`{"resourceType":"Patient",`+c.own+`}`), fhir.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		err = planImport(t, bundle("collection", item("", `{"resourceType":"Patient",`+c.other+`}`))).About(own)
		if (err == nil) != (c.why == "") || err != nil && !strings.Contains(err.Error(), c.why) {
			t.Errorf("%s and %s: %v, want %q", c.own, c.other, err, c.why)
		}
	}
	own, _ := fhir.Parse([]byte(`{"resourceType":"Patient","name":[{"family":"Lee"}]}`), fhir.Limits{})
	if err := planImport(t, bundle("collection", item("", `{"resourceType":"Basic"}`))).About(own); err != nil {
		t.Errorf("a source without a Patient: %v", err)
	}
	if err := planImport(t, bundle("collection", item("", `{"resourceType":"Patient"}`))).About(nil); err != nil {
		t.Errorf("a record without a Patient: %v", err)
	}
}

// The words go to the person, not to a log: they quote both records.
func TestAboutSaysWho(t *testing.T) {
	own, _ := fhir.Parse([]byte(`{"resourceType":"Patient","name":[{"given":["Ann"],"family":"Lee"}],"birthDate":"1950-01-01"}`), fhir.Limits{})
	err := planImport(t, bundle("collection", item("", `{"resourceType":"Patient","name":[{"text":"Tom Fox"}],"birthDate":"1960"}`))).About(own)
	if want := "this source is about Tom Fox, born 1960, and this record is about Ann Lee, born 1950-01-01: the dates of birth differ"; err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}

// The sample's six sources each have a Patient of their own, and are about one
// person.
func TestAboutTheSample(t *testing.T) {
	var own *fhir.Resource
	for _, s := range sample.Sources() {
		im := planImport(t, string(s.Bundle))
		if err := im.About(own); err != nil {
			t.Errorf("%s: %v", s.Name, err)
		}
		for _, c := range im.Changes {
			if c.Ref.Type == "Patient" {
				own = c.Resource
			}
		}
	}
	if own == nil {
		t.Error("no Patient")
	}
}
