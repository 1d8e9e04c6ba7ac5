package fhir_test

import (
	"testing"

	"carehold/record/fhir"
	"github.com/go-json-experiment/json/jsontext"
)

// benchmarks are a typical Observation and the 380 KB Bundle of the peers' table
// (reference/performance.md), or the nearest of the test data.
func benchmarks(b *testing.B, f func(b *testing.B, raw []byte)) {
	for _, size := range []struct {
		name string
		want int
	}{{"0.8KB", 800}, {"380KB", 380_000}} {
		var best []byte
		for _, s := range samples(b) {
			if abs(len(s.raw)-size.want) < abs(len(best)-size.want) {
				best = s.raw
			}
		}
		b.Run(size.name, func(b *testing.B) {
			b.SetBytes(int64(len(best)))
			b.ReportAllocs()
			f(b, best)
		})
	}
}

func abs(n int) int { return max(n, -n) }

func BenchmarkValidOnly(b *testing.B) {
	benchmarks(b, func(b *testing.B, raw []byte) {
		for b.Loop() {
			jsontext.Value(raw).IsValid()
		}
	})
}

func BenchmarkParse(b *testing.B) {
	benchmarks(b, func(b *testing.B, raw []byte) {
		for b.Loop() {
			if _, err := fhir.Parse(raw, fhir.Limits{}); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func benchmarkOf(b *testing.B, f func(r *fhir.Resource)) {
	benchmarks(b, func(b *testing.B, raw []byte) {
		r := parse(b, raw)
		for b.Loop() {
			f(r)
		}
	})
}

func BenchmarkWith(b *testing.B)       { benchmarkOf(b, func(r *fhir.Resource) { r.With(newMeta) }) }
func BenchmarkStripped(b *testing.B)   { benchmarkOf(b, func(r *fhir.Resource) { r.Stripped() }) }
func BenchmarkReferences(b *testing.B) { benchmarkOf(b, func(r *fhir.Resource) { r.References() }) }
func BenchmarkCodings(b *testing.B)    { benchmarkOf(b, func(r *fhir.Resource) { r.Codings() }) }
