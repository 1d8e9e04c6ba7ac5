package store_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"carehold/record"
	"carehold/record/change"
	"carehold/record/fhir"
	"carehold/record/grant"
	"carehold/record/store"
)

func observationIn(id, category, more string) string {
	if id != "" {
		id = fmt.Sprintf(`"id":"%s",`, id)
	}
	return fmt.Sprintf(`{"resourceType":"Observation",%s"status":"final","category":[{"coding":[{"system":"urn:category","code":"%s"}]}],"code":{"coding":[{"system":"urn:code","code":"x"}]}%s}`, id, category, more)
}

// narrowedTo is a View under a grant to the clinical sections with these scopes.
func narrowedTo(t *testing.T, s *store.Store, d *device, text string) *store.View {
	t.Helper()
	g := clinician(s)
	g.Scopes = scopes(text)
	_, token := d.share(g)
	return view(t, s, token)
}

// TestLimitedWrites: who may write laboratory results writes those and no others, and
// moves nothing into what they may see, or out of it.
func TestLimitedWrites(t *testing.T) {
	_, s := newStore(t)
	d := enrol(t, s)
	me := d.session()
	put(t, me, observationIn("lab", "laboratory", ""))
	put(t, me, observationIn("vital", "vital-signs", ""))
	put(t, me, observationIn("gone", "vital-signs", ""))
	if _, err := me.Apply(ctx, []change.Change{{Verb: change.Delete, Ref: fhir.Ref{Type: "Observation", ID: "gone"}}}, store.ApplyOptions{}); err != nil {
		t.Fatal(err)
	}
	v := narrowedTo(t, s, d, "patient/Observation.cruds?category=urn:category|laboratory")
	create := func(json string) error {
		_, err := v.Apply(ctx, []change.Change{{Verb: change.Create, Ref: fhir.Ref{Type: "Observation", ID: v.NewID("Observation")}, Resource: resourceOf(t, json)}}, store.ApplyOptions{})
		return err
	}
	if err := create(observationIn("", "laboratory", "")); err != nil {
		t.Error(err)
	}
	for _, category := range []string{"vital-signs", "Laboratory", "other"} {
		if err := create(observationIn("", category, "")); !errors.Is(err, record.Forbidden) {
			t.Errorf("a new one of category %q: %v", category, err)
		}
	}
	for _, r := range []struct {
		json string
		want record.Kind
	}{
		{observationIn("lab", "laboratory", `,"issued":"2026-01-01T00:00:00Z"`), ""},
		{observationIn("lab", "vital-signs", ""), record.Forbidden},   // out of what was shared
		{observationIn("vital", "laboratory", ""), record.NotAllowed}, // into it: as an id that is free
		{observationIn("vital", "vital-signs", ""), record.NotAllowed},
		{observationIn("gone", "laboratory", ""), record.NotAllowed},
		{observationIn("never", "laboratory", ""), record.NotAllowed},
	} {
		_, err := tryPut(v, r.json)
		if r.want == "" && err != nil || r.want != "" && !errors.Is(err, r.want) {
			t.Errorf("%s: %v, want %q", r.json, err, r.want)
		}
	}
	// What tells of what is there tells the same of what is not.
	texts := map[string]string{}
	for _, id := range []string{"vital", "gone", "never"} {
		_, put := tryPut(v, observationIn(id, "laboratory", ""))
		_, del := v.Apply(ctx, []change.Change{{Verb: change.Delete, Ref: fhir.Ref{Type: "Observation", ID: id}}}, store.ApplyOptions{})
		_, read := v.Read(ctx, fhir.Ref{Type: "Observation", ID: id}, 0)
		_, old := v.Read(ctx, fhir.Ref{Type: "Observation", ID: id}, 1)
		_, history := v.History(ctx, store.HistoryQuery{Type: "Observation", ID: id, Limit: 5})
		texts[id] = strings.ReplaceAll(fmt.Sprint(put, del, read, old, history), id, "ID")
	}
	if texts["vital"] != texts["never"] || texts["gone"] != texts["never"] {
		t.Errorf("told apart: %q", texts)
	}
	// The log calls it the same, too.
	_, _ = v.Read(ctx, fhir.Ref{Type: "Observation", ID: "vital"}, 0)
	hidden := d.lastEvent(t)
	_, _ = v.Read(ctx, fhir.Ref{Type: "Observation", ID: "never"}, 0)
	if free := d.lastEvent(t); hidden.Reason != free.Reason || hidden.Outcome != free.Outcome || hidden.Action != free.Action {
		t.Errorf("in the log %+v, and of none %+v", hidden, free)
	}
	if e, err := me.Read(ctx, fhir.Ref{Type: "Observation", ID: "vital"}, 0); err != nil || e.Version != 1 || !strings.Contains(string(e.Body), "vital-signs") {
		t.Errorf("%s, %v", e.Body, err)
	}
	// A condition finds what may be seen alone; what it creates has to match.
	json := observationIn("", "laboratory", `,"identifier":[{"system":"urn:i","value":"1"}]`)
	put(t, me, observationIn("twin", "vital-signs", `,"identifier":[{"system":"urn:i","value":"1"}]`))
	if res, err := createIfNone(t, v, "identifier=urn:i|1", json); err != nil || !res.Created {
		t.Errorf("%+v, %v", res, err)
	}
	if res, err := createIfNone(t, v, "identifier=urn:i|1", json); err != nil || res.Created {
		t.Errorf("%+v, %v", res, err)
	}
	// Within a transaction what is read is as it is about to be.
	ref := fhir.Ref{Type: "Observation", ID: v.NewID("Observation")}
	w := narrowedTo(t, s, d, "patient/Observation.c patient/Observation.rs?category=laboratory")
	_, err := w.Apply(ctx, []change.Change{{Verb: change.Create, Ref: ref, Resource: resourceOf(t, observationIn("", "vital-signs", ""))}, {Verb: change.Read, Ref: ref}}, store.ApplyOptions{})
	if !errors.Is(err, record.NotFound) && !errors.Is(err, record.Invalid) {
		t.Errorf("read what was added and may not be seen: %v", err)
	}
}

// TestLimitedHistory: what is deleted is as it was; and once it is corrected out of what
// was shared, all of it is.
func TestLimitedHistory(t *testing.T) {
	_, s := newStore(t)
	d := enrol(t, s)
	me := d.session()
	v := narrowedTo(t, s, d, "patient/Observation.rs?category=laboratory")
	ref := fhir.Ref{Type: "Observation", ID: "o"}
	read := func(want string) {
		t.Helper()
		got := ""
		for version := record.Version(0); version <= 6; version++ {
			_, err := v.Read(ctx, ref, version)
			switch {
			case err == nil:
				got += "s"
			case errors.Is(err, record.Gone):
				got += "g"
			case errors.Is(err, record.NotFound):
				got += "-"
			default:
				t.Fatal(err)
			}
		}
		if got != want {
			t.Errorf("newest and versions 1 to 6: %s, want %s", got, want)
		}
	}
	remove := func() {
		if _, err := me.Apply(ctx, []change.Change{{Verb: change.Delete, Ref: ref}}, store.ApplyOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	put(t, me, observationIn("o", "survey", ""))
	read("-------")
	put(t, me, observationIn("o", "laboratory", ""))
	read("s-s----")
	remove()
	read("g-sg---")
	put(t, me, observationIn("o", "laboratory", `,"issued":"2026-01-01T00:00:00Z"`))
	read("s-sgs--")
	put(t, me, observationIn("o", "survey", ""))
	read("-------")
	remove()
	read("-------")
}

// TestLimitedNonsense: a parameter that the type does not have matches nothing, and so
// does one that a certificate could not have.
func TestLimitedNonsense(t *testing.T) {
	_, s := newStore(t)
	d := enrol(t, s)
	me := d.session()
	put(t, me, observationIn("o", "laboratory", ""))
	put(t, me, fmt.Sprintf(`{"resourceType":"Patient","id":"%s"}`, me.PatientID()))
	for _, text := range []string{"patient/Observation.rs?clinical-status=active", "patient/Observation.rs?intent=order", "patient/Patient.rs?category=laboratory"} {
		v := narrowedTo(t, s, d, text)
		for _, typ := range []string{"Observation", "Patient"} {
			p, err := lookFor(v, typ, "", 5)
			if err == nil && p.Total != 0 || err != nil && !errors.Is(err, record.Forbidden) {
				t.Errorf("%s: %d of %s, %v", text, p.Total, typ, err)
			}
		}
		for _, ref := range []fhir.Ref{{Type: "Observation", ID: "o"}, {Type: "Patient", ID: me.PatientID()}} {
			if _, err := v.Read(ctx, ref, 0); err == nil {
				t.Errorf("%s: %s is read", text, ref)
			}
		}
	}
}

// TestLimitedMemos: two grants of one record, of which one is narrowed: what is kept for
// the searches of one is nothing to the other, in either order.
func TestLimitedMemos(t *testing.T) {
	_, s := newStore(t)
	d := enrol(t, s)
	me := d.session()
	put(t, me, observationIn("lab", "laboratory", ""))
	put(t, me, observationIn("vital", "vital-signs", ""))
	wide := narrowedTo(t, s, d, "patient/Observation.rs")
	narrow := narrowedTo(t, s, d, "patient/Observation.rs?category=laboratory")
	for range 2 {
		for v, want := range map[*store.View]int{wide: 2, narrow: 1, me: 2} {
			if p, err := lookFor(v, "Observation", "", 5); err != nil || p.Total != want {
				t.Errorf("%d, %v, want %d", p.Total, err, want)
			}
		}
		put(t, me, observationIn("vital", "vital-signs", `,"issued":"2026-01-01T00:00:00Z"`))
	}
	// Of one grant, too, should a token of it stand for less: the limits are not in what
	// is kept, but asked of it.
	if n := narrow.Grant(); !grant.Limited(n) {
		t.Error(n.Scopes)
	}
}

// TestLimitedFiles: under a grant to letters of one category the files of those are read,
// and no others, nor is there a list of them.
func TestLimitedFiles(t *testing.T) {
	_, s := newStore(t)
	d := enrol(t, s)
	me := d.session()
	letter := func(id, category, file string) string {
		return fmt.Sprintf(`{"resourceType":"DocumentReference","id":"%s","status":"current","category":[{"coding":[{"system":"urn:category","code":"%s"}]}],"content":[{"attachment":{"url":"%s"}}]}`, id, category, file)
	}
	for _, id := range []string{"note", "other", "alone", "was"} {
		put(t, me, large(id, 2000))
	}
	put(t, me, letter("a", "clinical-note", "Binary/was"))
	put(t, me, letter("a", "clinical-note", "Binary/note"))
	put(t, me, letter("b", "insurance", "Binary/other"))
	for what, text := range map[string]string{
		"narrowed":   "patient/DocumentReference.rs?category=clinical-note patient/Binary.rs",
		"and others": "patient/DocumentReference.rs?category=clinical-note patient/*.r patient/Binary.s",
		"all":        "patient/DocumentReference.rs patient/Binary.rs",
	} {
		v := narrowedTo(t, s, d, text)
		got := ""
		for _, id := range []string{"note", "other", "alone", "was", "never"} {
			_, err := v.Read(ctx, binaryRef(id), 0)
			_, content := v.Content(ctx, binaryRef(id), 1)
			if (err == nil) != (content == nil) {
				t.Errorf("%s: %s: %v, its content %v", what, id, err, content)
			}
			if err != nil && !errors.Is(err, record.NotFound) {
				t.Errorf("%s: %s: %v", what, id, err)
			}
			if err == nil {
				got += id + " "
			}
		}
		want, listed := "note ", 0
		switch what {
		case "and others":
			want = "note other " // every letter is read by it
		case "all":
			want, listed = "note other alone was ", 4
		}
		if got != want {
			t.Errorf("%s: %s, want %s", what, got, want)
		}
		w := narrowedTo(t, s, d, text)
		if p, err := lookFor(w, "Binary", "", 5); err != nil || p.Total != listed {
			t.Errorf("%s: %d found, %v", what, p.Total, err)
		}
		if h, err := w.History(ctx, store.HistoryQuery{Type: "Binary", Limit: 9}); err != nil || h.Total != listed {
			t.Errorf("%s: %d in the history, %v", what, h.Total, err)
		}
		if _, err := w.Apply(ctx, []change.Change{{Verb: change.Read, Ref: binaryRef("other")}}, store.ApplyOptions{}); (err == nil) != (what == "all") {
			t.Errorf("%s: in a transaction: %v", what, err)
		}
	}
}
