package validate_test

import (
	"fmt"
	"slices"
	"testing"

	"carehold/record/fhir"
	"carehold/record/fhir/validate"
)

// Nothing that is validated depends on the ids in references, whether they are one or
// many: a transaction is validated before it is known which entries its conditions find
// (change.Prepare). A rule of R4's that compares references would have to be validated
// again then.
func TestIDsInReferencesDoNotMatter(t *testing.T) {
	examples, synthea := data(t)
	if testing.Short() {
		synthea = synthea[:min(len(synthea), 500)]
	}
	pointing := 0
	for _, n := range slices.Concat(examples, synthea) {
		r, err := fhir.Parse(n.raw, fhir.Limits{})
		if err != nil || r.Type() == "Bundle" {
			continue
		}
		count := 0
		pointed := func(id func() string) *fhir.Resource {
			count = 0
			return r.Rewrite(func(ref fhir.Reference) (string, bool) {
				to := fhir.ParseReference(ref.Value)
				if ref.In != fhir.InReference || to.Form == fhir.Contained {
					return "", false
				}
				count++
				if to.Ref.Type == "" {
					to.Ref.Type = "Basic" // wherever it led: to the same type in both
				}
				return to.Ref.Type + "/" + id(), true
			})
		}
		one := validate.Resource(pointed(func() string { return "0" }))
		many := validate.Resource(pointed(func() string { return fmt.Sprintf("3a5c7e9b-%d", count) }))
		if !slices.Equal(one, many) {
			t.Errorf("%s: with one id %v, with many %v", n.name, one, many)
		}
		if count > 1 {
			pointing++
		}
	}
	if pointing < 100 {
		t.Errorf("%d resources with several references", pointing)
	}
}
