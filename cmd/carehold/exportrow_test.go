package main

import (
	"encoding/json"
	"testing"

	"carehold/httpapi/message"
)

// An intolerance is no allergy, and one that does not say which is not called either.
func TestWhichSort(t *testing.T) {
	for body, want := range map[string]string{
		`{"resourceType":"AllergyIntolerance","type":"intolerance","code":{"text":"Codeine"}}`:      "Intolerance",
		`{"resourceType":"AllergyIntolerance","type":"allergy","code":{"text":"Nuts"}}`:             "Allergy",
		`{"resourceType":"AllergyIntolerance","code":{"text":"Milk"}}`:                              "Allergy or intolerance",
		`{"resourceType":"DocumentReference","description":"Knee","type":{"text":"clinic letter"}}`: "Clinic letter",
		`{"resourceType":"DocumentReference","description":"Knee"}`:                                 "Letter or document",
	} {
		if r := rowOf(message.EntryInfo{Type: typeIn(t, body), Section: "private"}, []byte(body)); r.What != want {
			t.Errorf("%s: %q, want %q", body, r.What, want)
		}
	}
}

// What a reader of the pages must not miss: what kills comes first, what was stopped says
// so, every sign of a reaction is told.
func TestRowOf(t *testing.T) {
	const verified = `"verificationStatus":{"coding":[{"code":"refuted"}]},`
	for body, want := range map[string]struct {
		rank                   int
		title, value, standing string
	}{
		`{"resourceType":"AllergyIntolerance","criticality":"high","code":{"text":"Penicillin"},"reaction":[{"manifestation":[{"text":"Rash"},{"text":"Swelling of face"}]},{"description":"Fainted"}]}`:                                                 {0, "Penicillin", "Rash, Swelling of face; Fainted", "High risk"},
		`{"resourceType":"AllergyIntolerance","code":{"text":"Nuts"},"reaction":[{"severity":"severe"}]}`:                                                                                                                                                {0, "Nuts", "", ""},
		`{"resourceType":"AllergyIntolerance","code":{"text":"Pollen"}}`:                                                                                                                                                                                 {1, "Pollen", "", ""},
		`{"resourceType":"AllergyIntolerance",` + verified + `"criticality":"high","code":{"text":"Ibuprofen"}}`:                                                                                                                                         {2, "Ibuprofen", "", "Ruled out, high risk"},
		`{"resourceType":"MedicationRequest","status":"active","doNotPerform":true,"medicationCodeableConcept":{"text":"Aspirin"}}`:                                                                                                                      {0, "Aspirin", "", "Must not be given or done"},
		`{"resourceType":"MedicationRequest","status":"active","medicationCodeableConcept":{"text":"Metformin"},"dosageInstruction":[{"text":"Two a day"}]}`:                                                                                             {1, "Metformin", "Two a day", ""},
		`{"resourceType":"MedicationRequest","status":"completed","medicationCodeableConcept":{"text":"Amoxicillin"}}`:                                                                                                                                   {2, "Amoxicillin", "", "Completed"},
		`{"resourceType":"MedicationStatement","status":"stopped","medicationCodeableConcept":{"text":"Vitamin D"}}`:                                                                                                                                     {2, "Vitamin D", "", "Stopped"},
		`{"resourceType":"MedicationDispense","status":"completed","medicationCodeableConcept":{"text":"Metformin"}}`:                                                                                                                                    {3, "Metformin", "", ""},
		`{"resourceType":"Condition","clinicalStatus":{"coding":[{"code":"active"}]},"code":{"text":"Asthma"}}`:                                                                                                                                          {0, "Asthma", "", ""},
		`{"resourceType":"Condition","clinicalStatus":{"coding":[{"code":"resolved"}]},"code":{"text":"Measles"}}`:                                                                                                                                       {1, "Measles", "", "Resolved"},
		`{"resourceType":"Observation","status":"final","code":{"text":"HbA1c"},"valueQuantity":{"value":58.0,"unit":"mmol/mol"},"interpretation":[{"text":"Too high"}]}`:                                                                                {0, "HbA1c", "58.0 mmol/mol", "Too high"},
		`{"resourceType":"MedicationRequest","status":"active","medicationCodeableConcept":{"text":"Simvastatin"},"dosageInstruction":[{"timing":{"repeat":{"frequency":1,"period":1,"periodUnit":"d"}},"doseAndRate":[{"doseQuantity":{"value":1}}]}]}`: {1, "Simvastatin", "dose 1 (unit not given), once every day", ""},
		`{"resourceType":"MedicationAdministration","status":"completed","medicationCodeableConcept":{"text":"Morphine"},"dosage":{"dose":{"value":5,"unit":"mg"},"route":{"text":"by mouth"}}}`:                                                         {3, "Morphine", "5 mg, by mouth", ""},
		`{"resourceType":"Condition","extension":[{"url":"urn:carehold:dispute","valueAnnotation":{"text":"never mine"}},{"url":"urn:carehold:note","valueAnnotation":{"text":"ask Judith"}}],"clinicalStatus":{"coding":[{"code":"resolved"}]},"code":{"text":"Gout"}}`: {1, "Gout", "",
			`Resolved. The person disputes this: "never mine". The person's note: "ask Judith"`},
	} {
		r := rowOf(message.EntryInfo{Type: typeIn(t, body), Section: "private"}, []byte(body))
		if r.Rank != want.rank || r.Title != want.title || r.Value != want.value || r.Standing != want.standing {
			t.Errorf("%s:\n got %d %q %q %q\nwant %+v", body, r.Rank, r.Title, r.Value, r.Standing, want)
		}
	}
}

func typeIn(t *testing.T, body string) string {
	t.Helper()
	var o struct{ ResourceType string }
	must(t, json.Unmarshal([]byte(body), &o))
	return o.ResourceType
}
