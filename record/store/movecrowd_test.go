package store_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"carehold/record"
	"carehold/record/change"
	"carehold/record/entry"
	"carehold/record/fhir"
	"carehold/record/store"
)

// crowded is a letter with so many files where nobody looks, and then those of its own.
func crowded(crowd []string, own ...string) string {
	var b strings.Builder
	for i, id := range crowd {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"url":"x:y","valueReference":{"reference":"Binary/%s"}}`, id)
	}
	return strings.Replace(letterWith(own...), `"status"`, `"extension":[`+b.String()+`],"status"`, 1)
}

func nowhere(n int) (ids []string) {
	for i := range n {
		ids = append(ids, fmt.Sprintf("nowhere-%d", i))
	}
	return ids
}

// atOnce makes many small files.
func atOnce(t *testing.T, v *store.View, n int) (ids []string) {
	var list []change.Change
	for range n {
		ref := binaryRef(v.NewID("Binary"))
		list = append(list, change.Change{Verb: change.Create, Ref: ref, Resource: resourceOf(t, `{"resourceType":"Binary","contentType":"text/plain","data":"aGVsbG8="}`)})
		ids = append(ids, ref.ID)
	}
	if _, err := v.Apply(t.Context(), list, store.ApplyOptions{}); err != nil {
		t.Fatal(err)
	}
	return ids
}

// TestCrowdOfNothing: of a letter that a grantee lets point to 20,000 files that never
// were, the person's scan goes along, whether or not it is still pointed to: the grantee
// reads it no more.
func TestCrowdOfNothing(t *testing.T) {
	t.Parallel()
	for _, last := range []string{"scan", "none"} {
		_, s := newStore(t)
		d := enrol(t, s)
		me := d.session()
		v := writer(t, s, d)
		put(t, me, `{"resourceType":"Binary","id":"scan","contentType":"text/plain","data":"aGVsbG8="}`)
		put(t, me, letterWith("scan"))
		put(t, v, crowded(nowhere(20_000), last))
		res, err := me.Move(t.Context(), []fhir.Ref{letterRef}, record.MentalHealth)
		if err != nil || res[0].Stay != 0 {
			t.Fatalf("with %s last: %+v, %v", last, res, err)
		}
		if at := filedIn(t, me, "scan"); at != record.MentalHealth {
			t.Errorf("with %s last the scan is in %s", last, at)
		}
		if _, err := v.Read(t.Context(), binaryRef("scan"), 0); err == nil {
			t.Errorf("with %s last the grantee reads it", last)
		}
	}
}

// TestCrowdOfAnothers: a thousand files of one grantee leave the scan of another's letter
// where it goes, and the person is told beforehand and afterwards that one stays.
func TestCrowdOfAnothers(t *testing.T) {
	t.Parallel()
	_, s := newStore(t)
	d := enrol(t, s)
	me := d.session()
	clinic, v := writer(t, s, d), writer(t, s, d)
	scan := madeFiles(t, clinic, 1, "aGVsbG8=")[0]
	letter, err := creates(t, clinic, letterWith(scan))
	if err != nil {
		t.Fatal(err)
	}
	crowd := atOnce(t, v, 1000)
	put(t, v, strings.Replace(crowded(crowd, scan), `"id":"letter"`, `"id":"`+letter.Ref.ID+`"`, 1))
	info, err := me.Why(t.Context(), letter.Ref)
	if err != nil || info.MoreFiles != 1 || !slices.ContainsFunc(info.Files, func(f store.Info) bool { return f.Ref.ID == scan }) {
		t.Errorf("beforehand: %d files and %d more, %v", len(info.Files), info.MoreFiles, err)
	}
	res, err := me.Move(t.Context(), []fhir.Ref{letter.Ref}, record.MentalHealth)
	if err != nil || res[0].Stay != 1 {
		t.Fatalf("%+v, %v", res, err)
	}
	if at := filedIn(t, me, scan); at != record.MentalHealth {
		t.Errorf("the clinic's scan is in %s", at)
	}
	if _, err := v.Read(t.Context(), binaryRef(scan), 0); err == nil {
		t.Error("the other grantee reads it")
	}
}

// TestCrowdInTurn: whoever wrote a letter before and after somebody who crowds it, what
// they named goes along, by hand-made histories of a letter.
func TestCrowdInTurn(t *testing.T) {
	const looked, along, many = 24, 8, 60
	store.FewFiles(t, looked, along)
	type world struct {
		t                 *testing.T
		me, clinic, crowd *store.View
		mine, theirs      string   // files of the person's and the clinic's
		junk              []string // those of the crowd's
	}
	both := func(w *world) []string { return []string{w.mine, w.theirs} }
	for _, x := range []struct {
		what  string
		write func(w *world)
		goes  func(w *world) []string
	}{
		{"the crowd writes last, and leaves nothing in", func(w *world) {
			put(w.t, w.me, letterWith(w.mine))
			put(w.t, w.clinic, letterWith(w.theirs))
			put(w.t, w.crowd, crowded(w.junk, "none"))
		}, both},
		{"the crowd writes first", func(w *world) {
			put(w.t, w.crowd, crowded(w.junk, "none"))
			put(w.t, w.clinic, crowded(w.junk, w.theirs))
			put(w.t, w.me, crowded(w.junk, w.theirs, w.mine))
		}, both},
		{"the person goes on with what the crowd wrote", func(w *world) {
			put(w.t, w.me, letterWith(w.mine))
			put(w.t, w.clinic, letterWith(w.mine, w.theirs))
			put(w.t, w.crowd, crowded(w.junk, "none"))
			put(w.t, w.me, crowded(w.junk, "other"))
		}, both},
		{"the person takes it back, and has it again", func(w *world) {
			put(w.t, w.clinic, letterWith(w.theirs))
			put(w.t, w.crowd, crowded(w.junk, "none"))
			put(w.t, w.me, letterWith(w.mine))
			put(w.t, w.me, crowded(w.junk, "none"))
		}, both},
		{"the crowd names them before anybody", func(w *world) {
			put(w.t, w.crowd, crowded(w.junk, w.mine, w.theirs))
			put(w.t, w.clinic, letterWith(w.theirs))
			put(w.t, w.me, letterWith(w.mine))
		}, both},
		{"an import of the person's names it", func(w *world) {
			put(w.t, w.clinic, letterWith(w.theirs))
			put(w.t, w.crowd, crowded(w.junk, "none"))
			list := []change.Change{{Verb: change.Update, Ref: letterRef, Resource: resourceOf(w.t, letterWith(w.mine))}}
			if _, err := w.me.Apply(w.t.Context(), list, store.ApplyOptions{Origin: entry.Origin{Import: record.ImportID{1}, Source: "a friend"}}); err != nil {
				w.t.Fatal(err)
			}
			put(w.t, w.crowd, crowded(w.junk, "more"))
		}, both},
		{"an import of the person's is what crowds", func(w *world) {
			put(w.t, w.me, letterWith(w.mine))
			list := []change.Change{{Verb: change.Update, Ref: letterRef, Resource: resourceOf(w.t, crowded(w.junk, w.mine))}}
			if _, err := w.me.Apply(w.t.Context(), list, store.ApplyOptions{Origin: entry.Origin{Import: record.ImportID{1}, Source: "a friend"}}); err != nil {
				w.t.Fatal(err)
			}
		}, func(w *world) []string { return []string{w.mine} }},
		{"an import names it at the end, and the person takes it up", func(w *world) {
			list := []change.Change{{Verb: change.Update, Ref: letterRef, Resource: resourceOf(w.t, crowded(w.junk, w.mine))}}
			if _, err := w.me.Apply(w.t.Context(), list, store.ApplyOptions{Origin: entry.Origin{Import: record.ImportID{1}, Source: "a friend"}}); err != nil {
				w.t.Fatal(err)
			}
			put(w.t, w.me, letterWith(w.mine))
		}, func(w *world) []string { return []string{w.mine} }},
		{"as many are the person's as go along", func(w *world) {
			list := []change.Change{{Verb: change.Update, Ref: letterRef, Resource: resourceOf(w.t, crowded(w.junk[:30], "none"))}}
			if _, err := w.me.Apply(w.t.Context(), list, store.ApplyOptions{Origin: entry.Origin{Import: record.ImportID{1}, Source: "a friend"}}); err != nil {
				w.t.Fatal(err)
			}
			put(w.t, w.crowd, crowded(w.junk[30:], "none"))
			put(w.t, w.me, letterWith(w.mine, "own1", "own2", "own3", "own4", "own5", "own6", "own7"))
		}, func(w *world) []string {
			return []string{w.mine, "own1", "own2", "own3", "own4", "own5", "own6", "own7"}
		}},
		{"it is left in with the crowd that named it", func(w *world) {
			put(w.t, w.crowd, crowded(w.junk[:looked-2], w.mine, w.theirs))
			put(w.t, w.clinic, crowded(w.junk[:looked-2], w.mine, w.theirs, "none"))
		}, both},
		{"the crowd writes a version of the files", func(w *world) {
			put(w.t, w.me, letterWith(w.mine))
			put(w.t, w.clinic, letterWith(w.mine, w.theirs))
			for _, id := range []string{w.mine, w.theirs} {
				put(w.t, w.crowd, `{"resourceType":"Binary","id":"`+id+`","contentType":"text/html","data":"aGVsbG8="}`)
			}
			put(w.t, w.crowd, crowded(w.junk, "none"))
		}, both},
		{"the crowd deletes its files", func(w *world) {
			put(w.t, w.clinic, letterWith(w.theirs))
			put(w.t, w.me, letterWith(w.theirs, w.mine))
			put(w.t, w.crowd, crowded(w.junk, "none"))
			for _, id := range w.junk {
				if _, err := w.crowd.Apply(w.t.Context(), []change.Change{{Verb: change.Delete, Ref: binaryRef(id)}}, store.ApplyOptions{}); err != nil {
					w.t.Fatal(err)
				}
			}
		}, both},
		{"the letter was deleted between", func(w *world) {
			put(w.t, w.me, letterWith(w.mine, w.theirs))
			put(w.t, w.crowd, crowded(w.junk, "none"))
			if _, err := w.crowd.Apply(w.t.Context(), []change.Change{{Verb: change.Delete, Ref: letterRef}}, store.ApplyOptions{}); err != nil {
				w.t.Fatal(err)
			}
			put(w.t, w.crowd, crowded(w.junk, "none"))
		}, both},
	} {
		t.Run(x.what, func(t *testing.T) {
			_, s := newStore(t)
			d := enrol(t, s)
			w := &world{t: t, me: d.session(), clinic: writer(t, s, d), crowd: writer(t, s, d), mine: "mine"}
			put(t, w.me, `{"resourceType":"Binary","id":"mine","contentType":"text/plain","data":"aGVsbG8="}`)
			for i := range 7 {
				put(t, w.me, fmt.Sprintf(`{"resourceType":"Binary","id":"own%d","contentType":"text/plain","data":"aGVsbG8="}`, i+1))
			}
			w.theirs = madeFiles(t, w.clinic, 1, "aGVsbG8=")[0]
			w.junk = atOnce(t, w.crowd, many)
			put(t, w.me, letterWith("none"))
			x.write(w)
			res, err := w.me.Move(t.Context(), []fhir.Ref{letterRef}, record.MentalHealth)
			if err != nil {
				t.Fatal(err)
			}
			for _, id := range x.goes(w) {
				if at := filedIn(t, w.me, id); at != record.MentalHealth {
					t.Errorf("%s is in %s", id, at)
				}
			}
			gone := 0
			for _, id := range slices.Concat(w.junk, []string{w.mine, w.theirs}) {
				if info, err := w.me.Why(t.Context(), binaryRef(id)); err == nil && info.Section == record.MentalHealth {
					gone++
				}
			}
			if gone > along {
				t.Errorf("%d files went along", gone)
			}
			if res[0].Stay == 0 {
				t.Error("none stays")
			}
		})
	}
}
