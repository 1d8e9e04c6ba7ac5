package fhirpath

import (
	"testing"

	"carehold/record/fhir"
	"carehold/record/fhir/r4"
)

// bloodPressure is an Observation of 1 kB, as they are in records.
const bloodPressure = `{"resourceType":"Observation","id":"bp-1","meta":{"lastUpdated":"2024-03-01T10:00:00Z"},"status":"final",
"category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"vital-signs","display":"Vital Signs"}]}],
"code":{"coding":[{"system":"http://loinc.org","code":"85354-9","display":"Blood pressure panel"}],"text":"Blood pressure"},
"subject":{"reference":"Patient/p1"},"encounter":{"reference":"Encounter/e1"},"effectiveDateTime":"2024-03-01T09:58:00Z","issued":"2024-03-01T10:00:00Z",
"performer":[{"reference":"Practitioner/d1"}],
"component":[{"code":{"coding":[{"system":"http://loinc.org","code":"8480-6"}]},"valueQuantity":{"value":120,"unit":"mmHg","system":"http://unitsofmeasure.org","code":"mm[Hg]"}},
{"code":{"coding":[{"system":"http://loinc.org","code":"8462-4"}]},"valueQuantity":{"value":80,"unit":"mmHg","system":"http://unitsofmeasure.org","code":"mm[Hg]"}}]}`

func mustParse(t testing.TB, text string) *fhir.Resource {
	t.Helper()
	r, err := fhir.Parse([]byte(text), fhir.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// All expressions of Observation's search parameters, as the index of one is made.
func BenchmarkSearch(b *testing.B) {
	var all []*Expr
	for _, p := range r4.Params("Observation") {
		if p.Expression != "" {
			all = append(all, MustCompile(p.Expression))
		}
	}
	ctx := Root(mustParse(b, bloodPressure))
	var to []Value
	b.ReportMetric(float64(len(all)), "expressions")
	b.ReportAllocs()
	for b.Loop() {
		for _, e := range all {
			var err error
			if to, err = e.Append(to[:0], ctx); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// Each expression by itself: go test -bench Expression -run '^$'.
func BenchmarkExpression(b *testing.B) {
	ctx := Root(mustParse(b, bloodPressure))
	for _, p := range r4.Params("Observation") {
		if p.Expression == "" {
			continue
		}
		e := MustCompile(p.Expression)
		b.Run(p.Code, func(b *testing.B) {
			var to []Value
			b.ReportAllocs()
			for b.Loop() {
				to, _ = e.Append(to[:0], ctx)
			}
		})
	}
}
