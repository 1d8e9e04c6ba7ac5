package store

import (
	"context"
	"errors"
	"io"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/audit"
	"carehold/record/backup"
	"carehold/record/keys"
	"carehold/record/kv"
	"carehold/record/rows"
	"carehold/record/statement"
)

// Taken is the answer to a record that was brought here.
type Taken struct {
	Person     record.PersonID
	Entries    uint64
	Seq        record.Seq // of the last statement
	Checkpoint []byte     // of the log as it goes on here
	Again      bool       // it was here already, from an answer that was lost
}

var (
	errThere   error = record.Safef(record.Conflict, "this record is at this server already")
	errCopyOld error = record.Safef(record.Conflict, "this copy of the record is older than the one that waits here already")
)

// inTheWay says what only the operator can take away.
func inTheWay(what string, id record.PersonID) error {
	err := record.Errorf(record.Conflict, "%s: the server's operator can take it away (carehold forget %s); then send yours again", what, id)
	err.Safe = what
	return err
}

func errSquat(id record.PersonID) error {
	return inTheWay("another record of this name waits at this server already", id)
}

// TakeRecord takes in a record that CopyRecord wrote at another server. All of it
// is verified, in a file in the store's folder, before any of it is here; then its
// rows are written, and the head last. From then on it waits, without grants, for
// its person to carry it on. It needs an invite, which says how much room it may
// take.
//
// A copy of a record that is here already is refused with record.Conflict. But
// while the record waits, the same copy sent again is answered as it was the first
// time, and a later copy of the same log takes its place.
//
// A few are sent at the same time, one with each invite, which is good for so many
// failures a day: record.TooMany. Whoever sends slowly keeps nobody waiting: nothing
// is held until all of it is there, and the person's turn to write not before it is
// verified.
func (s *Store) TakeRecord(ctx context.Context, r io.Reader, invite crypto.Credential) (out Taken, err error) {
	now, err := s.checkClock()
	if err != nil {
		return Taken{}, err
	}
	offer, name, used, err := s.lookAt(invite, now)
	if err != nil {
		return Taken{}, err
	}
	leave, ok := s.uploads.enter(name)
	if !ok {
		return Taken{}, errBusy
	}
	defer leave()
	if s.daily.spent(tries, name, now, uploadsDaily) {
		return Taken{}, errTries
	}
	spool, err := s.newSpool(offer.Quota)
	if err != nil {
		return Taken{}, err
	}
	defer spool.close()
	defer func() {
		if err != nil {
			s.daily.take(tries, name, now, uploadsDaily)
		}
	}()
	named := false
	accept := func(h backup.Header) error {
		named = true
		if err := s.welcome(h); err != nil {
			return err
		}
		_, _, err := s.waitingAs(h)
		return err
	}
	if err := spool.receive(r, accept); err != nil {
		if used && !named {
			return Taken{}, errInvite // it is good for the record it was used for, and no other was named
		}
		return Taken{}, err
	}
	done, err := s.takers.lock(ctx, record.PersonID{}) // to verify takes memory: one at a time
	if err != nil {
		return Taken{}, err
	}
	defer done()
	return s.take(ctx, spool, invite, offer, now)
}

// take takes a record in that is all there.
func (s *Store) take(ctx context.Context, spool *spool, invite crypto.Credential, offer keys.Invite, now time.Time) (Taken, error) {
	// Once through, to see all of it.
	src, err := spool.read()
	if err != nil {
		return Taken{}, err
	}
	h := src.Header()
	_, before, err := s.waitingAs(h)
	if err != nil {
		return Taken{}, err
	}
	var found backup.Person
	looked := &logUntil{size: before.Size}
	check := &backup.Checker{Then: looked, LeftOver: looked.leftOver, Found: func(p backup.Person) error {
		found = p
		return whole(p)
	}}
	if err := backup.Merge(ctx, []*backup.Reader{src}, check); err != nil {
		return Taken{}, err
	}
	switch {
	case looked.left > 0:
		return Taken{}, record.Safef(record.Invalid, "the copy has rows that the record does not name")
	case offer.Quota != 0 && found.Used > offer.Quota:
		return Taken{}, errOverful
	}

	// What is here is looked at again in the person's turn: meanwhile they may have
	// carried on, or another copy may have come.
	id := h.Person
	unlock, err := s.writers.lock(ctx, id)
	if err != nil {
		return Taken{}, err
	}
	defer unlock()
	there, head, err := s.waitingAs(h)
	switch {
	case err != nil:
		return Taken{}, err
	case head != before:
		return Taken{}, errBusy
	case there != nil:
		switch again, err := sameLog(there, found, before, looked); {
		case err != nil:
			return Taken{}, err
		case again:
			out, err := s.taken(there, found)
			out.Again = true
			return out, err
		}
	}
	if _, err := s.claim(ctx, invite, id, now); err != nil {
		return Taken{}, err
	}

	// And once more from the file, to write it.
	if src, err = spool.read(); err != nil {
		return Taken{}, err
	}
	t := &taker{s: s, ctx: ctx, from: h, action: audit.Brought, change: func(a *rows.Account) {
		a.Quota, a.Since, a.Moved = offer.Quota, now.Truncate(time.Second), ""
	}}
	if err := s.makeRoom(ctx, id, there); err != nil {
		return Taken{}, err
	}
	if err := s.clearPartition(ctx, kv.Partition(id)); err != nil {
		return Taken{}, err
	}
	check = &backup.Checker{Then: t, Found: func(p backup.Person) error {
		t.begin(p.ID)
		t.found = &p
		return whole(p)
	}}
	if err := backup.Merge(ctx, []*backup.Reader{src}, check); err != nil {
		return Taken{}, err
	}
	return s.taken(t.done, found)
}

func (s *Store) taken(p *person, found backup.Person) (Taken, error) {
	r, err := s.receipt(p)
	return Taken{Person: p.ID, Entries: found.Entries, Seq: r.Seq, Checkpoint: r.Checkpoint}, err
}

// welcome refuses what is no copy of a record that could come here.
func (s *Store) welcome(h backup.Header) error {
	switch {
	case h.Person == (record.PersonID{}):
		return record.Safef(record.Invalid, "this is no copy of one record")
	case h.Store == s.id:
		return errThere
	case h.Format != storeFormat:
		return record.Safef(record.Unsupported, "the record comes from a server whose store is of format %d; this one is of format %d: bring both servers up to date", h.Format, storeFormat)
	}
	return nil
}

// whole refuses a record with anything wrong.
func whole(p backup.Person) error {
	if p.Damage > 0 {
		return record.Safef(record.Integrity, "the copy is damaged, or was changed: its %s is not what was stored", p.Findings[0].Part)
	}
	return nil
}

// lookAt opens an invite without using it up, and says what it is called.
func (s *Store) lookAt(invite crypto.Credential, now time.Time) (open keys.Invite, name crypto.CapsuleID, used bool, err error) {
	if invite.IsZero() || invite.Kind() != crypto.Invite {
		return open, name, used, errInvite
	}
	key := invite.CapsuleKey()
	defer key.KEK.Destroy()
	var c rows.Capsule
	err = s.engine.View(kv.Partition(key.ID), func(r kv.Reader) error {
		c, err = s.readCapsule(r, key.ID)
		return err
	})
	if errors.Is(err, errNoCapsule) {
		return open, name, used, errInvite
	}
	if err != nil {
		return open, name, used, err
	}
	if c.State == rows.CapsuleUsed {
		if len(c.Blob) < len(record.PersonID{}) {
			return open, name, used, errInvite
		}
		used = true
		c.Blob = c.Blob[len(record.PersonID{}):] // by whom is for claim to say
	}
	if open, err = keys.OpenInvite(key, c.Capsule); err != nil || !s.ownedBy(c, nobody) || !now.Before(open.Until) {
		return open, name, used, errInvite
	}
	return open, key.ID, used, nil
}

// waitingAs is the record that waits here already and that a copy may stand for, and
// the head of its log there; nil when there is none of that name.
func (s *Store) waitingAs(h backup.Header) (*person, statement.Head, error) {
	there, err := s.person(h.Person)
	if errors.Is(err, errNoPerson) {
		return nil, statement.Head{}, nil
	}
	if err != nil {
		return nil, statement.Head{}, err
	}
	before, err := waitingHead(there, h)
	return there, before, err
}

// waitingHead is the log's head, as it was where it came from, of a record that
// waits here already and that this copy may stand for.
func waitingHead(there *person, h backup.Header) (before statement.Head, err error) {
	switch {
	case there.Account.Moved != "" && !there.Account.Waiting():
		return before, inTheWay("this record was at this server before it moved, and what is closed here is in the way", h.Person)
	case there.Account.From != h.Store:
		if there.Account.Waiting() {
			return before, errSquat(h.Person)
		}
		return before, errThere
	}
	if before, err = audit.VerifyCheckpoint(there.Account.Note, h.Verifier, h.Store, h.Person); err != nil {
		return before, errSquat(h.Person) // another key signs for a server of that name
	}
	return before, nil
}

// sameLog reports whether a copy is the one that waits here; an error unless it is
// that or a later one of the same log.
func sameLog(there *person, found backup.Person, before statement.Head, looked *logUntil) (again bool, err error) {
	switch {
	case found.Head.Log.Size < before.Size || found.Account.Seq < there.Account.Seq:
		return false, errCopyOld
	case looked.f.Head() != before:
		return false, errSquat(there.ID)
	}
	return found.Head.Log.Size == before.Size, nil
}

// logUntil computes the head of a log as it was when it had that size.
type logUntil struct {
	size uint64
	f    audit.Frontier
	left int
}

func (l *logUntil) Row(_ record.PersonID, key, value []byte) error {
	// No entry of a log is smaller. What takes nothing of the room would have no end,
	// and each page and proof hashes as many.
	if key[0] == rows.KindLeaf && len(value) < crypto.PaddedSize(0) {
		return record.Safef(record.Invalid, "the copy has entries in its log that nobody wrote")
	}
	if key[0] == rows.KindLeaf && l.f.Size < l.size {
		l.f.Append(audit.LeafHash(value))
	}
	return nil
}
func (l *logUntil) Capsule(record.PersonID, record.Capsule) error { return nil }
func (l *logUntil) Last(backup.Last, statement.Head) error        { return nil }
func (l *logUntil) leftOver(record.PersonID, []byte)              { l.left++ }

// forget takes a record that waits away, for a later copy of it to take its place.
// It has nothing that the copy has not, but for entries of this node's in the log.
func (s *Store) forget(ctx context.Context, id record.PersonID) error {
	return s.engine.Update(ctx, kv.Partition(id), func(tx kv.Tx) error {
		p, err := s.load(tx, id)
		if err != nil {
			return err
		}
		if !p.Account.Waiting() {
			return errThere
		}
		dropRecord(tx)
		return nil
	})
}

// makeRoom leaves nothing of a record of that name but rows that nothing names. What
// is left of one whose head was lost is not touched: it may yet be mended.
func (s *Store) makeRoom(ctx context.Context, id record.PersonID, there *person) error {
	if there != nil {
		return s.forget(ctx, id)
	}
	return s.engine.View(kv.Partition(id), func(r kv.Reader) error {
		for _, key := range [][]byte{rows.AccountKey, rows.RingKey} {
			if _, err := r.Get(key); !errors.Is(err, kv.ErrNotFound) {
				return errors.Join(err, rows.Damaged("head"))
			}
		}
		return nil
	})
}
