package filing_test

import (
	"testing"

	"carehold/record"
	"carehold/record/fhir"
	"carehold/record/filing"
)

// How near the person came to a goal is read with the plan, whatever the category
// says; a sensitive code still wins.
func TestObservationOfAGoal(t *testing.T) {
	for text, want := range map[string]record.Section{
		`"focus":[{"reference":"Goal/g"}]`:                                                                                                  record.Plan,
		`"focus":[{"reference":"Goal/g/_history/2"}]`:                                                                                       record.Plan,
		`"focus":[{"reference":"http://example.org/fhir/Goal/g"}]`:                                                                          record.Plan,
		`"focus":[{"reference":"Device/d"},{"reference":"Goal/g"}]`:                                                                         record.Plan,
		`"focus":[{"reference":"Goal/g"}],"category":[{"coding":[{"code":"vital-signs"}]}]`:                                                 record.Plan,
		`"focus":[{"reference":"Goal/g"}],"code":{"text":"about me"}`:                                                                       record.Plan,
		`"focus":[{"reference":"Goal/g"}],"code":{"coding":[{"system":"http://loinc.org","code":"44261-6"}]}`:                               record.MentalHealth, // PHQ-9
		`"focus":[{"reference":"Goal/g"}],"meta":{"security":[{"code":"ETH","system":"http://terminology.hl7.org/CodeSystem/v3-ActCode"}]}`: record.SubstanceUse,
		`"focus":[{"reference":"Device/d"}]`:                                                                                                record.Results,
		`"derivedFrom":[{"reference":"Goal/g"}]`:                                                                                            record.Results,
		`"extension":[{"url":"x","valueReference":{"reference":"Goal/g"}}],"focus":[{"display":"the stairs"}]`:                              record.Results,
	} {
		r, err := fhir.Parse([]byte(`{"resourceType":"Observation","status":"final",`+text+`}`), fhir.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		got := filing.Section(r, nil)
		if got.Section != want || want == record.Plan && (got.Why.Rule != "refine:goal" || got.Why.Path == "") {
			t.Errorf("%s: %v, want %v: %+v", text, got.Section, want, got.Why)
		}
	}
}
