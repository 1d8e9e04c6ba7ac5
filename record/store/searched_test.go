package store_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"carehold/crypto"

	"carehold/record"
	"carehold/record/change"
	"carehold/record/fhir"
	"carehold/record/store"
)

// What one grant writes fills a quarter of what is kept for searches, and no more: the
// rest is refused before it lands. Nobody else has less for it; what is written again in
// its place does not count twice, and what is deleted makes room. After a start it is
// learned from the first search.
func TestGrantsFillTheirShare(t *testing.T) {
	engine, node := newMemory(), crypto.NewKey()
	s := memoryStore(t, engine, node)
	s.MostMemos(1 << 20)
	d := enrol(t, s)
	g := clinician(s)
	g.Sections, g.Scopes = record.AllSections, scopes("patient/*.cud")
	_, token := d.share(g)
	_, token2 := d.share(g)
	text := strings.Repeat("word ", 2<<10)
	json := func(code string) *fhir.Resource {
		return resourceOf(t, `{"resourceType":"Observation","status":"final","code":{"coding":[{"code":"`+code+`"}]},"valueString":"`+text+`"}`)
	}
	write := func(token crypto.Credential, verb change.Verb, ref fhir.Ref, r *fhir.Resource) error {
		if r != nil && ref.ID != "" && verb == change.Update {
			r = resourceOf(t, strings.Replace(string(r.Bytes()), `{`, `{"id":"`+ref.ID+`",`, 1))
		}
		_, err := view(t, s, token).Apply(ctx, []change.Change{{Verb: verb, Ref: ref, Resource: r}}, store.ApplyOptions{})
		return err
	}
	var made []fhir.Ref
	create := func(token crypto.Credential) error {
		ref := fhir.Ref{Type: "Observation", ID: d.session().NewID("Observation")}
		err := write(token, change.Create, ref, json("c"))
		if err == nil {
			made = append(made, ref)
		}
		return err
	}
	var err error
	for err == nil && len(made) < 100 {
		err = create(token)
	}
	wantKind(t, err, record.TooMany)
	full := len(made) // a quarter of a MiB, of some 20 KiB (a text is in an index as it is, and folded)
	if full < 8 || full > 30 {
		t.Fatalf("%d entries", full)
	}
	if page, err := lookFor(d.session(), "Observation", "", 0); err != nil || page.Total != full {
		t.Errorf("%d of %d are there, %v", page.Total, full, err)
	}
	counted := view(t, s, token).Searched()
	for i := range 3 { // in place of what was there
		if err := write(token, change.Update, made[0], json(fmt.Sprint("d", i))); err != nil {
			t.Error(err)
		}
	}
	if now := view(t, s, token).Searched(); now < counted-8 || now > counted+8 {
		t.Errorf("%d bytes, and %d when one was changed by a letter", counted, now)
	}
	wantKind(t, create(token), record.TooMany)
	if err := create(token2); err != nil {
		t.Errorf("another grant: %v", err)
	}
	if _, err := tryPut(d.session(), `{"resourceType":"Observation","id":"own","status":"final","code":{"text":"x"},"valueString":"`+strings.Repeat(text, 20)+`"}`); err != nil {
		t.Errorf("the person: %v", err)
	}
	// What they delete themselves makes room, and what the person deletes when they have searched.
	if err := write(token, change.Delete, made[0], nil); err != nil {
		t.Fatal(err)
	}
	if err := create(token); err != nil {
		t.Errorf("after a deletion: %v", err)
	}
	wantKind(t, create(token), record.TooMany)
	if _, err := d.session().Apply(ctx, []change.Change{{Verb: change.Delete, Ref: made[1]}}, store.ApplyOptions{}); err != nil {
		t.Fatal(err)
	}
	for _, search := range []func(){
		func() { _, err = lookFor(d.session(), "", "", 0) },
		func() { s.WithoutMemos(func() { _, err = lookFor(d.session(), "", "", 0) }) }, // in parts
	} {
		search()
		if n := view(t, s, token).Searched(); err != nil || n < counted*8/10 || n >= counted {
			t.Errorf("%d bytes when one of %d entries that had %d was deleted: %v", n, full, counted, err)
		}
	}
	if err := create(token); err != nil {
		t.Error(err)
	}
	// After a start.
	s = memoryStore(t, engine, node)
	s.MostMemos(1 << 20)
	d.s = s
	if n := view(t, s, token).Searched(); n != 0 {
		t.Errorf("%d", n)
	}
	if _, err := lookFor(d.session(), "", "", 0); err != nil {
		t.Fatal(err)
	}
	wantKind(t, create(token), record.TooMany)
	if err := create(token2); err != nil {
		t.Error(err)
	}
}

// Whose memos are more than their share goes first, and a person's own last of theirs: a
// record that grows drives out nobody else's, and no grant the person's.
func TestMemosHaveShares(t *testing.T) {
	_, s := newStore(t)
	s.MostMemos(400 << 10)
	fill := func(d *device, n int) {
		for i := range n {
			put(t, d.session(), fmt.Sprintf(`{"resourceType":"Observation","id":"o%d","status":"final","code":{"text":"x"},"valueString":"%s"}`, i, strings.Repeat("word ", 1<<10)))
		}
	}
	look := func(v *store.View) *store.View {
		t.Helper()
		if _, err := lookFor(v, "", "", 1); err != nil {
			t.Fatal(err)
		}
		return v
	}
	grantOf := func(d *device) *store.View {
		g := clinician(s)
		g.Sections = record.AllSections
		_, token := d.share(g)
		return view(t, s, token)
	}
	small, large := enrol(t, s), enrol(t, s)
	fill(small, 1)
	fill(large, 13)                // 13 of 10 KiB, and 15 KiB besides
	oldest := look(grantOf(small)) // and no memo of a person
	g1, g2 := grantOf(large), grantOf(large)
	own := look(large.session())
	look(g1) // two of the large are some 300 KiB
	if !s.HasMemo(oldest) || !s.HasMemo(own) || !s.HasMemo(g1) {
		_, size := s.Memos()
		t.Fatalf("there is not room for two: %d bytes", size)
	}
	look(g2)
	if !s.HasMemo(oldest) || !s.HasMemo(own) || s.HasMemo(g1) || !s.HasMemo(g2) {
		t.Errorf("kept: another's %v, their own %v, the first grant's %v, the second's %v", s.HasMemo(oldest), s.HasMemo(own), s.HasMemo(g1), s.HasMemo(g2))
	}
	if _, size := s.Memos(); size > 400<<10 {
		t.Errorf("%d bytes", size)
	}
}

// A record that was too much to keep is tried again after a while, if it has changed.
func TestTooMuchIsTriedAgain(t *testing.T) {
	c := &clocks{at: time.Now()}
	dir, first := newStore(t)
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	s := open(t, dir, c.options())
	s.MostMemos(100 << 10)
	d := enrol(t, s)
	for i := range 12 {
		put(t, d.session(), fmt.Sprintf(`{"resourceType":"Observation","id":"o%d","status":"final","code":{"text":"x"},"valueString":"%s"}`, i, strings.Repeat("word ", 1<<10)))
	}
	kept := func() bool {
		v := d.session()
		if _, err := lookFor(v, "", "", 0); err != nil {
			t.Fatal(err)
		}
		return s.HasMemo(v)
	}
	if kept() {
		t.Fatal("it fits")
	}
	var changes []change.Change
	for i := range 10 {
		changes = append(changes, change.Change{Verb: change.Delete, Ref: fhir.Ref{Type: "Observation", ID: fmt.Sprintf("o%d", i)}})
	}
	if _, err := d.session().Apply(ctx, changes, store.ApplyOptions{}); err != nil {
		t.Fatal(err)
	}
	if kept() {
		t.Error("it is tried at once")
	}
	c.run(store.BeyondFor + time.Second)
	if !kept() {
		t.Error("it is not tried again")
	}
}
