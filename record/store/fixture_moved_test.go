package store_test

import (
	"bytes"
	"testing"
	"time"

	"carehold/record"
	"carehold/record/holder"
	"carehold/record/holder/holdertest"
	"carehold/record/keys"
	"carehold/record/store"
)

// From format 2 on a record can have come from another server, and wait to be
// carried on, or have moved to one, and be closed.

func init() { fixtureMore = append(fixtureMore, movedPeople) }

const fixtureElsewhere = "https://elsewhere.example"

func movedPeople(t *testing.T, srv holdertest.Server) []fixturePerson {
	closed := newFixturePerson(t, srv)
	put(t, closed.me(), allergy)
	closed.give("Dr Left", "ended", 0)
	closed.must(closed.h.CloseHere(t.Context(), fixtureElsewhere))
	closed.out.State = "closed"

	_, there := newStore(t)
	waits := newFixturePerson(t, holdertest.Server{Store: there})
	put(t, waits.me(), allergy)
	put(t, waits.me(), large("letter", 50<<10))
	waits.give("Dr Elsewhere", "ended", 0)
	waits.out.State = "waits"
	out := waits.look()
	var copied bytes.Buffer
	waits.must(waits.me().CopyRecord(t.Context(), &copied))
	waits.h.Close()
	invite, err := srv.Invite(t.Context(), keys.Invite{Until: srv.Now().Add(time.Hour)})
	waits.must(err)
	_, err = srv.TakeRecord(t.Context(), &copied, invite)
	waits.must(err)
	return []fixturePerson{closed.finish(), out}
}

// settleMoved does what a person does first with a record that waits, and holds
// what is known of one that was closed.
func settleMoved(t *testing.T, h *holder.Holder, p fixturePerson, again bool) {
	t.Helper()
	switch p.State {
	case "waits":
		if waits := h.Waiting() != nil; waits == again {
			t.Errorf("opened again: %v, and it waits: %v", again, waits)
		}
		if !again {
			if err := h.CarryOn(t.Context(), false); err != nil {
				t.Fatal(err)
			}
		}
	case "closed":
		if url, _ := h.Moved(); url != fixtureElsewhere {
			t.Errorf("it has moved to %q", url)
		}
	}
}

// closedStays: a record that was closed takes no change.
func closedStays(t *testing.T, me *store.View, p fixturePerson) {
	t.Helper()
	if p.State == "closed" {
		_, err := tryPut(me, low)
		wantKind(t, err, record.Unprocessed)
	}
}
