package validate_test

import (
	"testing"

	"carehold/record/fhir"
	"carehold/record/fhir/validate"
)

func BenchmarkObservation(b *testing.B) {
	_, synthea := data(b)
	for _, n := range synthea {
		r, err := fhir.Parse(n.raw, fhir.Limits{})
		if err == nil && r.Type() == "Observation" && len(n.raw) > 1000 {
			validate.Resource(r)
			b.SetBytes(int64(len(n.raw)))
			b.ReportAllocs()
			for b.Loop() {
				validate.Resource(r)
			}
			return
		}
	}
	b.Fatal("no Observation of 1 kB")
}

// BenchmarkSynthea validates every entry of six people.
func BenchmarkSynthea(b *testing.B) {
	_, synthea := data(b)
	var all []*fhir.Resource
	size := 0
	for _, n := range synthea {
		if r, err := fhir.Parse(n.raw, fhir.Limits{}); err == nil && r.Type() != "Bundle" {
			all, size = append(all, r), size+len(n.raw)
		}
	}
	b.SetBytes(int64(size))
	b.ReportAllocs()
	for b.Loop() {
		for _, r := range all {
			validate.Resource(r)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*len(all)), "µs/resource")
}
