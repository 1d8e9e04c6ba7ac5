package holder_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/holder"
)

// Eight devices of one person make ten changes each at the same time. Every one
// lands, exactly once, and the log has them all.
func TestDevicesRace(t *testing.T) {
	const devices, changes = 8, 10
	srv := newLocal(t)
	h, kit := enrol(t, srv, srv.invite())
	at := time.Now()
	var wg sync.WaitGroup
	issued := make([][]holder.Issued, devices)
	for n := range devices {
		u := unlock(t, srv, kit.Recovery.Slot(), h.Memory())
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i := range changes {
				if i%5 == 4 { // one in five takes one away again
					last := issued[n][len(issued[n])-1]
					issued[n] = issued[n][:len(issued[n])-1]
					if err := u.Revoke(t.Context(), last.Grant.ID); err != nil {
						t.Errorf("device %d, change %d: %v", n, i, err)
					}
					continue
				}
				req := gp(0)
				req.To.Name = fmt.Sprintf("device %d change %d", n, i)
				got, err := u.Grant(t.Context(), req)
				if err != nil {
					t.Errorf("device %d, change %d: %v", n, i, err)
				}
				issued[n] = append(issued[n], got)
			}
		}()
	}
	wg.Wait()
	t.Logf("%d devices × %d changes in %v", devices, changes, time.Since(at).Round(time.Millisecond))
	u := unlock(t, srv, kit.Recovery.Slot(), h.Memory())
	if got := u.Memory().Seq; got != 1+devices*changes {
		t.Errorf("%d statements, want %d", got, 1+devices*changes)
	}
	if got := u.Epoch(); got != 1+devices*changes/5 {
		t.Errorf("epoch %d, want %d: one for each revoke", got, 1+devices*changes/5)
	}
	live := map[record.GrantID]bool{}
	for _, g := range u.Grants() {
		live[g.Grant.ID] = g.State == holder.Live
	}
	for _, list := range issued {
		for _, i := range list {
			if !live[i.Grant.ID] || !srv.opens(i.Token) {
				t.Errorf("the grant to %q did not land", i.Grant.To.Name)
			}
		}
	}
	checked(t, u)
	// A device that is far behind catches up, and its memory still holds.
	give(t, h, gp(0))
	checked(t, h)
}

var errNetwork = errors.New("connection reset by peer")

// lossy is a network that loses, delays or repeats a statement.
type lossy struct {
	*local
	how  string
	once sync.Once
	late func()
}

func (l *lossy) Submit(ctx context.Context, signed []byte, invite string) (r holder.Receipt, err error) {
	if l.late != nil { // what was held up arrives before what is sent now
		l.late()
		l.late = nil
	}
	hit := false
	l.once.Do(func() { hit = true })
	if !hit {
		return l.local.Submit(ctx, signed, invite)
	}
	switch l.how {
	case "answer":
		if _, err := l.local.Submit(ctx, signed, invite); err != nil {
			return r, err
		}
	case "late":
		l.late = func() { l.local.Submit(ctx, signed, invite) }
	case "twice": // the transport sends it again by itself, and another device was in between
		if _, err := l.local.Submit(ctx, signed, invite); err != nil {
			return r, err
		}
		return r, record.Safef(record.Conflict, "another device was first")
	case "full":
		return r, record.Safef(record.Unavailable, "disk full")
	}
	return r, errNetwork
}

func TestLostAcknowledgement(t *testing.T) {
	srv := newLocal(t)
	_, kit := enrol(t, srv, srv.invite())
	for before, how := range []string{"request", "answer", "late", "twice", "full"} {
		t.Run(how, func(t *testing.T) {
			u := unlock(t, &lossy{local: srv, how: how}, kit.Recovery.Slot(), holder.Memory{})
			got := give(t, u, gp(0))
			if !srv.opens(got.Token) {
				t.Error("the token that was returned opens nothing")
			}
			if n := len(u.Grants()) - before; n != 1 {
				t.Errorf("%d grants, want 1", n)
			}
			if n := int(u.Memory().Seq) - 1 - before; n != 1 {
				t.Errorf("%d statements, want 1", n)
			}
			checked(t, u)
		})
	}
}

func TestLostAcknowledgementOfEnrolment(t *testing.T) {
	srv := newLocal(t)
	for _, how := range []string{"request", "answer"} {
		h, kit := enrol(t, &lossy{local: srv, how: how}, srv.invite())
		unlock(t, srv, kit.Recovery.Slot(), h.Memory())
		checked(t, h)
	}
}

// gone is a network that is there until it is not.
type gone struct {
	*local
	down bool
}

func (g *gone) Submit(ctx context.Context, signed []byte, invite string) (holder.Receipt, error) {
	g.local.Submit(ctx, signed, invite)
	g.down = true
	return holder.Receipt{}, errNetwork
}

func (g *gone) Ring(ctx context.Context, p record.PersonID, slot crypto.CapsuleID, seen uint64) (holder.RingState, error) {
	if g.down {
		return holder.RingState{}, errNetwork
	}
	return g.local.Ring(ctx, p, slot, seen)
}

// If nobody can tell, the person is told so: not that it failed.
func TestOutcomeUnknown(t *testing.T) {
	srv := newLocal(t)
	_, kit := enrol(t, srv, srv.invite())
	u := unlock(t, &gone{local: srv}, kit.Recovery.Slot(), holder.Memory{})
	_, err := u.Grant(t.Context(), gp(0))
	if !errors.Is(err, record.Unavailable) || !errors.Is(err, errNetwork) {
		t.Errorf("%v, want unavailable because of the network", err)
	}
	again := unlock(t, srv, kit.Recovery.Slot(), u.Memory())
	if len(again.Grants()) != 1 {
		t.Error("the grant did land, and is not shown")
	}
}

// A device can end what another has made since: it need not know of it yet.
func TestRevokeWhatAnotherDeviceGave(t *testing.T) {
	srv := newLocal(t)
	h, kit := enrol(t, srv, srv.invite())
	other := unlock(t, srv, kit.Recovery.Slot(), holder.Memory{})
	given := give(t, other, gp(0))
	if err := h.Revoke(t.Context(), given.Grant.ID); err != nil {
		t.Fatal(err)
	}
	if srv.opens(given.Token) {
		t.Error("the token still opens")
	}
	if len(other.Grants()) != 1 || state(t, other, given.Grant.ID).State != holder.Live {
		t.Error("a device knows what it has not been told")
	}
	if err := other.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	if state(t, other, given.Grant.ID).State != holder.Ended {
		t.Error("a refreshed keyring still has the grant live")
	}
}
