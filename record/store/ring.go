package store

import (
	"context"
	"errors"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/audit"
	"carehold/record/kv"
	"carehold/record/rows"

	"golang.org/x/mod/sumdb/tlog"
)

// Ring returns a person's keyring to a slot of theirs. An unknown person and a
// slot of somebody else's are the same record.NotFound. Every fetch is in the
// person's log before it is answered: somebody unlocked the record.
func (s *Store) Ring(ctx context.Context, id record.PersonID, slot crypto.CapsuleID, seen uint64) (RingState, error) {
	var st RingState
	var head audit.Frontier
	if err := s.ringAsked(id, slot); err != nil {
		return st, err
	}
	err := s.engine.Update(ctx, kv.Partition(id), func(tx kv.Tx) error {
		p, x, wrap, err := s.ringFor(tx, id, slot)
		if err != nil {
			return err
		}
		if err := s.appendNodeLeaf(tx, p, audit.Event{Action: audit.RingFetch}); err != nil {
			return err
		}
		st = RingState{Seq: p.Account.Seq, Hash: p.Account.Last, Blob: x.Blob, Wrap: wrap,
			Epoch: p.Live.Epoch, Live: shown(p.Live), From: p.Account.From, Note: p.Account.Note}
		head = p.Head.Log
		st.Checkpoint, err = s.signer.Sign(id, head.Head())
		return err
	})
	if err != nil {
		return RingState{}, err
	}
	// Not in the update, for it may take a while. A record that waits has no log yet
	// that goes on from anything: its device counts what is missing. And where the log
	// is damaged nobody is kept from their record: the device sees that there is no
	// proof.
	if seen > 0 && seen < head.Size && st.From == (record.StoreID{}) {
		err = s.engine.View(kv.Partition(id), func(r kv.Reader) (err error) {
			st.Proof, err = tlog.ProveTree(int64(head.Size), int64(seen), storedHashes(r, head))
			return err
		})
		if errors.Is(err, record.Integrity) {
			st.Proof, err = nil, nil
		}
	}
	return st, err
}

// ringFor reads a person's keyring row for a slot of theirs.
func (s *Store) ringFor(r kv.Reader, id record.PersonID, slot crypto.CapsuleID) (*person, rows.Ring, []byte, error) {
	p, err := s.load(r, id)
	if errors.Is(err, errNoPerson) {
		return nil, rows.Ring{}, nil, errNoSlot
	}
	if err != nil {
		return nil, rows.Ring{}, nil, err
	}
	x, err := p.Ring(r)
	if err != nil {
		return nil, rows.Ring{}, nil, err
	}
	wrap, theirs := x.Wrap(slot)
	if !theirs {
		return nil, rows.Ring{}, nil, errNoSlot
	}
	return p, x, wrap, nil
}
