package httpapi_test

import (
	"errors"
	"testing"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/grant"
	"carehold/record/holder"
	"carehold/record/keys"
)

// Who asked at an address is answered over HTTP; of what came in, nobody but its person
// sees or changes anything.
func TestRequestsDoor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	ben := w.enrol("Ben")
	bens := w.session(ben)
	at, err := w.ada.NewAddress(ctx, "front door", time.Time{})
	w.check(err)
	address, err := crypto.ParseToken("chdw_" + at.Segment)
	w.check(err)
	ask := func() crypto.Credential {
		t.Helper()
		request := crypto.NewCredential(crypto.Request)
		w.check(w.store.Ask(ctx, address, request.CapsuleID(), keys.Question{To: grant.Party{Name: "Nurse Li"}, Sections: record.SectionsOf(record.Plan),
			Purpose: "CAREMGT", Lasts: time.Hour, Words: "for the visit", Box: request.BoxKey().Public().Bytes()}))
		return request
	}
	waiting := func() []holder.Request {
		t.Helper()
		list, err := w.ada.Requests(ctx, w.vars["ada"])
		w.check(err)
		return list
	}
	yes := ask()
	r := waiting()[0]
	if r.Where != "front door" || r.Question.Words != "for the visit" || r.Damaged {
		t.Errorf("%+v", r)
	}
	// Another person's session sees none of it, and takes none of it away.
	if list, err := ben.Requests(ctx, bens); err != nil || len(list) != 0 {
		t.Errorf("another person sees %d requests, %v", len(list), err)
	}
	w.check(w.client.DropAsked(ctx, bens, r.ID))
	w.check(w.client.DropAddress(ctx, bens, at.ID))
	if len(waiting()) != 1 {
		t.Error("another person removed a request")
	}
	g, err := w.ada.Approve(ctx, r, r.Proposal(), "come in")
	w.check(err)
	a, err := w.store.Answer(ctx, yes)
	w.check(err)
	defer a.Close()
	if !a.Yes || a.Words != "come in" || !a.Ends.Equal(g.Until) {
		t.Errorf("%+v", a)
	}
	no := ask() // the address is open still
	list := waiting()
	if len(list) != 1 || list[0].ID != no.CapsuleID() {
		t.Fatalf("%d requests wait", len(list))
	}
	w.check(w.ada.Refuse(ctx, w.vars["ada"], list[0], "not today"))
	if err := w.ada.Refuse(ctx, w.vars["ada"], list[0], "not today"); !errors.Is(err, record.Unprocessed) {
		t.Errorf("no twice: %v", err)
	}
	b, err := w.store.Answer(ctx, no)
	w.check(err)
	defer b.Close()
	if b.Yes || b.Words != "not today" || len(waiting()) != 0 {
		t.Errorf("%+v", b)
	}
	ask()
	w.check(w.ada.Drop(ctx, w.vars["ada"], waiting()[0]))
	w.check(w.ada.CloseAddress(ctx, w.vars["ada"], at.ID))
	ask()
	if len(waiting()) != 0 {
		t.Error("a request came in at a closed address")
	}
	if _, err := w.ada.Lookup(ctx, w.vars["ada"], "0000-0000-0000"); !errors.Is(err, record.NotFound) {
		t.Errorf("a code that nobody has: %v", err)
	}
}
