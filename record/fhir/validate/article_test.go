package validate_test

import (
	"strings"
	"testing"

	"carehold/record/fhir"
	"carehold/record/fhir/validate"
)

// A name has the article that is spoken before it.
func TestArticles(t *testing.T) {
	for text, want := range map[string]string{
		`{"resourceType":"Observation","status":"final","code":{"text":"x"},"encounter":{"reference":"Organization/a"}}`: "leads to an Organization, and must lead to an Encounter",
		`{"resourceType":"Condition","subject":{"reference":"Device/a"}}`:                                                "leads to a Device, and must",
		`{"resourceType":"Condition"}`: "every Condition has it, a Reference",
		`{"resourceType":"Observation","status":"final","code":{"text":"x"},"effectiveInstant":"yesterday"}`:                             "is not an instant",
		`{"resourceType":"Observation","status":"final","code":{"coding":[{"system":"a b","code":"x"}]}}`:                                "is not a uri",
		`{"resourceType":"Observation","status":"final","code":{"text":"x"},"subject":{"type":"Device","reference":"Organization/abc"}}`: "the reference leads to an Organization",
	} {
		r, err := fhir.Parse([]byte(text), fhir.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		var all []string
		for _, i := range validate.Resource(r) {
			all = append(all, i.Text)
		}
		if got := strings.Join(all, "\n"); !strings.Contains(got, want) {
			t.Errorf("%s\n got  %s\n want %s", text, got, want)
		}
	}
}
