package store

import (
	"context"
	"errors"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/kv"
	"carehold/record/rows"
)

// Resting is a record that nobody changes here: it waits to be carried on, or is
// closed because it has moved.
type Resting struct {
	Person  record.PersonID
	From    record.StoreID // of one that waits: where it came from
	To      string         // of one that is closed: where it was to move
	Since   time.Time      // when it was brought here, or made
	Used    uint64
	Waiting bool
}

// Resting lists them.
func (s *Store) Resting(ctx context.Context) (list []Resting, err error) {
	err = s.engine.Partitions(func(part kv.Partition) error {
		if err := ctx.Err(); err != nil || part == nodePartition {
			return err
		}
		p, err := s.person(record.PersonID(part))
		switch {
		case errors.Is(err, errNoPerson) || errors.Is(err, record.Integrity):
			return nil // a capsule; or damaged, which Status and Verify tell
		case err != nil:
			return err
		}
		if a := p.Account; a.Waiting() || a.Moved != "" {
			list = append(list, Resting{p.ID, a.From, a.Moved, a.Since, p.Head.Used, a.Waiting()})
		}
		return nil
	})
	return list, err
}

// Forget takes a record away that waits or is closed here. It is the operator's to
// say: anybody with an invite can bring a record under anybody's name, and no server
// can tell whose it is before its person carries it on. So nothing that is sent
// takes away what waits but a later copy of the same log, and nothing at all what is
// closed.
func (s *Store) Forget(ctx context.Context, id record.PersonID) error {
	unlock, err := s.writers.lock(ctx, id)
	if err != nil {
		return err
	}
	defer unlock()
	var ring rows.Ring
	err = s.engine.Update(ctx, kv.Partition(id), func(tx kv.Tx) error {
		p, err := s.load(tx, id)
		switch {
		case errors.Is(err, errNoPerson):
			return record.Safef(record.NotFound, "no record of this name is here")
		case err != nil:
			return err
		case !p.Account.Waiting() && p.Account.Moved == "":
			return record.Safef(record.Conflict, "this record is in use here: only one that waits, or is closed, is taken away")
		}
		if ring, err = p.Ring(tx); err != nil {
			return err
		}
		dropRecord(tx)
		return nil
	})
	if err != nil {
		return err
	}
	return s.clearRecord(ctx, id, ring)
}

// dropRecord removes the rows without which there is no record.
func dropRecord(tx kv.Tx) {
	for _, key := range [][]byte{rows.HeadKey, rows.AccountKey, rows.LiveKey, rows.RingKey, rows.DirKey} {
		tx.Delete(key)
	}
}

// clearRecord removes what is left of a record that was dropped: from there on it is not
// there. What a crash leaves of it nothing names, and Reclaim removes; what a backup that
// is under way has to read yet goes after it.
func (s *Store) clearRecord(ctx context.Context, id record.PersonID, ring rows.Ring) error {
	ids := make([]crypto.CapsuleID, len(ring.Slots))
	for i, slot := range ring.Slots {
		ids[i] = slot.ID
	}
	s.cutSlots(ctx, ids, id)
	return s.clearPartition(ctx, kv.Partition(id))
}
