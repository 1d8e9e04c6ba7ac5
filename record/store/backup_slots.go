package store

import (
	"context"
	"sync"

	"carehold/crypto"
	"carehold/record"
)

// slotHold keeps the capsules of removed slots until what reads the store from one
// moment is done: a backup looks them up after the ring rows that name them. They
// open nothing meanwhile.
type slotHold struct {
	mu      sync.Mutex
	holders int
	cut     []cutSlot
}

type cutSlot struct {
	id crypto.CapsuleID
	of record.PersonID
}

// holdSlots begins it; the answer ends it.
func (s *Store) holdSlots() (release func()) {
	h := &s.slots
	h.mu.Lock()
	h.holders++
	h.mu.Unlock()
	return func() {
		h.mu.Lock()
		h.holders--
		var cut []cutSlot
		if h.holders == 0 {
			cut, h.cut = h.cut, nil
		}
		h.mu.Unlock()
		for _, c := range cut {
			_ = s.dropOwnCapsule(context.Background(), c.id, c.of) // this tidies
		}
	}
}

// cutSlots removes the capsules of slots that a person has removed: now, or once
// nobody needs them held.
func (s *Store) cutSlots(ctx context.Context, ids []crypto.CapsuleID, of record.PersonID) {
	h := &s.slots
	h.mu.Lock()
	held := h.holders > 0
	if held {
		for _, id := range ids {
			h.cut = append(h.cut, cutSlot{id, of})
		}
	}
	h.mu.Unlock()
	if held {
		return
	}
	for _, id := range ids {
		_ = s.dropOwnCapsule(ctx, id, of)
	}
}
