package store_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/audit"
	"carehold/record/change"
	"carehold/record/derived"
	"carehold/record/entry"
	"carehold/record/fhir"
	"carehold/record/store"
	"carehold/record/store/storetest"
	"carehold/record/testdata"
)

// planOf plans an import of what a source holds.
func planOf(t testing.TB, v *store.View, raw []byte, source string) *change.Import {
	t.Helper()
	bundles, err := change.ReadSource(bytes.NewReader(raw), change.Limits{})
	if err != nil || len(bundles) != 1 {
		t.Fatalf("%d bundles: %v", len(bundles), err)
	}
	im, err := change.PlanImport(bundles[0], source, v.PatientID())
	if err != nil {
		t.Fatal(err)
	}
	return im
}

// tally counts what came of changes.
type tally struct{ Created, Changed, Unchanged int }

// apply makes an import's changes, some at a time.
func apply(t testing.TB, v *store.View, changes []change.Change, size int, source string) (record.ImportID, tally) {
	t.Helper()
	var n tally
	id := record.ImportID(crypto.RandomID())
	for at := 0; at < len(changes); at += size {
		results, err := v.Apply(t.Context(), changes[at:min(at+size, len(changes))], store.ApplyOptions{Origin: entry.Origin{Import: id, Source: source}})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range results {
			switch {
			case r.Unchanged:
				n.Unchanged++
			case r.Created:
				n.Created++
			default:
				n.Changed++
			}
		}
	}
	return id, n
}

// everything fetches all entries of some types by searches, in pages.
func everything(t testing.TB, v *store.View, types map[string]int) map[string]store.Entry {
	t.Helper()
	all := make(map[string]store.Entry)
	for typ := range types {
		for next := ""; ; {
			page, err := lookFor(v, typ, "", 331, next)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range page.Entries {
				if _, made := derived.Parse(e.Ref); made {
					continue // of the others, and not kept
				}
				if _, twice := all[e.Ref.String()]; twice {
					t.Errorf("%s is on two pages", e.Ref)
				}
				all[e.Ref.String()] = e.Entry
			}
			if next = page.Next; next == "" {
				break
			}
		}
	}
	return all
}

// readBack compares everything a source sent with what the record gives.
func readBack(t testing.TB, v *store.View, sent []storetest.Sent, moved map[string]string, version record.Version) {
	t.Helper()
	types := make(map[string]int)
	for _, e := range sent {
		types[e.Type]++
	}
	all := everything(t, v, types)
	if len(all) != len(sent) {
		t.Errorf("%d entries, want %d", len(all), len(sent))
	}
	for i, e := range sent {
		got := all[e.Ref]
		if err := storetest.Same(e.Resource, got.Body, moved); err != nil {
			t.Errorf("entry %d, %s: %v", i, e.Ref, err)
		}
		if got.Version != version {
			t.Errorf("entry %d, %s: version %s, want %s", i, e.Ref, got.Version, version)
		}
		if i%20 != 0 {
			continue // a read is a synced log entry; the same bytes have just been compared
		}
		ref, err := fhir.ParseRef(e.Ref)
		if err != nil {
			t.Fatal(err)
		}
		one, err := v.Read(t.Context(), ref, 0)
		if err != nil || !bytes.Equal(one.Body, got.Body) {
			t.Errorf("entry %d, %s: read and search differ: %v", i, e.Ref, err)
		}
	}
}

// Each of the six Synthea people imports into a record of their own, and is read
// back byte for byte. Once more adds nothing; undo takes it away; redo brings it
// back.
func TestImportPeople(t *testing.T) {
	files, _ := filepath.Glob(filepath.Join(testdata.Dir(t, "synthea"), "*.json"))
	if len(files) != 6 {
		t.Fatalf("%d people", len(files))
	}
	_, s := newStore(t)
	total := 0
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(filepath.Base(file)[:6], func(t *testing.T) { total += importPerson(t, s, raw) })
	}
	if total != 2500 {
		t.Errorf("%d entries, want 2,500", total)
	}
}

// sectionTable counts the entries of each section, for a clinician to look at.
func sectionTable(t testing.TB, v *store.View) string {
	t.Helper()
	list, err := v.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	n := make(map[record.Section]int)
	for _, e := range list {
		n[e.Section]++
	}
	var b strings.Builder
	for _, s := range record.Sections() {
		if n[s] > 0 {
			fmt.Fprintf(&b, "%s %d  ", s, n[s])
		}
	}
	return b.String()
}

func importPerson(t *testing.T, s *store.Store, raw []byte) int {
	const source = "synthea"
	me := enrol(t, s).session()
	sent, moved := storetest.Source(t, raw, source, me.PatientID())
	im := planOf(t, me, raw, source)
	if len(im.Changes) != len(sent) || len(im.Refused) != 0 || im.Dangling != 0 {
		t.Fatalf("%d of %d entries, %d refused, %d dangling", len(im.Changes), len(sent), len(im.Refused), im.Dangling)
	}
	began := time.Now()
	first, n := apply(t, me, im.Changes, len(im.Changes), source)
	took := time.Since(began)
	if n != (tally{Created: len(sent)}) {
		t.Errorf("the first import: %+v", n)
	}
	t.Logf("%d entries, %d bytes in %v: %.0f entries/s", len(sent), len(raw), took.Round(time.Millisecond), float64(len(sent))/took.Seconds())
	readBack(t, me, sent, moved, 1)
	t.Log(sectionTable(t, me))

	// The same file again, read and planned anew.
	if _, n := apply(t, me, planOf(t, me, raw, source).Changes, len(sent), source); n != (tally{Unchanged: len(sent)}) {
		t.Errorf("the second import: %+v", n)
	}
	list, err := me.List(t.Context())
	if err != nil || len(list) != len(sent) {
		t.Errorf("%d entries after the second import, want %d: %v", len(list), len(sent), err)
	}
	for _, e := range list {
		if e.Version != 1 {
			t.Errorf("%s is at version %s after the second import", e.Ref, e.Version)
		}
	}

	undone, err := me.Undo(t.Context(), first)
	if err != nil || undone.Deleted != len(sent) || undone.Restored != 0 || len(undone.Kept) != 0 {
		t.Errorf("undo: %+v, %v", undone, err)
	}
	if left := everything(t, me, im.Counts); len(left) != 0 {
		t.Errorf("%d entries are left after undo", len(left))
	}
	if _, err := me.Read(t.Context(), im.Changes[0].Ref, 0); !errors.Is(err, record.Gone) {
		t.Errorf("what was undone: %v", err)
	}
	if imports, err := me.Imports(t.Context()); err != nil || len(imports) != 0 {
		t.Errorf("after undo the imports are %v, %v", imports, err)
	}
	if _, n := apply(t, me, im.Changes, len(im.Changes), source); n != (tally{Created: len(sent)}) {
		t.Errorf("the import after undo: %+v", n)
	}
	if len(sent) < 400 || os.Getenv("CAREHOLD_LONG") != "" {
		readBack(t, me, sent, moved, 3)
	}
	return len(sent)
}

// TestImportAgainInLog: what the person imports again is logged by what changed;
// of everybody else, and of anything but an import, every entry is named.
func TestImportAgainInLog(t *testing.T) {
	_, s := newStore(t)
	d := enrol(t, s)
	everything := clinician(s)
	everything.Sections, everything.Scopes = record.AllSections, scopes("patient/*.cruds")
	proxy, token := d.share(everything)
	from := entry.Origin{Import: record.ImportID(crypto.RandomID()), Source: "nhs"}
	text := func(id, s string) string {
		return `{"resourceType":"AllergyIntolerance","id":"` + id + `","code":{"text":"` + s + `"}}`
	}
	send := func(v *store.View, o entry.Origin, second string) {
		t.Helper()
		var changes []change.Change
		for _, json := range []string{text("a1", "Latex"), text("a2", second)} {
			r, err := fhir.Parse([]byte(json), fhir.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			changes = append(changes, change.Change{Verb: change.Update, Ref: fhir.Ref{Type: r.Type(), ID: r.ID()}, Resource: r})
		}
		if _, err := v.Apply(t.Context(), changes, store.ApplyOptions{Origin: o}); err != nil {
			t.Fatal(err)
		}
	}
	me := d.session()
	send(me, from, "Nuts")
	send(me, from, "Nuts")
	send(me, from, "Peanuts")
	send(me, entry.Origin{}, "Peanuts")
	send(view(t, s, token), from, "Peanuts")
	a1, a2 := "AllergyIntolerance/a1/_history/1", "AllergyIntolerance/a2/_history/"
	want := [][]string{{a1, a2 + "1"}, nil, {a2 + "2"}, {a1, a2 + "2"}, {a1, a2 + "2"}}
	page, err := me.Log(t.Context(), 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	r := audit.NewReader(d.person)
	r.AddGeneration(d.audit, []record.GrantID{d.self.ID, proxy.ID})
	var got [][]string
	for i, leaf := range page.Leaves {
		e, err := r.Open(uint64(i), leaf)
		if err == nil && e.Event.Action == audit.Change {
			got = append(got, e.Event.Entries)
			if e.Event.More != 0 {
				t.Errorf("%d more", e.Event.More)
			}
		}
	}
	if !slices.EqualFunc(got, want, slices.Equal[[]string]) {
		t.Errorf("the log has %q, want %q", got, want)
	}
}

// TestUndoKeepsTheFileOfALetter: what is said of a file was changed since, and stays; the
// file stays with it, for a letter that leads to nothing is worse than one too many.
func TestUndoKeepsTheFileOfALetter(t *testing.T) {
	_, s := newStore(t)
	me := enrol(t, s).session()
	const file = `{"resourceType":"Binary","id":"f1","contentType":"text/plain","data":"TGV0dGVy"}`
	letter := func(title string) string {
		return `{"resourceType":"DocumentReference","id":"d1","status":"current","description":"` + title + `","content":[{"attachment":{"url":"Binary/f1"}}]}`
	}
	const goal = `{"resourceType":"Goal","id":"g1","description":{"text":"Walk"}}`
	send := func(texts ...string) record.ImportID {
		t.Helper()
		id := record.ImportID(crypto.RandomID())
		var changes []change.Change
		for _, json := range texts {
			r, err := fhir.Parse([]byte(json), fhir.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			changes = append(changes, change.Change{Verb: change.Update, Ref: fhir.Ref{Type: r.Type(), ID: r.ID()}, Resource: r})
		}
		if _, err := me.Apply(t.Context(), changes, store.ApplyOptions{Origin: entry.Origin{Import: id, Source: "letter.txt"}}); err != nil {
			t.Fatal(err)
		}
		return id
	}
	undo := func(id record.ImportID, deleted, restored int, kept ...string) {
		t.Helper()
		got, err := me.Undo(t.Context(), id)
		if err != nil || got.Deleted != deleted || got.Restored != restored {
			t.Fatalf("%+v, %v", got, err)
		}
		var names []string
		for _, ref := range got.Kept {
			names = append(names, ref.String())
		}
		if slices.Sort(names); !slices.Equal(names, kept) {
			t.Fatalf("kept %q, want %q", names, kept)
		}
	}
	one := send(file, letter("Letter"), goal)
	two := send(letter("Knee clinic"))
	undo(one, 1, 0, "Binary/f1", "DocumentReference/d1") // the goal goes
	for _, ref := range []fhir.Ref{{Type: "Binary", ID: "f1"}, {Type: "DocumentReference", ID: "d1"}} {
		if _, err := me.Read(t.Context(), ref, 0); err != nil {
			t.Errorf("%s: %v", ref, err)
		}
	}
	// The later one first, and then all of it goes.
	undo(two, 0, 1)
	undo(one, 2, 0)
	if _, err := me.Read(t.Context(), fhir.Ref{Type: "Binary", ID: "f1"}, 0); !errors.Is(err, record.Gone) {
		t.Errorf("the file: %v", err)
	}
}
