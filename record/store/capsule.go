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
// the person is known. Its row is state(1) || expiry hour(4) || blob; a used
// invite's row holds, instead of the blob, the one person it admitted.
const (
	capsuleOpen = 0
	capsuleUsed = 1
)

func marshalCapsule(state byte, c record.Capsule) []byte {
	b := binary.BigEndian.AppendUint32([]byte{state}, c.Hour)
	return append(b, c.Blob...)
}

func parseCapsule(id [16]byte, row []byte) (state byte, c record.Capsule, err error) {
	if len(row) < 5 || row[0] > capsuleUsed {
		return 0, c, damaged("capsule")
	}
	return row[0], record.Capsule{ID: id, Hour: binary.BigEndian.Uint32(row[1:5]), Blob: row[5:]}, nil
}

var errNoCapsule = errors.New("no such capsule")

// capsule looks one up. errNoCapsule when it is not there, was used, or is over.
func (s *Store) capsule(id crypto.CapsuleID) (c record.Capsule, err error) {
	err = s.engine.View(kv.Partition(id), func(r kv.Reader) error {
		row, err := r.Get(capsuleKey)
		if errors.Is(err, kv.ErrNotFound) {
			return errNoCapsule
		}
		if err != nil {
			return err
		}
		state, found, err := parseCapsule(id, row)
		if err != nil {
			return err
		}
		if state != capsuleOpen {
			return errNoCapsule
		}
		c = found
		return nil
	})
	return c, err
}

// putCapsules writes capsules that are not there yet. One that is there already,
// to the byte, is a statement sent twice; another under its name is refused.
func (s *Store) putCapsules(ctx context.Context, capsules []record.Capsule) error {
	done := make(chan error, len(capsules))
	for _, c := range capsules { // side by side, so that they share a sync
		go func() {
			done <- s.engine.Update(ctx, kv.Partition(c.ID), func(tx kv.Tx) error {
				row := marshalCapsule(capsuleOpen, c)
				switch old, err := tx.Get(capsuleKey); {
				case errors.Is(err, kv.ErrNotFound):
					tx.Put(capsuleKey, row)
					return nil
				case err != nil:
					return err
				case string(old) == string(row):
					return nil
				}
				return record.Safef(record.Conflict, "a credential of this name exists already: make a new one")
			})
		}()
	}
	var errs []error
	for range capsules {
		errs = append(errs, <-done)
	}
	return errors.Join(errs...)
}

func (s *Store) dropCapsule(ctx context.Context, id crypto.CapsuleID) error {
	return s.engine.Update(ctx, kv.Partition(id), func(tx kv.Tx) error {
		tx.Delete(capsuleKey)
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
	return c, err
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
	return c, s.putCapsules(ctx, []record.Capsule{keys.SealInvite(c.CapsuleKey(), i)})
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
		row, err := tx.Get(capsuleKey)
		if errors.Is(err, kv.ErrNotFound) {
			return errInvite
		}
		if err != nil {
			return err
		}
		state, c, err := parseCapsule(key.ID, row)
		if err != nil {
			return err
		}
		if state == capsuleUsed {
			if len(c.Blob) < len(p) || record.PersonID(c.Blob[:len(p)]) != p {
				return errInvite
			}
			c.Blob = c.Blob[len(p):]
		}
		if open, err = keys.OpenInvite(key, c); err != nil || !now.Before(open.Until) {
			return errInvite
		}
		c.Blob = append(p[:], c.Blob...)
		tx.Put(capsuleKey, marshalCapsule(capsuleUsed, c))
		return nil
	})
	return open, err
}
