package filing_test

import (
	"path/filepath"
	"testing"

	"carehold/record/filing"
	"carehold/record/testdata"
)

// BenchmarkFile files each of Synthea's lives, all of it together as a transaction does.
func BenchmarkFile(b *testing.B) {
	files, _ := filepath.Glob(filepath.Join(testdata.Dir(b, "synthea"), "*.json"))
	var lives [][]filing.Item
	size, entries := 0, 0
	for _, f := range files {
		items := bundle(b, f)
		lives = append(lives, items)
		entries += len(items)
		for _, it := range items {
			size += len(it.Resource.Bytes())
		}
	}
	b.SetBytes(int64(size))
	b.ReportAllocs()
	for b.Loop() {
		for _, items := range lives {
			filing.File(items, nil)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*entries), "µs/entry")
}
