package holder_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"carehold/record"
	"carehold/record/holder"
)

// A device whose program is from before suspending renews every grant in an epoch. It is
// told that it is too old, and the grant opens nothing still; the others do.
func TestOlderDeviceResumesNothing(t *testing.T) {
	t.Parallel()
	srv := newLocal(t)
	h, kit := enrol(t, srv, srv.invite())
	one, other := give(t, h, gp(0)), give(t, h, gp(0))
	if err := h.Suspend(t.Context(), one.Grant.ID); err != nil {
		t.Fatal(err)
	}
	old := unlock(t, srv, kit.Recovery.Slot(), h.Memory())
	if err := old.RenewAsOlder(t.Context()); !errors.Is(err, record.Conflict) || !strings.Contains(err.Error(), "a grant is suspended") || !strings.Contains(err.Error(), "too old") {
		t.Errorf("an older program's epoch: %v", err)
	}
	u := unlock(t, srv, kit.Recovery.Slot(), h.Memory())
	if g := state(t, u, one.Grant.ID); g.State != holder.Suspended || g.Paused.IsZero() || srv.opens(one.Token) || !srv.opens(other.Token) || u.Epoch() != 2 {
		t.Errorf("after it: %v since %v, epoch %d", g.State, g.Paused, u.Epoch())
	}
	if err := u.Resume(t.Context(), one.Grant.ID); err != nil || !srv.opens(one.Token) {
		t.Errorf("going on, as a newer device says: %v", err)
	}
	if err := old.RenewAsOlder(t.Context()); err != nil || !srv.opens(one.Token) {
		t.Errorf("an older program, and nothing is suspended: %v", err)
	}
}

// A grant is shown as the server has it: what opens is never shown as suspended.
func TestShownAsServed(t *testing.T) {
	for _, c := range []struct {
		paused time.Time
		list   holder.LiveGrant
		want   holder.State
	}{
		{time.Time{}, holder.LiveGrant{}, holder.Live},
		{time.Now(), holder.LiveGrant{Suspended: true}, holder.Suspended},
		{time.Now(), holder.LiveGrant{}, holder.Live},
		{time.Time{}, holder.LiveGrant{Suspended: true}, holder.Suspended},
		{time.Now(), holder.LiveGrant{Suspended: true, Struck: true}, holder.Struck},
	} {
		if got := holder.StateOf(c.paused, c.list); got != c.want {
			t.Errorf("suspended since %v, listed as %+v: %v, want %v", c.paused, c.list, got, c.want)
		}
	}
}
