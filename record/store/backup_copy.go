package store

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/audit"
	"carehold/record/backup"
	"carehold/record/kv"
	"carehold/record/rows"
)

// maxLeftOver is how many rows that nothing names a copy steps over.
const maxLeftOver = 1 << 20

// CopyRecord writes the whole record as it is at rest, as frames (package backup),
// for its person to take to another server: TakeRecord there reads it. Only the
// person's own grant may. It is in the log, and so in the copy, before the first
// byte is written. The copy is of one moment, and nothing waits for it; a record
// with any damage is not copied: record.Integrity, before the first byte. What is
// sealed stays sealed.
func (v *View) CopyRecord(ctx context.Context, w io.Writer) error {
	err := v.own(ctx, audit.Event{Action: audit.Copy}, func(*audit.Event) error { return nil })
	if err != nil {
		return err
	}
	return v.s.copyRecord(ctx, v.person, w)
}

func (s *Store) copyRecord(ctx context.Context, id record.PersonID, w io.Writer) error {
	defer s.holdSlots()()
	return s.engine.View(kv.Partition(id), func(r kv.Reader) error {
		skip := make(map[string]bool)
		got, err := rows.Verify(r, rows.Check{
			Vouch:    s.vouch(id),
			LeftOver: func(key []byte) { skip[string(key)] = len(skip) <= maxLeftOver },
		}, func(int) error { return ctx.Err() })
		switch {
		case err != nil:
			return err
		case got.Damage > 0:
			return rows.Damaged(string(got.Findings[0].Part))
		case !got.Person():
			return errUnauthorized
		case len(skip) > maxLeftOver:
			return record.Safef(record.Unavailable, "the record has too much left over from changes that were cut off; the server removes it within a week")
		}
		out, err := backup.NewWriter(w, backup.Header{Store: s.id, Format: storeFormat, Verifier: s.Verifier(), Time: s.time(), Person: id})
		if err != nil {
			return err
		}
		err = r.Scan(nil, nil, func(key, value []byte) (bool, error) {
			if err := ctx.Err(); err != nil || !backup.Carries(key) || skip[string(key)] {
				return err == nil, err
			}
			return true, out.Row(id, key, value)
		})
		if err != nil {
			return err
		}
		if err := s.backUpSlots(out, id, got.Slots); err != nil {
			return err
		}
		last := backup.Last{Person: id, Head: got.HeadRow, Epoch: got.Epoch}
		if last.Checkpoint, err = s.signer.Sign(id, got.Head.Log.Head()); err != nil {
			return err
		}
		if err := out.Last(last); err != nil {
			return err
		}
		_, err = out.End(0, s.signer.SignBackup)
		return err
	})
}

// vouch believes the heads that this node wrote.
func (s *Store) vouch(id record.PersonID) func([]byte) bool {
	return func(row []byte) bool {
		return len(row) >= rows.HeadMACSize && s.headMAC(id, row[rows.HeadMACSize:]).Equal(row[:rows.HeadMACSize])
	}
}

// backUpSlots writes the capsules of a person's slots, in order. One that is missing,
// or another person's, is for whoever verifies the backup to find.
func (s *Store) backUpSlots(out *backup.Writer, of record.PersonID, ids []crypto.CapsuleID) error {
	ids = slices.Clone(ids)
	slices.SortFunc(ids, func(a, b crypto.CapsuleID) int { return bytes.Compare(a[:], b[:]) })
	for _, id := range slices.Compact(ids) {
		c, err := s.capsule(id)
		if errors.Is(err, errNoCapsule) || errors.Is(err, record.Integrity) || err == nil && (c.Hour != crypto.NoExpiry || !s.ownedBy(c, of)) {
			continue
		}
		if err != nil {
			return err
		}
		if err := out.Capsule(c.Capsule); err != nil {
			return err
		}
	}
	return nil
}
