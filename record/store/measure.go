package store

import (
	"carehold/record/kv"
	"carehold/record/kv/badger"
)

// Measure tells how the engine does: commits, sizes, the room on the disk. ok is
// false for an engine that cannot tell.
func (s *Store) Measure() (m badger.Measure, ok bool) {
	e, ok := s.engine.(interface{ Measure() badger.Measure })
	if ok {
		m = e.Measure()
	}
	return m, ok
}

// Alive returns when the store has answered: its locks are free, and its rows can
// be read.
func (s *Store) Alive() {
	s.Clock()
	_ = s.engine.View(nodePartition, func(r kv.Reader) error {
		_, err := r.Get(storeKey)
		return err
	})
}
