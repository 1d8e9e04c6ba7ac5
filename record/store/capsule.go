package store

import (
	"context"
	"errors"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/keys"
	"carehold/record/kv"
	"carehold/record/rows"
)

// A capsule has a partition of its own, named by its id: it is looked up before
// the person is known. The owner in its row is a MAC over the person whose
// statement or session put the capsule there, so that nobody uses or removes one in
// another's name, and whose it is does not show. Its check is a MAC over all the
// rest: nothing is swept or refused because a bit has tipped over.

// nobody owns the invites: they are the operator's.
var nobody record.PersonID

// ownedBy reports whether a person put the capsule there.
func (s *Store) ownedBy(c rows.Capsule, p record.PersonID) bool {
	return s.ownerOf(c.ID, p).Equal(c.Owner[:])
}

func (s *Store) ownerOf(id crypto.CapsuleID, p record.PersonID) crypto.MAC {
	return s.node.MAC(crypto.LabelBelongs, s.id[:], id[:], p[:])
}

func (s *Store) checkOf(c rows.Capsule) crypto.MAC {
	return s.node.MAC(crypto.LabelBelongs, s.id[:], c.ID[:], c.Owner[:], []byte{c.State}, crypto.U32(c.Hour), c.Blob)
}

// marshalCapsule writes a capsule's row, with its check.
func (s *Store) marshalCapsule(c rows.Capsule) []byte {
	c.Check = hash(s.checkOf(c))
	return c.Marshal()
}

// readCapsule reads a capsule's row, whatever its state; errNoCapsule when there
// is none.
func (s *Store) readCapsule(r kv.Reader, id crypto.CapsuleID) (c rows.Capsule, err error) {
	row, err := s.capsuleRow(r)
	if err != nil {
		return c, err
	}
	return s.parseCapsule(id, row)
}

func (s *Store) capsuleRow(r kv.Reader) ([]byte, error) {
	row, err := r.Get(rows.CapsuleKey)
	if errors.Is(err, kv.ErrNotFound) {
		return nil, errNoCapsule
	}
	return row, err
}

// parseCapsule checks a capsule's row, and reads it.
func (s *Store) parseCapsule(id crypto.CapsuleID, row []byte) (rows.Capsule, error) {
	c, ok := rows.ParseCapsule(id, row)
	if !ok || !s.checkOf(c).Equal(c.Check[:]) {
		return c, rows.Damaged("capsule")
	}
	return c, nil
}

var errNoCapsule = errors.New("no such capsule")

// capsule looks one up. errNoCapsule when it is not there or was used.
func (s *Store) capsule(id crypto.CapsuleID) (c rows.Capsule, err error) {
	err = s.engine.View(kv.Partition(id), func(r kv.Reader) error {
		if c, err = s.readCapsule(r, id); err == nil && c.State != rows.CapsuleOpen {
			err = errNoCapsule
		}
		return err
	})
	return c, err
}

// putCapsules writes capsules of a person that are not there yet. One that is
// there already, to the byte, is a statement sent twice; another under its name
// is refused.
func (s *Store) putCapsules(ctx context.Context, owner record.PersonID, capsules []record.Capsule) error {
	for _, c := range capsules { // looked at first, so that one that is taken leaves none behind
		err := s.engine.View(kv.Partition(c.ID), func(r kv.Reader) error {
			return s.freeFor(r, c.ID, s.openRow(owner, c))
		})
		if err != nil && !errors.Is(err, errDone) {
			return err
		}
	}
	done := make(chan error, len(capsules))
	for _, c := range capsules { // side by side, so that they share a sync
		go func() { done <- s.putCapsule(ctx, owner, c) }()
	}
	var errs []error
	for range capsules {
		errs = append(errs, <-done)
	}
	return errors.Join(errs...)
}

func (s *Store) putCapsule(ctx context.Context, owner record.PersonID, c record.Capsule) error {
	err := s.engine.Update(ctx, kv.Partition(c.ID), func(tx kv.Tx) error {
		row := s.openRow(owner, c)
		if err := s.freeFor(tx, c.ID, row); err != nil {
			return err
		}
		tx.Put(rows.CapsuleKey, row)
		return nil
	})
	if errors.Is(err, errDone) {
		return nil
	}
	return err
}

func (s *Store) openRow(owner record.PersonID, c record.Capsule) []byte {
	return s.marshalCapsule(rows.Capsule{State: rows.CapsuleOpen, Owner: hash(s.ownerOf(c.ID, owner)), Capsule: c})
}

// freeFor reports whether a capsule can be put: errDone when it is there already.
func (s *Store) freeFor(r kv.Reader, id crypto.CapsuleID, row []byte) error {
	if kv.Partition(id) == nodePartition {
		return record.Safef(record.Invalid, "no credential has the id zero")
	}
	switch old, err := r.Get(rows.CapsuleKey); {
	case errors.Is(err, kv.ErrNotFound):
		return nil
	case err != nil:
		return err
	case string(old) == string(row):
		return errDone
	}
	return record.Safef(record.Conflict, "a credential of this name exists already: make a new one")
}

func (s *Store) dropCapsule(ctx context.Context, id crypto.CapsuleID) error {
	err := s.engine.Update(ctx, kv.Partition(id), func(tx kv.Tx) error {
		tx.Delete(rows.CapsuleKey)
		return nil
	})
	s.opened.remove(id)
	return err
}

// dropOwnCapsule removes a capsule if it is this person's: a list of slots names
// ids, and anybody can write anybody's id in theirs.
func (s *Store) dropOwnCapsule(ctx context.Context, id crypto.CapsuleID, p record.PersonID) error {
	return s.engine.Update(ctx, kv.Partition(id), func(tx kv.Tx) error {
		c, err := s.readCapsule(tx, id)
		if err == nil && s.ownedBy(c, p) {
			tx.Delete(rows.CapsuleKey)
		}
		return nil
	})
}

// Slot returns the capsule of a slot; record.NotFound for everything else. It
// tells nothing but whose record the slot opens, and only to who holds it.
func (s *Store) Slot(_ context.Context, id crypto.CapsuleID) (record.Capsule, error) {
	c, err := s.capsule(id)
	if errors.Is(err, errNoCapsule) || err == nil && c.Hour != crypto.NoExpiry {
		return record.Capsule{}, errNoSlot
	}
	if err != nil {
		return record.Capsule{}, err
	}
	return c.Capsule, nil
}

var errNoSlot error = record.Safef(record.NotFound, "nothing is kept under this")

// DefaultQuota is what a record may take at rest, in bytes, unless the invite
// says otherwise: room for a long life with its letters.
const DefaultQuota = 4 << 30

// Invite makes a one-use invite for a new person.
func (s *Store) Invite(ctx context.Context, i keys.Invite) (crypto.Credential, error) {
	if i.Until.IsZero() || !i.Until.After(s.Now()) {
		return crypto.Credential{}, record.Safef(record.Invalid, "an invite must end some time from now")
	}
	if i.Quota == 0 {
		i.Quota = DefaultQuota
	}
	c := crypto.NewCredential(crypto.Invite)
	key := c.CapsuleKey()
	defer key.KEK.Destroy()
	return c, s.putCapsule(ctx, nobody, keys.SealInvite(key, i))
}

var errInvite error = record.Safef(record.Unauthorized, "this invite is not valid: it may have been used or have run out; ask the server's operator for another")

// claim uses an invite up for one person. The same person may claim it again, so
// that an enrolment that was cut off can be sent again.
func (s *Store) claim(ctx context.Context, invite crypto.Credential, p record.PersonID, now time.Time) (keys.Invite, error) {
	if invite.IsZero() || invite.Kind() != crypto.Invite {
		return keys.Invite{}, errInvite
	}
	key := invite.CapsuleKey()
	defer key.KEK.Destroy()
	var open keys.Invite
	err := s.engine.Update(ctx, kv.Partition(key.ID), func(tx kv.Tx) error {
		c, err := s.readCapsule(tx, key.ID)
		if errors.Is(err, errNoCapsule) {
			return errInvite
		}
		if err != nil {
			return err
		}
		if !s.ownedBy(c, nobody) {
			return errInvite // a person can make a capsule of any kind, and invites nobody
		}
		if c.State == rows.CapsuleUsed {
			if len(c.Blob) < len(p) || record.PersonID(c.Blob[:len(p)]) != p {
				return errInvite
			}
			c.Blob = c.Blob[len(p):]
		}
		if open, err = keys.OpenInvite(key, c.Capsule); err != nil || !now.Before(open.Until) {
			return errInvite
		}
		c.State, c.Blob = rows.CapsuleUsed, append(p[:], c.Blob...)
		tx.Put(rows.CapsuleKey, s.marshalCapsule(c))
		return nil
	})
	return open, err
}
