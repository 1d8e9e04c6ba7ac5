package store

import (
	"context"
	"encoding/binary"
	"errors"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/audit"
	"carehold/record/keys"
	"carehold/record/kv"
	"carehold/record/rows"
)

// What a session of the person's does with requests. It reads none of them: they are
// sealed to the person, whose device opens them. A yes takes a grant, which is a
// statement; to say no, or to put a request away, a session is enough.

// Ask is a request that came in at an address, as it lies.
type Ask struct {
	ID     crypto.CapsuleID // of the request
	Hour   uint32           // after which it goes, in hours since 1970
	Sealed []byte           // keys.OpenAsked opens it
}

// Asks lists the requests that wait.
func (v *View) Asks(ctx context.Context) (list []Ask, err error) {
	hour := uint32(v.s.time().Unix() / 3600)
	err = v.ownUpdate(ctx, func(tx kv.Tx, _ *person) error {
		return tx.Scan([]byte{rows.KindAsk}, nil, func(key, row []byte) (bool, error) {
			if len(key) != 17 || len(row) <= 4 {
				return false, rows.Damaged("request")
			}
			if h := binary.BigEndian.Uint32(row); h >= hour {
				list = append(list, Ask{crypto.CapsuleID(key[1:]), h, append([]byte(nil), row[4:]...)})
			}
			return true, nil
		})
	})
	if err != nil {
		return nil, err
	}
	return list, nil
}

// DropAsk puts a request away without an answer. One that is not there is no error.
func (v *View) DropAsk(ctx context.Context, request crypto.CapsuleID) error {
	err := v.answered(ctx, "put a request away unanswered", func(tx kv.Tx, p *person) error {
		used := p.Head.Used
		if err := p.dropAsk(tx, request); err != nil {
			return err
		}
		if p.Head.Used == used {
			return errDone
		}
		return nil
	})
	if errors.Is(err, errDone) {
		return nil
	}
	return err
}

// answered is a change for the person themself, which the history tells: at a screen that
// was left open anybody can say no in their name.
func (v *View) answered(ctx context.Context, text string, write func(kv.Tx, *person) error) error {
	if v.closed {
		return errUnauthorized
	}
	if !v.grant.Self {
		return v.onlyPerson(ctx)
	}
	return v.retry(ctx, func() error {
		return v.commit(ctx, audit.Event{Action: audit.Dismissed, Query: "request", Text: text}, func(tx kv.Tx, p *person, _ *audit.Event) error { return write(tx, p) })
	})
}

func (s *Store) putAway(tx kv.Tx, p *person, request crypto.CapsuleID) error {
	used := p.Head.Used
	if err := p.dropAsk(tx, request); err != nil || p.Head.Used == used {
		return err
	}
	s.save(tx, p)
	return nil
}

// ownUpdate is unlogged for the person themself.
func (v *View) ownUpdate(ctx context.Context, write func(kv.Tx, *person) error) error {
	if v.closed {
		return errUnauthorized
	}
	if !v.grant.Self {
		return v.onlyPerson(ctx)
	}
	return v.unlogged(ctx, write)
}

// PutAnswer answers a request, and puts it away. It is for a no: a yes needs the keys of a
// grant that was made for the request, which no session has (Answer).
func (v *View) PutAnswer(ctx context.Context, c record.Capsule) error {
	now := v.s.time()
	if len(c.Blob) == 0 || len(c.Blob) > answerMost || c.Hour < keys.ExpiryHour(now) || c.Hour > keys.ExpiryHour(now.Add(answerLongest)) {
		return record.Safef(record.Invalid, "an answer is sealed, has at most %d bytes, and ends within %d days", answerMost, int(answerLongest.Hours()/24))
	}
	size := uint64(rows.CapsuleHead + len(c.Blob))
	err := v.answered(ctx, "said no to a request", func(_ kv.Tx, p *person) error {
		if p.full(size) {
			return errFull
		}
		p.Head.Used += size // as those that a statement brings
		return nil
	})
	if err != nil {
		return err
	}
	ctx = context.WithoutCancel(ctx)
	if err := v.s.putCapsule(ctx, v.person, c); err != nil {
		return err
	}
	return v.s.engine.Update(ctx, kv.Partition(v.person), func(tx kv.Tx) error {
		p, err := v.s.load(tx, v.person)
		if err != nil {
			return err
		}
		return v.s.putAway(tx, p, c.ID)
	})
}

// DropAddress closes an address of the person's: nobody is asked there any more. Which of
// a person's credentials is an address is not known here; what opens the record is none.
func (v *View) DropAddress(ctx context.Context, id crypto.CapsuleID) error {
	if !v.grant.Self {
		return v.onlyPerson(ctx)
	}
	err := v.retry(ctx, func() error {
		return v.commit(ctx, audit.Event{Action: audit.Address, Text: "closed an address"}, func(tx kv.Tx, p *person, _ *audit.Event) error {
			ring, err := p.Ring(tx)
			if err != nil {
				return err
			}
			for _, slot := range ring.Slots {
				if slot.ID == id {
					return record.Safef(record.Unprocessed, "this is a way to unlock the record, and no address: remove it on a device")
				}
			}
			return nil
		})
	})
	if err != nil {
		return err
	}
	err = v.s.dropOwnCapsule(context.WithoutCancel(ctx), id, v.person)
	v.s.opened.remove(id)
	return err
}

// sweepAsked removes requests that waited too long, and what is kept of the refresh tokens
// of grants that are over.
func (s *Store) sweepAsked(ctx context.Context, hour uint32) error {
	now := s.time()
	return s.engine.Partitions(func(part kv.Partition) error {
		if err := ctx.Err(); err != nil || part == nodePartition {
			return err
		}
		var over [][]byte
		err := s.engine.View(part, func(r kv.Reader) error {
			over = nil
			err := r.Scan([]byte{rows.KindAsk}, nil, func(key, row []byte) (bool, error) {
				if len(row) < 4 || binary.BigEndian.Uint32(row) < hour {
					over = append(over, append([]byte(nil), key...))
				}
				return true, nil
			})
			if err != nil {
				return err
			}
			var chains [][]byte
			err = r.Scan([]byte{rows.KindChain}, nil, func(key, _ []byte) (bool, error) {
				chains = append(chains, append([]byte(nil), key...))
				return true, nil
			})
			if err != nil || len(chains) == 0 {
				return err
			}
			p, err := s.load(r, record.PersonID(part))
			if err != nil {
				return err
			}
			for _, key := range chains {
				if len(key) != 17 || p.chainOver(record.GrantID(key[1:]), now) {
					over = append(over, key)
				}
			}
			return nil
		})
		if errors.Is(err, errNoPerson) || errors.Is(err, record.Integrity) {
			return nil // a capsule; or damaged, which Verify tells
		}
		if err != nil || len(over) == 0 {
			return err
		}
		return s.engine.Update(ctx, part, func(tx kv.Tx) error {
			p, err := s.load(tx, record.PersonID(part))
			if errors.Is(err, errNoPerson) {
				return nil
			}
			if err != nil {
				return err
			}
			for _, key := range over {
				if key[0] == rows.KindChain && len(key) == 17 && !p.chainOver(record.GrantID(key[1:]), now) {
					continue
				}
				if err := p.dropRow(tx, key); err != nil {
					return err
				}
			}
			s.save(tx, p)
			return nil
		})
	})
}
