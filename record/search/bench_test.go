package search

import (
	"fmt"
	"testing"
)

// What a search costs once the index is there: the pass, the order and a page.
func BenchmarkRun(b *testing.B) {
	for _, n := range []int{1_200, 10_000} {
		all := aRecord(b, n)
		for _, query := range []string{
			"patient=p&code=http://loinc.org|1042-3",
			"patient=Patient/p&category=vital-signs&date=ge2020-01&date=lt2020-07",
			"code:text=a thing&_sort=-date",
			"value-quantity=gt150|http://unitsofmeasure.org|mmol/L",
			"code-value-quantity=1042-3$gt150||mmol/L",
			"subject:Patient.name=berg&code=1042-3",
			"patient=p",
		} {
			b.Run(fmt.Sprintf("%d/%s", n, query), func(b *testing.B) {
				q, err := Parse("Observation", query, Options{Base: testBase, Now: testNow})
				if err != nil {
					b.Fatal(err)
				}
				b.ReportAllocs()
				found := 0
				for b.Loop() {
					r, err := q.Run(all)
					if err != nil {
						b.Fatal(err)
					}
					if _, _, err := r.Page(nil, 50); err != nil {
						b.Fatal(err)
					}
					found = len(r.Matches)
				}
				b.ReportMetric(float64(found), "matches")
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/entry")
			})
		}
	}
}

func BenchmarkParse(b *testing.B) {
	for b.Loop() {
		if _, err := Parse("Observation", "patient=Patient/p&code=http://loinc.org|1042-3&date=ge2020-01&_sort=-date&_count=50", Options{Base: testBase}); err != nil {
			b.Fatal(err)
		}
	}
}
