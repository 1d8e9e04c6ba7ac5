package store_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"carehold/record"
	"carehold/record/audit"
	"carehold/record/change"
	"carehold/record/fhir"
	"carehold/record/keys"
	"carehold/record/search"
	"carehold/record/store"
)

const onePage = 16 << 20

// Whoever reads slowly keeps a share of the room: one grant a quarter, the grants of a
// record half, all grants three quarters. People in their own records have room
// whatever grants do, theirs and others'.
func TestRoomHasShares(t *testing.T) {
	t.Parallel()
	_, s := newStore(t)
	const page = onePage * store.Copies
	s.MostAnswers(8 * page) // a grant: 2 pages; grants of a record: 4; a record: 6; all grants: 6
	take := func(v *store.View) bool { return v.TakeRoom(onePage) == nil }
	wants := func(what string, v *store.View, want bool) {
		t.Helper()
		if got := take(v); got != want {
			t.Errorf("%s: %v", what, got)
		}
	}
	open := func(d *device) (*store.View, *store.View, *store.View) { // of one request each
		_, token := d.share(clinician(s))
		return view(t, s, token), view(t, s, token), view(t, s, token)
	}
	ada, ben, cyn := enrol(t, s), enrol(t, s), enrol(t, s)
	a1, a2, a3 := open(ada)
	b1, b2, _ := open(ada)
	x1, _, _ := open(ada)
	wants("a grant's first page", a1, true)
	wants("its second", a2, true)
	wants("its third", a3, false)
	wants("another grant's first", b1, true)
	wants("its second", b2, true)
	wants("a fifth page of the record's grants", x1, false)
	own := ada.session()
	wants("the person's own", own, true)
	wants("a second of theirs", ada.session(), true)
	wants("a seventh page of one record", ada.session(), false)
	c1, c2, _ := open(ben)
	d1, _, _ := open(cyn)
	wants("another record's grant", c1, true)
	wants("its second, with which grants have three quarters", c2, true)
	own.Close()
	wants("one more", d1, false)
	wants("somebody in their own record", cyn.session(), true)
	if used, most, _ := s.Answers(); used != 8*page || most != 8*page {
		t.Errorf("%d of %d pages are taken", used/page, most/page)
	}
	for _, v := range []*store.View{a1, a2, b1, b2, c1, c2} {
		v.Close()
	}
}

// Who waits for a share of their own holds nobody up, and people go before grants.
func TestLineForRoom(t *testing.T) {
	t.Parallel()
	_, s := newStore(t)
	const page = onePage * store.Copies
	s.MostAnswers(4 * page) // one for a grant, two for all grants of a record, three for a record and for all grants
	ada, ben, cyn := enrol(t, s), enrol(t, s), enrol(t, s)
	of := func(d *device) (*store.View, *store.View) {
		_, token := d.share(clinician(s))
		return view(t, s, token), view(t, s, token)
	}
	a1, a2 := of(ada)
	b1, _ := of(ben)
	if a1.TakeRoom(onePage) != nil || b1.TakeRoom(onePage) != nil {
		t.Fatal("there is no room")
	}
	waits := make(chan error, 1)
	go func() { waits <- a2.TakeRoom(onePage) }()
	until(t, 1, func() int { _, _, n := s.Answers(); return n })
	for range 2 { // behind it, and they fit
		if err := cyn.session().TakeRoom(onePage); err != nil {
			t.Errorf("behind who waits for their own share: %v", err)
		}
	}
	order := make(chan string, 2)
	c1, _ := of(ben)
	b1.Close()
	b2 := ben.session()
	if err := b2.TakeRoom(onePage); err != nil { // now all is taken
		t.Fatal(err)
	}
	done := func(name string, v *store.View) {
		if err := v.TakeRoom(onePage); err != nil {
			name = err.Error()
		}
		v.Close()
		order <- name
	}
	if err := <-waits; !errors.Is(err, record.Unavailable) {
		t.Errorf("a second page beside the first: %v", err)
	}
	go done("grant", c1)
	until(t, 1, func() int { _, _, n := s.Answers(); return n })
	go done("person", ben.session())
	until(t, 2, func() int { _, _, n := s.Answers(); return n })
	a1.Close()
	if first, then := <-order, <-order; first != "person" || then != "grant" {
		t.Errorf("first was the %s, then the %s", first, then)
	}
	b2.Close()
}

// What was asked for and refused for want of room counts for the day.
func TestCrowdedCounts(t *testing.T) {
	t.Parallel()
	_, s := newStore(t)
	s.MostAnswers(onePage * store.Copies)
	d := enrol(t, s)
	g := clinician(s)
	g.Daily = 2
	_, token := d.share(g)
	v, own := view(t, s, token), d.session()
	put(t, own, allergy)
	if err := own.TakeRoom(onePage); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := v.TakeRoom(onePage); !errors.Is(err, record.Unavailable) {
			t.Fatal(err)
		}
	}
	if _, err := v.Read(ctx, allergyRef, 0); !errors.Is(err, record.TooMany) {
		t.Errorf("after two that were refused: %v", err)
	}
}

// What of an answer is held counts until it is written, the rest does not; what a
// plan looks up counts as well, and is refused at once when there is no room.
func TestWhatIsHeldIsWeighed(t *testing.T) {
	t.Parallel()
	_, s := newStore(t)
	d := enrol(t, s)
	me := d.session()
	used := func() int { n, _, _ := s.Answers(); return int(n) }
	if err := me.TakeRoom(4 << 20); err != nil || used() != store.Copies*4<<20 {
		t.Fatalf("%d, %v", used(), err)
	}
	if !me.Holds(5<<20) || used() != 5<<20 {
		t.Errorf("%d bytes", used())
	}
	if err := me.TakeRoom(1 << 20); err != nil || used() != 5<<20+store.Copies<<20 {
		t.Errorf("%d, %v", used(), err)
	}
	if !me.Holds(14<<20) || used() != 14<<20 {
		t.Errorf("%d bytes", used())
	}
	me.Within(1 << 20)
	if err := me.TakeRoom(1<<20 + 1); !errors.Is(err, record.TooLarge) {
		t.Errorf("more than is left of an answer: %v", err)
	}
	if me.Close(); used() != 0 {
		t.Errorf("%d bytes when it is closed", used())
	}

	put(t, d.session(), inJSON(large("b", 9<<20)))
	s.MostAnswers(20 << 20)
	read := func(v *store.View) error {
		_, err := v.Apply(ctx, []change.Change{{Verb: change.Read, Ref: binaryRef("b")}}, store.ApplyOptions{})
		return err
	}
	first, second := d.session(), d.session()
	if err := read(first); err != nil || used() < 9<<20 {
		t.Errorf("a read of a transaction: %d, %v", used(), err)
	}
	if err := read(second); err != nil {
		t.Error(err)
	}
	third := d.session()
	if err := read(third); !errors.Is(err, record.Unavailable) {
		t.Errorf("a third: %v", err)
	}
	if first.Close(); read(third) != nil {
		t.Error("there is no room when the first is gone")
	}
}

// In a record that is full a condition tells what it found as it does in another, and
// so it is in the log.
func TestFullRecordIsLogged(t *testing.T) {
	t.Parallel()
	_, s := newStore(t)
	invite, err := s.Invite(t.Context(), keys.Invite{Quota: 3 << 20, Until: s.Now().Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	d, err := enrolWith(t, s, invite)
	if err != nil {
		t.Fatal(err)
	}
	g := clinician(s)
	g.Scopes, g.Sections = scopes("patient/*.cs"), record.AllSections
	_, token := d.share(g)
	for i := 0; err == nil; i++ {
		_, err = tryPut(d.session(), large(strings.Repeat("b", i+1), 600<<10))
	}
	wantKind(t, err, record.TooMany)
	v := view(t, s, token)
	big := `{"resourceType":"Basic","code":{"text":"` + strings.Repeat("x", 700<<10) + `"}}`
	_, err = createIfNone(t, v, "identifier=urn:x|none", big)
	wantKind(t, err, record.TooMany)
	if e := d.event(t, 1); e.Outcome != audit.Refused || e.Grant == (record.GrantID{}) || e.Grant == d.self.ID {
		t.Errorf("%+v", e)
	}
	if e := d.event(t, 2); e.Action != audit.Search || e.Query != "Basic" || len(e.Entries) != 0 {
		t.Errorf("%+v", e)
	}
}

// What a search goes through counts as long as it goes through it: entries that are all
// text are as much as what is shown of them.
func TestPassesAreWeighed(t *testing.T) {
	t.Parallel()
	_, s := newStore(t)
	d := enrol(t, s)
	for i := range 6 {
		put(t, d.session(), `{"resourceType":"Observation","id":"o`+strings.Repeat("x", i)+`","status":"final","code":{"text":"n"},"valueString":"`+strings.Repeat("word ", 160<<10)+`"}`)
	}
	q, err := search.Parse("Observation", "value-string=none", search.Options{})
	if err != nil {
		t.Fatal(err)
	}
	look := func(v *store.View) error { _, err := v.Search(ctx, q, store.SearchOptions{Limit: 10}); return err }
	if err := look(d.session()); err != nil {
		t.Fatal(err)
	}
	s.MostAnswers(8 << 20)
	if err := look(d.session()); err != nil { // alone
		t.Error(err)
	}
	if all, err := search.Parse("Observation", "code:text=n", search.Options{}); err != nil {
		t.Error(err)
	} else if page, err := d.session().Search(ctx, all, store.SearchOptions{Limit: 10}); err != nil || len(page.Entries) != 6 {
		t.Errorf("alone, with all that it shows: %d, %v", len(page.Entries), err)
	}
	other := d.session()
	if err := other.TakeRoom(2 << 20); err != nil {
		t.Fatal(err)
	}
	if err := look(d.session()); !errors.Is(err, record.Unavailable) {
		t.Errorf("beside another's answer: %v", err)
	}
	other.Close()
	if err := look(d.session()); err != nil {
		t.Error(err)
	}
	if used, _, _ := s.Answers(); used != 0 {
		t.Errorf("%d bytes are counted for nobody", used)
	}
}

// A large entry takes room before it is opened, and keeps what its answer takes.
func TestLargeReadsTakeRoom(t *testing.T) {
	t.Parallel()
	_, s := newStore(t)
	d := enrol(t, s)
	data := strings.Repeat("A", 6<<20) // no content of its own: of a Binary that is not opened
	put(t, d.session(), `{"resourceType":"DocumentReference","id":"b","status":"current","content":[{"attachment":{"contentType":"image/png","data":"`+data+`"}}]}`)
	s.MostAnswers(40 << 20)
	used := func() int64 { n, _, _ := s.Answers(); return n }
	v := d.session()
	if _, err := v.Read(ctx, fhir.Ref{Type: "DocumentReference", ID: "b"}, 0); err != nil {
		t.Fatal(err)
	}
	if n := used(); n < 12<<20 || n > 13<<20 {
		t.Errorf("%d bytes for an answer of 6 MiB", n)
	}
	if _, err := d.session().Read(ctx, fhir.Ref{Type: "DocumentReference", ID: "b"}, 0); !errors.Is(err, record.Unavailable) { // opening it takes 36
		t.Errorf("a second beside it: %v", err)
	}
	v.Within(1 << 20)
	if _, err := v.Read(ctx, fhir.Ref{Type: "DocumentReference", ID: "b"}, 0); !errors.Is(err, record.TooLarge) {
		t.Errorf("more than is left of an answer: %v", err)
	}
	if e := d.event(t, 1); e.Outcome != audit.Refused || e.Reason != audit.BadRequest {
		t.Errorf("%+v", e)
	}
	if v.Close(); used() != 0 {
		t.Errorf("%d bytes when it is closed", used())
	}
}

// A long line of one record's grants is not before another's: who has least goes next.
func TestRoomGoesRound(t *testing.T) {
	t.Parallel()
	_, s := newStore(t)
	ada, ben := enrol(t, s), enrol(t, s)
	of := func(d *device) *store.View {
		_, token := d.share(clinician(s))
		return view(t, s, token)
	}
	var leave []func()
	for _, d := range []*device{ada, ada, ben} { // all that grants have
		l, err := of(d).Cold(ctx)
		if err != nil {
			t.Fatal(err)
		}
		leave = append(leave, l)
	}
	type had struct {
		who   string
		leave func()
	}
	served := make(chan had, 20)
	waiting := func(who string, v *store.View) {
		go func() {
			l, err := v.Cold(ctx)
			if err != nil {
				t.Error(err)
				l = func() {}
			}
			served <- had{who, l}
		}()
	}
	for range 8 {
		waiting("ada", of(ada))
	}
	for s.ColdWaiting() < 8 {
		time.Sleep(time.Millisecond)
	}
	cleo := enrol(t, s)
	waiting("cleo", of(cleo))
	for s.ColdWaiting() < 9 {
		time.Sleep(time.Millisecond)
	}
	leave[0]()
	first := <-served
	if first.who != "cleo" {
		t.Errorf("after eight of one record, another's is served behind %s", first.who)
	}
	first.leave()
	leave[1]()
	leave[2]()
	for range 8 {
		(<-served).leave()
	}
	if n := s.ColdTaken(); n != 0 {
		t.Errorf("%d are taken", n)
	}
}
