package store

import (
	"context"
	"strings"
	"unicode"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/audit"
	"carehold/record/kv"
	"carehold/record/rows"
	"carehold/record/statement"
)

// A record that was restored from a backup or brought from another server waits:
// its account says from where, and nobody is on its live list. Its ways in, its
// keyring and its log are given to whoever has a way in, and it takes one
// statement, which carries it on. A record that is closed is read by its person and
// changed by nobody, until a statement opens it again.

var errWaiting error = record.Safef(record.Unprocessed,
	"this record was restored from a backup or brought here from another server; its owner must carry it on: carehold carry-on")

// errMoved is for a change of a record that is closed here.
func errMoved(url string) error {
	return record.Errorf(record.Unprocessed, "this record is closed here and is not changed any more: it has moved to %s", url)
}

// applyCarryOn lets a record that waits go on, and nothing else pass.
func (s *Store) applyCarryOn(p *person, b statement.Body) error {
	c := b.CarryOn
	switch {
	case c == nil && p.Account.Waiting():
		return errWaiting
	case c == nil:
		return nil
	case !p.Account.Waiting():
		return against("this record does not wait to be carried on")
	case c.From != p.Account.From:
		return against("it carries on a record from another server than this one came from")
	case c.Verifier != s.Verifier():
		return against("it carries the record on at another server than this one")
	case b.Epoch == nil:
		return against("a record is carried on with an epoch of its own")
	case len(b.Grants) != 1 || len(b.Capsules) > 0: // of the person's own: applyGrants
		return against("a record is carried on with one grant, the person's own")
	case b.MovedTo != "":
		return against("a record is not closed while it is carried on")
	}
	p.Account.From, p.Account.Note = record.StoreID{}, nil
	return nil
}

// applyMoved closes the record, or opens it again. The person's own grant stays:
// they can read what they had, and nobody else can. With statement.Deleted there is
// nothing left to read: Apply deletes the record in the same commit.
func (p *person) applyMoved(b statement.Body) error {
	if b.MovedTo != "" && len(p.Live.Grants) != 1 { // of which one is their own: applyGrants
		return against("a record that is closed has no grant but the person's own: end the others in the same statement")
	}
	if strings.IndexFunc(b.MovedTo, func(r rune) bool { return r == unicode.ReplacementChar || !unicode.IsPrint(r) || r == ' ' }) >= 0 {
		return against("where the record moves to is not an address")
	}
	p.Account.Moved = b.MovedTo
	return nil
}

// RingLog returns a run of the log of a record that waits to one of its ways in: a
// device looks at it before it carries the record on, and there is no grant yet to
// read it under. It is counted and logged as a fetch of the keyring is.
func (s *Store) RingLog(ctx context.Context, id record.PersonID, slot crypto.CapsuleID, from uint64) (page LogPage, err error) {
	if err := s.ringAsked(id, slot); err != nil {
		return page, err
	}
	err = s.engine.Update(ctx, kv.Partition(id), func(tx kv.Tx) error {
		p, _, _, err := s.ringFor(tx, id, slot)
		if err != nil {
			return err
		}
		if !p.Account.Waiting() {
			return record.Safef(record.Forbidden, "the log is read in a session: this record does not wait to be carried on")
		}
		return s.appendNodeLeaf(tx, p, audit.Event{Action: audit.RingFetch})
	})
	if err != nil {
		return page, err
	}
	return s.logPage(id, from, MaxLeaves)
}

// ringAsked refuses a stranger's guess, without a turn in the commit loop, and who
// has asked too often.
func (s *Store) ringAsked(id record.PersonID, slot crypto.CapsuleID) error {
	if _, err := s.checkClock(); err != nil {
		return err
	}
	err := s.engine.View(kv.Partition(id), func(r kv.Reader) error {
		_, _, _, err := s.ringFor(r, id, slot)
		return err
	})
	if err != nil {
		return err
	}
	if !s.daily.take(rings, slot, s.time(), ringsDaily) {
		return record.Safef(record.TooMany, "the keyring was fetched %d times today: try again tomorrow, or unlock another way", ringsDaily)
	}
	return nil
}

// logPage reads a run of a log as it is on the disk.
func (s *Store) logPage(id record.PersonID, from uint64, limit int) (page LogPage, err error) {
	err = s.engine.View(kv.Partition(id), func(r kv.Reader) error {
		p, err := s.load(r, id)
		if err != nil {
			return err
		}
		if from > p.Head.Log.Size {
			return record.Safef(record.Integrity, "this device has seen more of the log than this server has: the server was wound back")
		}
		page = LogPage{From: from, Size: p.Head.Log.Size}
		at, err := s.before(r, p, from)
		if err != nil {
			return err
		}
		page.Frontier = at.Marshal()
		s.frontiers.keep(id, at, p.Head.Log)
		size := 0
		if err := rows.Leaves(r, from, p.Head.Log.Size, func(leaf []byte) bool {
			page.Leaves = append(page.Leaves, append([]byte(nil), leaf...))
			at.Append(audit.LeafHash(leaf))
			size += len(leaf)
			return len(page.Leaves) < limit && size < maxLogBytes
		}); err != nil {
			return err
		}
		s.frontiers.keep(id, at, p.Head.Log) // where the next page begins
		page.Checkpoint, err = s.signer.Sign(id, p.Head.Log.Head())
		return err
	})
	return page, err
}

// closed reports in a commit whether the record takes changes.
func (p *person) closed() error {
	if p.Account.Moved != "" {
		return errMoved(p.Account.Moved)
	}
	return nil
}
