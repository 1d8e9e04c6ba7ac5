package store

import (
	"context"

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

// Rest lets the engine let go of what it has read into memory, if it can. What is
// read next comes from the disk: it is for when nobody asks anything.
func (s *Store) Rest() {
	s.known.Forget()
	s.knownHeads.clear()
	s.memos.clear()
	s.opened.clear()
	if e, ok := s.engine.(interface{ Rest() }); ok {
		e.Rest()
	}
}

// damageTeller is an engine that looks at its own files, and reads on in damaged ones.
type damageTeller interface {
	Damaged() (damaged, tables int)
	Looked() <-chan struct{}
	ViewDamaged(p kv.Partition, fn func(kv.Reader) error) error
}

// tables tells how many of the database's tables are damaged, as far as is known.
func (s *Store) tables() (damaged, all int) {
	if e, ok := s.engine.(damageTeller); ok {
		damaged, all = e.Damaged()
	}
	return damaged, all
}

// looked waits until the engine has looked at all its tables.
func (s *Store) looked(ctx context.Context) error {
	e, ok := s.engine.(damageTeller)
	if !ok {
		return nil
	}
	select {
	case <-e.Looked():
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
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
