package validate_test

import (
	"slices"
	"strings"
	"testing"

	"carehold/record/fhir"
	"carehold/record/fhir/validate"
)

// FuzzResource looks for a resource that makes the validator panic, say two
// different things of the same bytes, or more than it promises.
func FuzzResource(f *testing.F) {
	for _, file := range []string{"testdata/broken.txt", "testdata/rules.txt", "testdata/valid.txt"} {
		for _, c := range brokenCases(f, file) {
			f.Add([]byte(c.raw))
		}
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		r, err := fhir.Parse(raw, fhir.Limits{})
		if err != nil {
			return
		}
		issues := validate.Resource(r)
		if len(issues) > 100 {
			t.Errorf("%d issues", len(issues))
		}
		for _, i := range issues {
			if !strings.HasPrefix(i.Path, r.Type()) || len(i.Path) > 300 || len(i.Text) > 4000 {
				t.Errorf("%+v", i)
			}
		}
		if !slices.Equal(issues, validate.Resource(r)) {
			t.Error("says two things")
		}
	})
}

// FuzzDate looks for a date that is taken without package fhir, and that package
// fhir refuses.
func FuzzDate(f *testing.F) {
	for _, s := range []string{"2020", "2020-02", "2020-02-30", "2020-01-01T10:00:00Z", "2020-01-01T10:00:00.5+14:00", "10:00:00", "0000-01-01"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) { validate.CheckDates(t, s) })
}
