package store

import (
	"context"
	"encoding/binary"
	"errors"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/kv"
	"carehold/record/rows"
)

// What is kept for a link goes with it, a part at a time.

// putMade writes when something was first kept for a link, to be swept by.
func (s *Store) putMade(tx kv.Tx, link crypto.CapsuleID) error {
	_, err := tx.Get(rows.MadeKey(link))
	if errors.Is(err, kv.ErrNotFound) {
		tx.Put(rows.MadeKey(link), crypto.U32(uint32(s.time().Unix()/3600)))
		return nil
	}
	return err
}

// DropLink removes the files of a link. How often it was tried stays until it is
// gone.
func (v *View) DropLink(ctx context.Context, link crypto.CapsuleID) error {
	if !v.grant.Self {
		return v.onlyPerson(ctx)
	}
	return v.s.dropLink(ctx, v.person, link, false)
}

func (s *Store) dropLink(ctx context.Context, id record.PersonID, link crypto.CapsuleID, gone bool) error {
	for more := true; more; {
		err := s.engine.Update(ctx, kv.Partition(id), func(tx kv.Tx) error {
			p, err := s.load(tx, id)
			if err != nil {
				return err
			}
			var found [][]byte
			size := 0
			more = false
			err = tx.Scan(rows.FilesKey(link), nil, func(key, row []byte) (bool, error) {
				if more = size > s.engine.MaxUpdate()/8; more {
					return false, nil
				}
				found = append(found, append([]byte{}, key...))
				size += kv.RowCost
				p.Head.Used -= min(uint64(len(row)), p.Head.Used)
				return true, nil
			})
			if err != nil {
				return err
			}
			for _, key := range found {
				tx.Delete(key)
			}
			if !more && gone {
				tx.Delete(rows.MadeKey(link))
				tx.Delete(rows.TriesKey(link))
			}
			s.save(tx, p)
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// sweepLinks removes what is kept for links whose capsule is gone: those that ran
// out, and after a day those that were never made.
func (s *Store) sweepLinks(ctx context.Context, hour uint32) error {
	return s.engine.Partitions(func(part kv.Partition) error {
		var list []crypto.CapsuleID
		err := s.engine.View(part, func(r kv.Reader) error {
			return r.Scan([]byte{rows.KindMade}, nil, func(key, row []byte) (bool, error) {
				if len(key) == 17 && len(row) == 4 && binary.BigEndian.Uint32(row)+24 < hour {
					list = append(list, crypto.CapsuleID(key[1:]))
				}
				return ctx.Err() == nil, ctx.Err()
			})
		})
		for _, link := range list {
			if err != nil {
				return err
			}
			if _, gone := s.capsule(link); errors.Is(gone, errNoCapsule) {
				err = s.dropLink(ctx, record.PersonID(part), link, true)
			}
		}
		return err
	})
}
