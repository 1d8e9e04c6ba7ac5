package main

import (
	"os"
	"testing"

	"carehold/record/export"
)

// TestUnfinished: the export that was begun is known again, and none that only calls
// itself so. When all have ended nothing is left.
func TestUnfinished(t *testing.T) {
	x := newExporting(t)
	d, err := x.loadDevice()
	must(t, err)
	begun := &export.Manifest{Server: "https://a.example", Patient: "p", Time: written, Files: []export.File{{Name: "Condition.ndjson", Size: 3, SHA256: "0a"}}}
	forged := *begun
	forged.Files = []export.File{{Name: "Condition.ndjson", Size: 3, SHA256: "0b"}}
	load := func(m *export.Manifest) *unfinished {
		u, err := loadUnfinished(d, m)
		must(t, err)
		return u
	}
	must(t, load(begun).begin())
	if !load(begun).has() || load(&forged).has() {
		t.Errorf("begun %v, forged %v", load(begun).has(), load(&forged).has())
	}
	for range maxUnfinished + 3 { // the oldest are forgotten
		forged.Entries++
		must(t, load(&forged).begin())
	}
	if u := load(begun); u.has() || len(u.Exports) != maxUnfinished {
		t.Errorf("%d are remembered", len(u.Exports))
	}
	for range maxUnfinished + 3 {
		must(t, load(&forged).end())
		forged.Entries--
	}
	if _, err := os.Stat(d.path + ".importing"); !os.IsNotExist(err) {
		t.Errorf("a file is left: %v", err)
	}
	must(t, os.WriteFile(d.path+".importing", []byte("{"), 0o600))
	if load(begun).has() {
		t.Error("nonsense is believed")
	}
}
