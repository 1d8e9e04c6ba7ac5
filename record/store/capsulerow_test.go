package store

import (
	"testing"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/kv"
	"carehold/record/rows"
)

// oneRow is a partition with one row.
type oneRow struct {
	key string
	row []byte
}

func (r oneRow) Get(key []byte) ([]byte, error) {
	if string(key) == r.key {
		return r.row, nil
	}
	return nil, kv.ErrNotFound
}

func (oneRow) Scan([]byte, []byte, func([]byte, []byte) (bool, error)) error { return nil }

// FuzzAuthenticRows: no bytes but the node's own are a head or a capsule, and none
// make it panic.
func FuzzAuthenticRows(f *testing.F) {
	s := &Store{node: crypto.NewKey()}
	sound := s.marshalCapsule(rows.Capsule{Capsule: record.Capsule{Blob: []byte("blob")}})
	f.Add(sound)
	f.Add(sound[:40])
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, err := s.readCapsule(oneRow{string(rows.CapsuleKey), b}, crypto.CapsuleID{}); err == nil && string(b) != string(sound) {
			t.Errorf("%x is a capsule", b)
		}
		if _, err := s.load(oneRow{string(rows.HeadKey), b}, record.PersonID{}); err == nil {
			t.Errorf("%x is a head", b)
		}
	})
}
