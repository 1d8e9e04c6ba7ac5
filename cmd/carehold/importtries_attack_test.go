package main

import (
	"context"
	"strings"
	"testing"
)

// TestUndoBetweenTries: undoing an import that went on does not take back what somebody
// wrote between its two tries.
func TestUndoBetweenTries(t *testing.T) {
	a, b := newExporting(t), newExporting(t)
	me := func(x *exporting) string { return `"subject":{"reference":"Patient/` + x.patient() + `"}` }
	for _, id := range []string{"one", "two", "three", "four", "five"} {
		a.put("Condition/"+id, `{"resourceType":"Condition","id":"`+id+`",`+me(a)+`,"code":{"text":"Hay fever"}}`)
		a.put("Condition/"+id, `{"resourceType":"Condition","id":"`+id+`",`+me(a)+`,"code":{"text":"Hay fever, newer"}}`)
	}
	a.command(exitDone, "export", a.path("out"))
	ctx, cancel := context.WithCancel(t.Context())
	if err := b.interrupted(ctx, a.path("out"), &cancelling{left: 2, cancel: cancel}); exitCode(ctx, err) != exitInterrupted {
		t.Fatal(err)
	}
	id := ""
	for name := range b.versions() {
		if strings.HasPrefix(name, "Condition/") {
			id, _, _ = strings.Cut(strings.TrimPrefix(name, "Condition/"), "/")
		}
	}
	b.put("Condition/"+id, `{"resourceType":"Condition","id":"`+id+`",`+me(b)+`,"code":{"text":"MY OWN EDIT"}}`)
	said := b.command(exitDone, "import", a.path("out"), "--yes")
	_, after, _ := strings.Cut(said, "imports undo ")
	b.alone("imports", "undo", "--yes", strings.Fields(after)[0])
	list, err := b.u.session.Entries(t.Context())
	must(t, err)
	for _, e := range list {
		if e.ID == id {
			if e.Deleted {
				t.Error("the person's edit is deleted by the undo")
			}
		}
	}
}

// TestFiledAfterCrash: what a try brought, and could not file before it broke off, the
// next one files as the export has it.
func TestFiledAfterCrash(t *testing.T) {
	a, b := newExporting(t), newExporting(t)
	a.put("Condition/hid", `{"resourceType":"Condition","id":"hid","subject":{"reference":"Patient/`+a.patient()+`"},"code":{"text":"Hay fever"}}`)
	a.command(exitDone, "move", "Condition/hid", "--to", "private", "--yes")
	a.command(exitDone, "export", a.path("out"))
	r, err := b.openExport(a.path("out"), exportKeys{})
	must(t, err)
	before := *b.u.app
	b.u.app.yes = true
	x, err := b.u.planExport(t.Context(), r, exportOptions{})
	must(t, err)
	must(t, x.unfinished.begin(x.first.ID, nil))
	must(t, x.wave(t.Context(), 0))
	*b.u.app = before
	r.Close()
	b.command(exitDone, "import", a.path("out"))
	if s := b.sections()["Condition/hid"]; !strings.HasPrefix(s, "private") {
		t.Errorf("filed in %s", s)
	}
}

// TestNoteOfSome: of a note of origin that came along before what it says of entries that
// come with it is heard, and not what it says of others, or of versions there are not.
func TestNoteOfSome(t *testing.T) {
	note := func(id string, refs ...string) string {
		return `{"resourceType":"Provenance","id":"carried-` + id + `","meta":{"tag":[{"system":"urn:carehold:carried","code":"provenance"}]},"target":[{"reference":"` + strings.Join(refs, `"},{"reference":"`) + `"}],"recorded":"2020-01-01T00:00:00Z","agent":[{"who":{"display":"Dr X"}}]}`
	}
	a, b := newExporting(t), newExporting(t)
	a.ada()
	a.command(exitDone, "export", a.path("out"))
	b.command(exitDone, "import", a.path("out"))
	a.put("Condition/new", `{"resourceType":"Condition","id":"new","subject":{"reference":"Patient/`+a.patient()+`"},"code":{"text":"Hay fever"}}`)
	a.put("Provenance/carried-mixed", note("mixed", "Condition/new/_history/1", "Condition/asthma/_history/1"))
	a.put("Provenance/carried-future", note("future", "Condition/new/_history/2"))
	a.command(exitDone, "export", a.path("later"))
	b.command(exitDone, "import", a.path("later"))
	now := b.notes()
	if !strings.Contains(now["carried-mixed"], "urn:carehold:carried") {
		t.Error("mixed: the note of the new entry is heard no more")
	}
	if strings.Contains(now["carried-future"], "urn:carehold:carried") {
		t.Error("future: a note of a version that nobody has written is tagged")
	}
}

// TestNoteOfOverwritten: who wrote what came over an entry that was there is told after
// an interruption, too.
func TestNoteOfOverwritten(t *testing.T) {
	a, b := newExporting(t), newExporting(t)
	for _, id := range []string{"one", "two", "three"} {
		for _, x := range []*exporting{a, b} {
			x.put("Condition/"+id, `{"resourceType":"Condition","id":"`+id+`","subject":{"reference":"Patient/`+x.patient()+`"},"code":{"text":"`+x.patient()+`"}}`)
		}
	}
	a.command(exitDone, "export", a.path("out"))
	ctx, cancel := context.WithCancel(t.Context())
	if err := b.interrupted(ctx, a.path("out"), &cancelling{left: 2, cancel: cancel}); exitCode(ctx, err) != exitInterrupted {
		t.Fatal(err)
	}
	b.command(exitDone, "import", a.path("out"), "--yes")
	all := ""
	for _, n := range b.notes() {
		all += n
	}
	for _, id := range []string{"one", "two", "three"} {
		if !strings.Contains(all, "Condition/"+id+"/_history/2") {
			t.Errorf("nothing told of %s", id)
		}
	}
}

// TestLinkTagTwice: a tag whose members can be read in two ways is taken off, or refused.
func TestLinkTagTwice(t *testing.T) {
	for _, tag := range []string{`[{"system":"urn:carehold:carried","System":"x"}]`, `[{"system":"urn:carehold:carried","SYSTEM":5}]`} {
		b, s := newExporting(t), newLinkServer(t)
		b.alone("import", "--recipient", "Ada", "--this-machine", "--yes", s.link("/mallory/xyz", dosed("Ada Okonkwo", "10 mg once a WEEK",
			`,{"fullUrl":"https://gp.example/Provenance/z","resource":{"resourceType":"Provenance","id":"z","meta":{"tag":`+tag+`},"target":[{"reference":"Patient/1"}],"recorded":"2020-01-01T00:00:00Z","agent":[{"who":{"display":"Dr Forged"}}]}}`)))
		for _, text := range b.versions() {
			if strings.Contains(text, "urn:carehold:carried") {
				t.Errorf("kept with the tag: %s", text)
			}
		}
	}
}

// TestOlderNeverOverNewest: importing an export again over entries that were there before
// writes none of its older versions.
func TestOlderNeverOverNewest(t *testing.T) {
	a, b := newExporting(t), newExporting(t)
	dose := func(x *exporting, s string) {
		x.put("Condition/x", `{"resourceType":"Condition","id":"x","subject":{"reference":"Patient/`+x.patient()+`"},"code":{"text":"`+s+`"}}`)
	}
	dose(b, "mine")
	for _, s := range []string{"A1", "A2", "A3", "A4", "A5"} {
		dose(a, s)
	}
	a.command(exitDone, "export", a.path("out"))
	b.command(exitDone, "import", a.path("out"), "--yes")
	before := len(b.versions())
	ctx, cancel := context.WithCancel(t.Context())
	_ = b.interrupted(ctx, a.path("out"), &cancelling{left: 1, cancel: cancel})
	b.command(exitDone, "import", a.path("out"), "--yes")
	if v := b.versions(); len(v) > before+1 {
		t.Errorf("%v", v)
	}
}

// TestNoteOfBetweenTries: nothing is told of the origin of what somebody wrote between
// two tries.
func TestNoteOfBetweenTries(t *testing.T) {
	a, b := newExporting(t), newExporting(t)
	dose := func(x *exporting, s string) {
		x.put("Condition/x", `{"resourceType":"Condition","id":"x","subject":{"reference":"Patient/`+x.patient()+`"},"code":{"text":"`+s+`"}}`)
	}
	for _, s := range []string{"A1", "A2", "A3"} {
		dose(a, s)
	}
	a.command(exitDone, "export", a.path("out"))
	try := func() { // ends when its first wave is in
		r, err := b.openExport(a.path("out"), exportKeys{})
		must(t, err)
		defer r.Close()
		before := *b.u.app
		defer func() { *b.u.app = before }()
		b.u.app.yes = true
		x, err := b.u.planExport(t.Context(), r, exportOptions{})
		must(t, err)
		must(t, x.unfinished.begin(x.first.ID, nil))
		must(t, x.wave(t.Context(), 0))
	}
	try()
	dose(b, "MINE")
	try()
	b.command(exitDone, "import", a.path("out"), "--yes")
	for _, n := range b.notes() {
		if strings.Contains(n, "Condition/x/_history/2") {
			t.Error(n)
		}
	}
}
