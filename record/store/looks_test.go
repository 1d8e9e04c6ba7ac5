package store_test

import (
	"slices"
	"testing"

	"carehold/record"
	"carehold/record/audit"
	"carehold/record/entry"
	"carehold/record/fhir"
	"carehold/record/store"
)

// The person's story of an entry: where it is from, its versions, and who saw it.
func TestStory(t *testing.T) {
	_, s := newStore(t)
	d := enrol(t, s)
	me := d.session()
	goal := `{"resourceType":"Goal","id":"walk","lifecycleStatus":"active","description":{"text":"walk to the shop"},"subject":{"reference":"Patient/` + me.PatientID() + `"}}`
	if _, err := tryImport(me, goal, entry.Origin{Import: record.ImportID{1}, Source: "GP practice export"}); err != nil {
		t.Fatal(err)
	}
	ref := fhir.Ref{Type: "Goal", ID: "walk"}
	g := clinician(s)
	g.Sections = record.AllSections
	made, token := d.share(g)
	theirs := view(t, s, token)
	defer theirs.Close()
	if _, err := theirs.Read(ctx, ref, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := me.Annotate(ctx, ref, 0, "To the corner shop", false); err != nil {
		t.Fatal(err)
	}
	if _, err := theirs.Story(ctx, ref); record.KindOf(err) != record.Forbidden {
		t.Errorf("with a grant: %v", err)
	}
	if _, err := theirs.LooksPage(ctx, store.LooksQuery{Limit: 10}); record.KindOf(err) != record.Forbidden {
		t.Errorf("the log, with a grant: %v", err)
	}

	story, err := me.Story(ctx, ref)
	if err != nil {
		t.Fatal(err)
	}
	if story.Read || len(story.Looks.Entries) != 0 {
		t.Error("a session without what reads the log read it")
	}
	if _, err := me.LooksPage(ctx, store.LooksQuery{Limit: 10}); err != store.ErrNotReading {
		t.Errorf("the log, in a session without what reads it: %v", err)
	}

	reads := d.reader()
	if story, err = reads.Story(ctx, ref); err != nil {
		t.Fatal(err)
	}
	if story.Version != 2 || story.About.Before.Origin.Source != "GP practice export" || story.Section != record.Plan || story.About.Suggested != record.Plan || story.About.Reason == "" {
		t.Errorf("%+v", story.About)
	}
	if len(story.Versions) != 2 || story.Versions[0].Version != 2 || story.Versions[1].Header.Origin.Source != "GP practice export" {
		t.Errorf("versions: %+v", story.Versions)
	}
	var did []audit.Action
	for _, e := range story.Looks.Entries {
		did = append(did, e.Event.Action)
	}
	if !story.Read || !slices.Equal(did, []audit.Action{audit.Read, audit.Change, audit.Read, audit.Read, audit.Change}) || story.Looks.Entries[3].Event.Grant != made.ID {
		t.Errorf("who saw it: %v", did)
	}
	if e := d.lastEvent(t); e.Action != audit.Read || !slices.Equal(e.Entries, []string{"Goal/walk/_history/2"}) {
		t.Errorf("logged: %+v", e)
	}

	before, err := reads.LooksPage(ctx, store.LooksQuery{Limit: 3})
	if err != nil || len(before.Entries) != 3 || before.Next == 0 || before.Entries[0].Index <= before.Entries[2].Index {
		t.Fatalf("a page of the log: %+v %v", before, err)
	}
	if page, err := reads.LooksPage(ctx, store.LooksQuery{Limit: 500, Before: before.Next}); err != nil || page.Next != 0 || page.Entries[0].Index != before.Next-1 {
		t.Errorf("the next: %+v %v", page, err)
	}
	if page, err := reads.LooksPage(ctx, store.LooksQuery{Limit: 5, Keep: func(e audit.Entry) bool { return e.Event.Grant == made.ID }}); err != nil || len(page.Entries) == 0 {
		t.Errorf("of one: %+v %v", page, err)
	}

	if _, err := reads.Story(ctx, fhir.Ref{Type: "Goal", ID: "none"}); record.KindOf(err) != record.NotFound {
		t.Errorf("what is not there: %v", err)
	}
	other := enrol(t, s).reader()
	if _, err := other.Story(ctx, ref); record.KindOf(err) != record.NotFound {
		t.Errorf("another person's: %v", err)
	}
}
