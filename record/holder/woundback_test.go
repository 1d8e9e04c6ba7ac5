package holder_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"carehold/record"
	"carehold/record/holder"
)

// A server that was put back to an older state is refused, and looked back at: what is
// missing is counted, another past is told, and nothing but the same store will do.
func TestLookBack(t *testing.T) {
	srv := newLocal(t)
	h, kit := enrol(t, srv, srv.invite())
	slot := kit.Recovery.Slot()
	old := give(t, h, gp(0)) // change 2
	for range 14 {
		srv.look(old.Token)
	}
	checked(t, h)
	before := h.Memory()
	backup := srv.backup()
	if err := h.Revoke(t.Context(), old.Grant.ID); err != nil {
		t.Fatal(err) // change 3
	}
	give(t, h, gp(0)) // change 4
	checked(t, h)
	m := h.Memory()

	wound := fork(t, backup)
	wound.wait(90 * time.Second) // what is added there has another time
	if _, err := holder.Unlock(t.Context(), wound, slot, m); !errors.Is(err, holder.ErrOlder) || !errors.Is(err, record.Integrity) {
		t.Fatalf("wound back: %v", err)
	}
	u, w, err := holder.LookBack(t.Context(), wound, slot, m)
	if err != nil {
		t.Fatal(err)
	}
	defer u.Close()
	if w.Changes != 2 || w.Same > before.Head().Size || w.Same < 16 || w.Entries != m.Newest().Size-w.Same || w.Forked || w.Newest.IsZero() || w.Newest.After(time.Now()) || !w.Taken.IsZero() {
		t.Errorf("%+v, want 2 changes, of a log of which %d were there", w, before.Head().Size)
	}
	if _, err := holder.Unlock(t.Context(), wound, slot, m); !errors.Is(err, holder.ErrOlder) {
		t.Errorf("looking was taken for an answer: %v", err)
	}
	checked(t, unlock(t, wound, slot, u.Memory())) // what the person has taken

	// All that was checked is there: no entry of it is counted.
	most := m
	most.Log = before.Log
	a, w, err := holder.LookBack(t.Context(), wound, slot, most)
	if err != nil || w.Same != before.Head().Size || w.Entries != most.Newest().Size-before.Head().Size {
		t.Errorf("%+v, %v, want that the first %d are the same", w, err, before.Head().Size)
	}
	a.Close()

	// The same number of changes, and others.
	give(t, u, gp(0))
	give(t, u, gp(0))
	if _, err := holder.Unlock(t.Context(), wound, slot, m); !errors.Is(err, holder.ErrOlder) {
		t.Errorf("as many changes: %v", err)
	}
	f, w, err := holder.LookBack(t.Context(), wound, slot, m)
	if err != nil || !w.Forked {
		t.Fatalf("another past: %+v, %v", w, err)
	}
	f.Close()

	// Not another store, nor another node, nor one that waits to be carried on.
	for name, change := range map[string]func(*holder.Memory){
		"store":    func(m *holder.Memory) { m.Store[0] ^= 1 },
		"verifier": func(m *holder.Memory) { m.Verifier = newLocal(t).Verifier() },
		"person":   func(m *holder.Memory) { m.Person[0] ^= 1 },
	} {
		other := m
		change(&other)
		if _, _, err := holder.LookBack(t.Context(), wound, slot, other); !errors.Is(err, record.Integrity) {
			t.Errorf("another %s: %v", name, err)
		}
	}
	if _, _, err := holder.LookBack(t.Context(), restore(t, backup), slot, m); !errors.Is(err, record.Integrity) {
		t.Errorf("a record that waits: %v", err)
	}
}

// bentLog shows another log to whoever has a session.
type bentLog struct {
	*local
	bend func(*holder.LogPage)
}

func (b *bentLog) Log(ctx context.Context, token string, from uint64) (holder.LogPage, error) {
	page, err := b.local.Log(ctx, token, from)
	if err == nil {
		b.bend(&page)
	}
	return page, err
}

// What is not sound without the device's memory either is not looked back at: there is
// nothing that could be taken.
func TestLookBackAtDamage(t *testing.T) {
	srv := newLocal(t)
	h, kit := enrol(t, srv, srv.invite())
	slot := kit.Recovery.Slot()
	checked(t, h)
	backup := srv.backup()
	give(t, h, gp(0))
	wound := fork(t, backup)
	for name, bend := range map[string]func(*holder.LogPage){
		"an entry is another": func(p *holder.LogPage) { p.Leaves[0] = append([]byte(nil), p.Leaves[len(p.Leaves)-1]...) },
		"an entry is gone":    func(p *holder.LogPage) { p.Leaves = p.Leaves[:len(p.Leaves)-1]; p.Size-- },
		"none is shown":       func(p *holder.LogPage) { p.Leaves = nil },
		"nobody signed it":    func(p *holder.LogPage) { p.Checkpoint = nil },
	} {
		b, _, err := holder.LookBack(t.Context(), &bentLog{wound, bend}, slot, h.Memory())
		if err == nil {
			b.Close()
		}
		if !errors.Is(err, record.Integrity) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
