package store

import (
	"bytes"
	"crypto/sha256"
	"testing"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/kv"
	"carehold/record/statement"
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

// FuzzRows: a row that is read is written again to the byte, and nothing panics.
func FuzzRows(f *testing.F) {
	f.Add(head{time: time.Unix(5, 0)}.marshal())
	f.Add(account{box: []byte("box"), seq: 3, since: time.Unix(5, 0)}.marshal())
	f.Add(live{epoch: 3, grants: []liveGrant{{LiveGrant{Grant: record.GrantID{1}, Until: time.Unix(9, 0), Struck: true}, hash{4}}, {LiveGrant{Self: true}, hash{}}}}.marshal())
	f.Add(ring{3, []statement.Slot{{ID: crypto.CapsuleID{1}, Wrap: []byte("wrap")}}, []byte("blob")}.marshal())
	f.Add(marshalSegment([]line{{record.EntryID{1}, newStamp(1, 2), hash{3}}}))
	f.Add(new(directory).marshal())
	s := &Store{node: crypto.NewKey()}
	f.Add(s.marshalCapsule(capsuleRow{Capsule: record.Capsule{Blob: []byte("blob")}}))
	f.Fuzz(func(t *testing.T, b []byte) {
		same := func(what string, again []byte) {
			if !bytes.Equal(again, b) {
				t.Errorf("%s %x is written again as %x", what, b, again)
			}
		}
		var h head
		if h.parse(b) {
			same("head", h.marshal())
		}
		var a account
		if a.parse(b) {
			same("account", a.marshal())
		}
		var l live
		if l.parse(b) {
			same("live list", l.marshal())
		}
		p := &person{}
		p.head.ring = sha256.Sum256(b)
		if x, err := p.ring(oneRow{string(ringKey), b}); err == nil {
			same("ring", x.marshal())
		}
		p.head.dir = dirRoot(b)
		if d, err := p.loadDirectory(oneRow{string(dirKey), b}); err == nil {
			same("directory", d.marshal())
		}
		d := &directory{5: sha256.Sum256(b)}
		if lines, err := d.segment(oneRow{string(segmentKey(5, d[5])), b}, 5); err == nil {
			same("segment", marshalSegment(lines))
			merge(lines, map[record.EntryID]line{{1}: {}})
		}
		if c, err := s.readCapsule(oneRow{string(capsuleKey), b}, crypto.CapsuleID{}); err == nil {
			same("capsule", s.marshalCapsule(c))
		}
		parseEntryKey(b)
		if len(b) > 32 {
			s.load(oneRow{string(headKey), b}, record.PersonID{})
		}
	})
}

// TestStamps: generation and version do not touch, and keys order newest first.
func TestStamps(t *testing.T) {
	s := newStamp(1<<24-1, 1<<40-1)
	if s.generation() != 1<<24-1 || s.version() != 1<<40-1 || s.at(7).version() != 7 || s.at(7).generation() != 1<<24-1 {
		t.Errorf("%x", s)
	}
	id := record.EntryID{1, 2}
	if bytes.Compare(entryKey(id, newStamp(0, 2)), entryKey(id, newStamp(0, 1))) >= 0 || bytes.Compare(entryKey(id, newStamp(1, 1)), entryKey(id, newStamp(0, 9))) >= 0 {
		t.Error("older comes first")
	}
	got, at, ok := parseEntryKey(entryKey(id, newStamp(3, 4)))
	if !ok || got != id || at != newStamp(3, 4) {
		t.Errorf("%x %x %v", got, at, ok)
	}
}
