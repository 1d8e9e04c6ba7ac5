package ips_test

import (
	"strings"
	"testing"
	"time"

	"carehold/record"
	"carehold/record/fhir"
	"carehold/record/grant"
	"carehold/record/ips"
)

// BuildShown names what its reader learns something of: nothing that was only looked
// through, and everything that has an entry, stands in the text, or is named there.
func TestShown(t *testing.T) {
	in := ips.Input{ID: [16]byte{1}, Time: time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC), Base: "https://a.example/fhir", Patient: fhir.Ref{Type: "Patient", ID: "p"},
		Share: ips.Share{Own: true, Sections: grant.Clinical}}
	add := func(s record.Section, ref, rest string) {
		typ, id, _ := strings.Cut(ref, "/")
		in.Entries = append(in.Entries, ips.Entry{Ref: fhir.Ref{Type: typ, ID: id}, Section: s, Body: []byte(`{"resourceType":"` + typ + `","id":"` + id + `",` + rest + `}`)})
	}
	const active = `"clinicalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/condition-clinical","code":"active"}]}`
	add(record.Identity, "Patient/p", `"name":[{"family":"Okonkwo"}]`)
	add(record.Conditions, "Condition/now", active+`,"code":{"text":"Asthma"},"subject":{"reference":"Patient/p"},"recorder":{"reference":"Practitioner/asked"}`)
	add(record.Conditions, "Condition/wrong", active+`,"verificationStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/condition-ver-status","code":"entered-in-error"}]},"code":{"text":"Gout"},"subject":{"reference":"Patient/p"}`)
	add(record.Providers, "Practitioner/asked", `"name":[{"family":"Okafor"}]`)
	add(record.Providers, "Practitioner/other", `"name":[{"family":"Unasked"}]`)
	doc, shown, err := ips.BuildShown(in)
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, ref := range shown {
		names[ref.String()] = true
	}
	if !names["Patient/p"] || !names["Condition/now"] || names["Condition/wrong"] || names["Practitioner/other"] {
		t.Errorf("%v", names)
	}
	r, err := fhir.Parse(doc, fhir.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	for e := range r.Root().Get("entry").All() {
		if name, ours := strings.CutPrefix(e.Get("fullUrl").Text(), "https://a.example/fhir/"); ours && !names[name] {
			t.Errorf("%s is in it, and is not named", name)
		}
	}
	if strings.Contains(string(doc), "Okafor") != names["Practitioner/asked"] || strings.Contains(string(doc), "Unasked") {
		t.Errorf("who is named is not who is in it: %v", names)
	}
}
