package ips_test

import (
	"os"
	"strings"
	"testing"

	"carehold/record/ips"
)

// told is a whole document as a reader sees it.
func told(v view) string {
	var out strings.Builder
	out.WriteString("# " + v.Comp["title"].(string) + "\n" + visible(v.Comp["text"].(object)["div"].(string)) + "\n")
	for _, s := range list(v.Comp["section"]) {
		s := s.(object)
		out.WriteString("\n## " + s["title"].(string) + "\n" + visible(s["text"].(object)["div"].(string)) + "\n")
	}
	return out.String()
}

// testdata/everything.txt was written by hand from the record, not printed.
func TestTexts(t *testing.T) {
	want, err := os.ReadFile("testdata/everything.txt")
	if err != nil {
		t.Fatal(err)
	}
	p, entries := hand(t, handmade["everything"]...)
	got := strings.Split(told(read(t, build(t, whole(p, entries)))), "\n")
	for i, line := range strings.Split(string(want), "\n") {
		if i >= len(got) || got[i] != line {
			t.Fatalf("line %d:\n got %q\nwant %q", i+1, append(got, "")[min(i, len(got))], line)
		}
	}
}

// Which entry is in which section, and which is in none.
func TestPlaces(t *testing.T) {
	p, entries := hand(t, handmade["everything"]...)
	v := read(t, build(t, whole(p, entries)))
	for code, want := range map[string]string{
		"48765-2":  "AllergyIntolerance/pen AllergyIntolerance/egg AllergyIntolerance/ibu",
		"10160-0":  "MedicationRequest/metformin MedicationStatement/vitd MedicationDispense/d1",
		"11450-4":  "Condition/diabetes",
		"104605-1": "Flag/insulin",
		"42348-3":  "Consent/adrt DocumentReference/lpa",
		"11369-6":  "Immunization/flu Immunization/zoster",
		"30954-2":  "Observation/hba1c Observation/hba1c2 Observation/hba1c3 DiagnosticReport/bloods",
		"8716-3":   "Observation/bp",
		"47519-4":  "Procedure/hip",
		"46264-8":  "DeviceUseStatement/stick",
		"10162-6":  "Observation/preg",
		"11348-0":  "Condition/shingles Condition/hip",
		"47420-5":  "ClinicalImpression/ot Condition/bath",
		"18776-5":  "CarePlan/plan ImmunizationRecommendation/due",
		"29762-2":  "Observation/smoke",
		"81338-6":  "QuestionnaireResponse/about",
	} {
		if got := v.entries(code); got != want {
			t.Errorf("%s: %s, want %s", code, got, want)
		}
	}
	for _, ref := range []string{"Practitioner/okafor", "PractitionerRole/gp", "Organization/elm", "Medication/metformin", "Specimen/blood", "Device/stick",
		"Goal/choir", "Observation/hba1c4"} { // the last is part of a report that is listed
		if !v.has(ref) {
			t.Errorf("%s is not in the document", ref)
		}
	}
	for _, ref := range []string{"AllergyIntolerance/err", "Observation/wrong", "Observation/cancelled", "MedicationRequest/never", "MedicationRequest/old", "MedicationRequest/draft",
		"MedicationDispense/d2", "Condition/not", "Flag/gone", "Consent/privacy", "DocumentReference/letter", "Observation/smoke2", "Observation/score", "Procedure/notdone",
		"CarePlan/over", "Composition/mine", "Encounter/visit", "Device/lens"} {
		if v.has(ref) {
			t.Errorf("%s is in the document", ref)
		}
	}
	// What is told without an entry says so (R4 narrative-status).
	for code, want := range map[string]string{"10160-0": "additional", "46264-8": "additional", "18776-5": "additional", "48765-2": "generated"} {
		if got := v.section(code)["text"].(object)["status"]; got != want {
			t.Errorf("%s: text.status %v, want %s", code, got, want)
		}
	}
}

// Two that say they are the same entry, another's bytes, a foreign Patient: no document.
func TestRefused(t *testing.T) {
	p, entries := hand(t, handmade["empty"]...)
	for name, in := range map[string]ips.Input{
		"twice":       whole(p, append(entries, entries[0])),
		"no patient":  whole(p, nil),
		"another":     whole(p, append(entries, ips.Entry{Ref: ref("Condition/x"), Section: 6, Body: entries[0].Body})),
		"broken":      whole(p, append(entries, ips.Entry{Ref: ref("Condition/x"), Section: 6, Body: []byte(`{"resourceType":"Condition"`)})),
		"no scope":    shared(p, entries, ordinary(), "Condition"),
		"no identity": {Time: now, Base: base, Patient: p, Entries: entries},
	} {
		if _, err := ips.Build(in); err == nil {
			t.Errorf("%s: a document", name)
		} else if strings.Contains(err.Error(), "Wren") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
