package store

import (
	"context"
	"encoding/binary"
	"errors"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/keys"
	"carehold/record/kv"
)

// A capsule has a partition of its own, named by its id: it is looked up before
// the person is known. Its row is
//
//	state(1) || expiry hour(4) || owner(32) || check(32) || blob
//
// and a used invite has the one person it admitted before the blob. owner is a
// MAC over the person whose statement or session put the capsule there, so that
// nobody uses or removes one in another's name, and whose it is does not show.
// check is a MAC over all the rest: nothing is swept or refused because a bit
// has tipped over.
const (
	capsuleOpen = 0
	capsuleUsed = 1

	capsuleHead = 1 + 4 + 32 + 32
)

// nobody owns the invites: they are the operator's.
var nobody record.PersonID

type capsuleRow struct {
	state byte
	owner hash
	record.Capsule
}

// ownedBy reports whether a person put the capsule there.
func (s *Store) ownedBy(c capsuleRow, p record.PersonID) bool {
	return s.ownerOf(c.ID, p).Equal(c.owner[:])
}

func (s *Store) ownerOf(id crypto.CapsuleID, p record.PersonID) crypto.MAC {
	return s.node.MAC(crypto.LabelBelongs, s.id[:], id[:], p[:])
}

func (s *Store) checkOf(c capsuleRow) crypto.MAC {
	return s.node.MAC(crypto.LabelBelongs, s.id[:], c.ID[:], c.owner[:], []byte{c.state}, crypto.U32(c.Hour), c.Blob)
}

func (s *Store) marshalCapsule(c capsuleRow) []byte {
	b := make([]byte, 0, capsuleHead+len(c.Blob))
	b = binary.BigEndian.AppendUint32(append(b, c.state), c.Hour)
	b = append(b, c.owner[:]...)
	check := s.checkOf(c)
	b = append(b, check[:]...)
	return append(b, c.Blob...)
}

// readCapsule reads a capsule's row, whatever its state; errNoCapsule when there
// is none.
func (s *Store) readCapsule(r kv.Reader, id crypto.CapsuleID) (c capsuleRow, err error) {
	row, err := r.Get(capsuleKey)
	if errors.Is(err, kv.ErrNotFound) {
		return c, errNoCapsule
	}
	if err != nil {
		return c, err
	}
	if len(row) < capsuleHead || row[0] > capsuleUsed {
		return c, damaged("capsule")
	}
	c = capsuleRow{row[0], hash(row[5:37]), record.Capsule{ID: id, Hour: binary.BigEndian.Uint32(row[1:5]), Blob: row[capsuleHead:]}}
	if !s.checkOf(c).Equal(row[37:capsuleHead]) {
		return c, damaged("capsule")
	}
	return c, nil
}

var errNoCapsule = errors.New("no such capsule")

// capsule looks one up. errNoCapsule when it is not there or was used.
func (s *Store) capsule(id crypto.CapsuleID) (c capsuleRow, err error) {
	err = s.engine.View(kv.Partition(id), func(r kv.Reader) error {
		if c, err = s.readCapsule(r, id); err == nil && c.state != capsuleOpen {
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
		tx.Put(capsuleKey, row)
		return nil
	})
	if errors.Is(err, errDone) {
		return nil
	}
	return err
}

func (s *Store) openRow(owner record.PersonID, c record.Capsule) []byte {
	return s.marshalCapsule(capsuleRow{capsuleOpen, hash(s.ownerOf(c.ID, owner)), c})
}

// freeFor reports whether a capsule can be put: errDone when it is there already.
func (s *Store) freeFor(r kv.Reader, id crypto.CapsuleID, row []byte) error {
	if kv.Partition(id) == nodePartition {
		return record.Safef(record.Invalid, "no credential has the id zero")
	}
	switch old, err := r.Get(capsuleKey); {
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
	return s.engine.Update(ctx, kv.Partition(id), func(tx kv.Tx) error {
		tx.Delete(capsuleKey)
		return nil
	})
}

// dropOwnCapsule removes a capsule if it is this person's: a list of slots names
// ids, and anybody can write anybody's id in theirs.
func (s *Store) dropOwnCapsule(ctx context.Context, id crypto.CapsuleID, p record.PersonID) error {
	return s.engine.Update(ctx, kv.Partition(id), func(tx kv.Tx) error {
		c, err := s.readCapsule(tx, id)
		if err == nil && s.ownedBy(c, p) {
			tx.Delete(capsuleKey)
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
	return c, s.putCapsule(ctx, nobody, keys.SealInvite(c.CapsuleKey(), i))
}

var errInvite error = record.Safef(record.Unauthorized, "this invite is not valid: it may have been used or have run out; ask the server's operator for another")

// claim uses an invite up for one person. The same person may claim it again, so
// that an enrolment that was cut off can be sent again.
func (s *Store) claim(ctx context.Context, invite crypto.Credential, p record.PersonID, now time.Time) (keys.Invite, error) {
	if invite.IsZero() || invite.Kind() != crypto.Invite {
		return keys.Invite{}, errInvite
	}
	key := invite.CapsuleKey()
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
		if c.state == capsuleUsed {
			if len(c.Blob) < len(p) || record.PersonID(c.Blob[:len(p)]) != p {
				return errInvite
			}
			c.Blob = c.Blob[len(p):]
		}
		if open, err = keys.OpenInvite(key, c.Capsule); err != nil || !now.Before(open.Until) {
			return errInvite
		}
		c.state, c.Blob = capsuleUsed, append(p[:], c.Blob...)
		tx.Put(capsuleKey, s.marshalCapsule(c))
		return nil
	})
	return open, err
}
