package store_test

import (
	"errors"
	"strings"
	"testing"

	"carehold/record"
	"carehold/record/fhir"
)

// TestTakenInIsAboutThePerson: who may only add is not told the Patient's id, so what they
// leave has it written in when it is taken in, beside what it says of the person; what says
// that it is about somebody or something else stays as it came.
func TestTakenInIsAboutThePerson(t *testing.T) {
	t.Parallel()
	_, s := newStore(t)
	d := enrol(t, s)
	_, adds := d.addOnly(record.Results, record.Allergies, record.Providers)
	me := d.session()
	patient := `"reference":"Patient/` + me.PatientID() + `"`
	observation := func(more string) string {
		return `{"resourceType":"Observation",` + more + `"status":"final","code":{"text":"weight"},"valueQuantity":{"value":71.5,"unit":"kg"}}`
	}
	for _, c := range []struct{ sent, kept string }{
		{observation(""), observation(`"subject":{` + patient + `},`)},
		{observation(`"subject":{"display":"Ada"},`), observation(`"subject":{` + patient + `,"display":"Ada"},`)},
		{observation(`"subject":{"identifier":{"value":"943 476 5919"}},`), observation(`"subject":{` + patient + `,"identifier":{"value":"943 476 5919"}},`)},
		{observation(`"subject":{"type":"Device","display":"a scale"},`), observation(`"subject":{"type":"Device","display":"a scale"},`)},
		{`{"resourceType":"AllergyIntolerance","patient":{"display":"Ada"},"code":{"text":"nuts"}}`,
			`{"resourceType":"AllergyIntolerance","patient":{` + patient + `,"display":"Ada"},"code":{"text":"nuts"}}`},
		{`{"resourceType":"Organization","name":"Lakeside"}`, `{"resourceType":"Organization","name":"Lakeside"}`},
	} {
		if _, err := add(adder(t, s, adds), c.sent); err != nil {
			t.Fatal(c.sent, err)
		}
		w := d.inbox()[0]
		if string(w.JSON) != c.sent {
			t.Errorf("what waits is not what came: %s", w.JSON)
		}
		out, err := me.TakeIn(ctx, w.id, taking(w))
		if err != nil {
			t.Fatal(c.sent, err)
		}
		if again, err := me.TakeIn(ctx, w.id, taking(w)); err != nil || !again.Unchanged {
			t.Errorf("again: %+v, %v", again, err)
		}
		e, err := me.Read(ctx, out.Ref, 0)
		if err != nil {
			t.Fatal(err)
		}
		r, err := fhir.Parse(e.Body, fhir.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if got := string(r.Stripped()); got != c.kept || strings.Count(got, "reference") > 1 {
			t.Errorf("%s\nis kept as\n%s\nand not as\n%s", c.sent, got, c.kept)
		}
	}
}

// TestTakenInIsNobodyElses: what names its patient by a number that is not the person's
// is not taken in, and waits.
func TestTakenInIsNobodyElses(t *testing.T) {
	t.Parallel()
	_, s := newStore(t)
	d := enrol(t, s)
	_, adds := d.addOnly(record.Results)
	me := d.session()
	const nhs, ward = "https://fhir.nhs.uk/Id/nhs-number", "urn:oid:1.2.3"
	put(t, me, `{"resourceType":"Patient","id":"`+me.PatientID()+`","identifier":[{"system":"`+nhs+`","value":"9434765919"},{"system":"`+nhs+`","value":"9990000018"}]}`)
	for _, c := range []struct {
		system, value, more string
		mine                bool
	}{
		{nhs, "9434765919", "", true},
		{nhs, "943 476 5919", "", true},
		{nhs, "999-000-0018", "", true},
		{ward, "17", "", true}, // nobody here knows that system
		{nhs, "9434765870", "", false},
		{nhs, "9434765870", `"reference":"Patient/` + me.PatientID() + `",`, false},
	} {
		text := `{"resourceType":"Observation","subject":{` + c.more + `"identifier":{"system":"` + c.system + `","value":"` + c.value + `"}},"status":"final","code":{"text":"weight"}}`
		if _, err := add(adder(t, s, adds), text); err != nil {
			t.Fatal(text, err)
		}
		w := d.inbox()[0]
		_, err := me.TakeIn(ctx, w.id, taking(w))
		if c.mine && err != nil || !c.mine && !errors.Is(err, record.Unprocessed) {
			t.Errorf("%s %s %s: %v", c.system, c.value, c.more, err)
		}
		if left := len(d.inbox()); left != 0 != !c.mine {
			t.Errorf("%s %s: %d wait", c.system, c.value, left)
		}
		if !c.mine {
			if err := me.Dismiss(ctx, w.id); err != nil {
				t.Fatal(err)
			}
		}
	}
}
