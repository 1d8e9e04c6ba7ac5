package store

import (
	"context"
	"crypto/subtle"
	"errors"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/audit"
	"carehold/record/kv"
	"carehold/record/statement"
	"carehold/record/wire"
)

// ring is the row that holds a person's keyring with the root key as it is
// wrapped for each slot: they change together or not at all.
type ring struct {
	seq   record.Seq
	slots []statement.Slot
	blob  []byte
}

func (x ring) marshal() []byte {
	var w wire.Builder
	w.Uint(1, uint64(x.seq))
	for _, slot := range x.slots {
		w.Bytes(2, append(slot.ID[:], slot.Wrap...))
	}
	w.Bytes(3, x.blob)
	return w.Finish()
}

// wrap finds a slot's wrap, comparing with all of them in constant time: the
// slot's id is what a device shows to be given the keyring.
func (x ring) wrap(id crypto.CapsuleID) (found []byte, ok bool) {
	for _, slot := range x.slots {
		if subtle.ConstantTimeCompare(slot.ID[:], id[:]) == 1 {
			found, ok = slot.Wrap, true
		}
	}
	return found, ok
}

func (p *person) ring(r kv.Reader) (x ring, err error) {
	row, err := checked(r, ringKey, p.head.ring, "keyring")
	if err != nil {
		return x, err
	}
	d := wire.Decode("keyring row", row)
	x.seq = record.Seq(d.Uint(1))
	for _, v := range d.List(2) {
		if len(v) < 16 {
			return x, damaged("keyring")
		}
		x.slots = append(x.slots, statement.Slot{ID: crypto.CapsuleID(v[:16]), Wrap: v[16:]})
	}
	x.blob = d.Bytes(3)
	if d.Finish() != nil {
		return x, damaged("keyring")
	}
	return x, nil
}

// Ring returns a person's keyring to a slot of theirs. An unknown person and a
// slot of somebody else's are the same record.NotFound. Every fetch is in the
// person's log before it is answered: somebody unlocked the record.
func (s *Store) Ring(ctx context.Context, id record.PersonID, slot crypto.CapsuleID) (RingState, error) {
	var st RingState
	if _, err := s.checkClock(); err != nil {
		return st, err
	}
	// A stranger's guess ends here, without a turn in the commit loop.
	err := s.engine.View(kv.Partition(id), func(r kv.Reader) error {
		_, _, _, err := s.ringFor(r, id, slot)
		return err
	})
	if err != nil {
		return st, err
	}
	if !s.daily.take(rings, slot, s.time(), ringsDaily) {
		return st, record.Safef(record.TooMany, "the keyring was fetched %d times today: try again tomorrow, or unlock another way", ringsDaily)
	}
	err = s.engine.Update(ctx, kv.Partition(id), func(tx kv.Tx) error {
		p, x, wrap, err := s.ringFor(tx, id, slot)
		if err != nil {
			return err
		}
		if err := s.appendNodeLeaf(tx, p, audit.Event{Action: audit.RingFetch}); err != nil {
			return err
		}
		st = RingState{Seq: p.account.seq, Hash: p.account.last, Blob: x.blob, Wrap: wrap,
			Epoch: p.live.epoch, Live: p.live.shown()}
		st.Checkpoint, err = s.signer.Sign(id, p.head.log.Head())
		return err
	})
	if err != nil {
		return RingState{}, err
	}
	return st, nil
}

// ringFor reads a person's keyring row for a slot of theirs.
func (s *Store) ringFor(r kv.Reader, id record.PersonID, slot crypto.CapsuleID) (*person, ring, []byte, error) {
	p, err := s.load(r, id)
	if errors.Is(err, errNoPerson) {
		return nil, ring{}, nil, errNoSlot
	}
	if err != nil {
		return nil, ring{}, nil, err
	}
	x, err := p.ring(r)
	if err != nil {
		return nil, ring{}, nil, err
	}
	wrap, theirs := x.wrap(slot)
	if !theirs {
		return nil, ring{}, nil, errNoSlot
	}
	return p, x, wrap, nil
}
