package change_test

import (
	"os"
	"path/filepath"
	"testing"

	"carehold/record/change"
	"carehold/record/testdata"
)

// BenchmarkImport reads and plans the longest of the Synthea lives: 1,111 entries.
func BenchmarkImport(b *testing.B) {
	files, _ := filepath.Glob(filepath.Join(testdata.Dir(b, "synthea"), "Fletcher_*.json"))
	raw, err := os.ReadFile(files[0])
	if err != nil {
		b.Fatal(err)
	}
	b.Run("ParseBundle", func(b *testing.B) {
		b.SetBytes(int64(len(raw)))
		for b.Loop() {
			change.ParseBundle(raw, change.Limits{})
		}
	})
	bundle, err := change.ParseBundle(raw, change.Limits{})
	if err != nil {
		b.Fatal(err)
	}
	b.Run("PlanImport", func(b *testing.B) {
		b.SetBytes(int64(len(raw)))
		for b.Loop() {
			change.PlanImport(bundle, "source", "me")
		}
	})
}
