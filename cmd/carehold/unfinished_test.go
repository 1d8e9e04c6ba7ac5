package main

import (
	"os"
	"testing"

	"carehold/httpapi/message"
	"carehold/record"
	"carehold/record/export"
	"carehold/record/fhir"
)

// TestUnfinished: the export that was begun is known again, and none that only calls
// itself so; and of its entries those that were there before. When all have ended nothing
// is left.
func TestUnfinished(t *testing.T) {
	x := newExporting(t)
	d, err := x.loadDevice()
	must(t, err)
	is := &export.Manifest{Server: "https://a.example", Patient: "p", Time: written, Files: []export.File{{Name: "Condition.ndjson", Size: 3, SHA256: "0a"}}}
	forged := *is
	forged.Files = []export.File{{Name: "Condition.ndjson", Size: 3, SHA256: "0b"}}
	load := func(m *export.Manifest, source string) *unfinished {
		u, err := loadUnfinished(d, m, source)
		must(t, err)
		return u
	}
	was, fresh := fhir.Ref{Type: "Condition", ID: "was"}, fhir.Ref{Type: "Condition", ID: "fresh"}
	if load(is, "a").brought(fresh) {
		t.Error("nothing was begun, and something is from it")
	}
	must(t, load(is, "a").begin(record.ImportID{7}, []fhir.Ref{{Type: "Condition", ID: "z"}, was}))
	must(t, load(is, "a").begin(record.ImportID{8}, nil)) // it goes on: what was there was there
	for id, want := range map[byte]bool{7: true, 8: true, 9: false, 0: false} {
		if load(is, "a").wrote(message.ID{id}) != want {
			t.Errorf("import %d: %v", id, !want)
		}
	}
	if u := load(is, "a"); u.brought(was) || !u.brought(fresh) {
		t.Errorf("was there: brought %v; was not: %v", u.brought(was), u.brought(fresh))
	}
	for what, u := range map[string]*unfinished{"forged": load(&forged, "a"), "called otherwise": load(is, "b")} {
		if u.wrote(message.ID{7}) || u.brought(fresh) {
			t.Errorf("%s: it goes on", what)
		}
	}
	u := load(is, "a") // what was changed between two tries is as good as there before
	u.changed(fresh)
	u.changed(fresh)
	must(t, u.begin(record.ImportID{9}, nil))
	if load(is, "a").brought(fresh) || !load(is, "a").brought(fhir.Ref{Type: "Condition", ID: "other"}) {
		t.Error("it was changed, and is taken for brought")
	}
	must(t, load(&forged, "a").begin(record.ImportID{9}, nil)) // of the same name: its entries cannot be told apart
	if load(is, "a").wrote(message.ID{7}) {
		t.Error("two of one name go on")
	}
	must(t, load(&forged, "a").end())
	for range maxUnfinished + 3 { // the oldest are forgotten
		forged.Entries++
		must(t, load(&forged, sourceOf(&forged)+string(rune('a'+forged.Entries))).begin(record.ImportID{1}, nil))
	}
	if u := load(is, "a"); len(u.Exports) != maxUnfinished {
		t.Errorf("%d are remembered", len(u.Exports))
	}
	for range maxUnfinished + 3 {
		must(t, load(&forged, sourceOf(&forged)+string(rune('a'+forged.Entries))).end())
		forged.Entries--
	}
	if _, err := os.Stat(d.path + ".importing"); !os.IsNotExist(err) {
		t.Errorf("a file is left: %v", err)
	}
	for _, nonsense := range []string{"{", `{"format":1,"exports":["0a"]}`, `{"format":2,"exports":[{"imports":["x"]}]}`} {
		must(t, os.WriteFile(d.path+".importing", []byte(nonsense), 0o600))
		if u := load(is, "a"); u.brought(fresh) || len(u.Exports) > 0 {
			t.Errorf("%s is believed", nonsense)
		}
	}
}
