package store

import (
	"context"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/audit"
	"carehold/record/kv"
	"carehold/record/rows"
)

// GrowLog adds leaves to a person's log that nobody can open.
func (s *Store) GrowLog(id record.PersonID, leaves int) error {
	for leaves > 0 {
		now := min(leaves, 5000)
		leaves -= now
		err := s.engine.Update(context.Background(), kv.Partition(id), func(tx kv.Tx) error {
			p, err := s.load(tx, id)
			if err != nil {
				return err
			}
			for range now {
				leaf := make([]byte, 0, 640)
				for len(leaf) < cap(leaf) {
					more := crypto.RandomID()
					leaf = append(leaf, more[:]...)
				}
				if err := p.appendLeaf(tx, func(uint64) ([]byte, error) { return leaf, nil }); err != nil {
					return err
				}
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

// Page is a page of a log that no statement and no session is asked for.
func (s *Store) Page(id record.PersonID, from uint64, limit int) (LogPage, error) {
	return s.logPage(id, from, limit)
}

// Peaks is the frontier of the first entries of a person's log, of all of them.
func (s *Store) Peaks(id record.PersonID, size uint64) (f audit.Frontier, err error) {
	err = s.engine.View(kv.Partition(id), func(r kv.Reader) error {
		return rows.Leaves(r, 0, size, func(leaf []byte) bool {
			f.Append(audit.LeafHash(leaf))
			return true
		})
	})
	return f, err
}

// Remembered is how many frontiers are, of a person's and of everybody's.
func (s *Store) Remembered(id record.PersonID) (theirs, all int) {
	for _, k := range s.frontiers.kept {
		if k.person == id {
			theirs++
		}
	}
	return theirs, len(s.frontiers.kept)
}

// The bounds of what is remembered.
const FrontiersEach, FrontiersAll = frontiersEach, frontiersAll
