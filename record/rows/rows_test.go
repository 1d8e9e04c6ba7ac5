package rows

import (
	"bytes"
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
	f.Add(Head{Time: time.Unix(5, 0)}.Marshal())
	f.Add(Account{Box: []byte("box"), Seq: 3, Since: time.Unix(5, 0)}.Marshal())
	f.Add(Account{Box: []byte("box"), From: record.StoreID{1}, Note: []byte("note"), Moved: "https://b.example"}.Marshal())
	f.Add(Live{Epoch: 3, Grants: []LiveGrant{{Grant: record.GrantID{1}, Until: time.Unix(9, 0), Struck: true, Row: Hash{4}}, {Self: true}}}.Marshal())
	f.Add(Ring{3, []statement.Slot{{ID: crypto.CapsuleID{1}, Wrap: []byte("wrap")}}, []byte("blob")}.Marshal())
	f.Add(MarshalSegment([]Line{{record.EntryID{1}, NewStamp(1, 2), Hash{3}}}))
	f.Add(new(Directory).Marshal())
	f.Add(Capsule{Capsule: record.Capsule{Blob: []byte("blob")}}.Marshal())
	f.Fuzz(func(t *testing.T, b []byte) {
		same := func(what string, again []byte) {
			if !bytes.Equal(again, b) {
				t.Errorf("%s %x is written again as %x", what, b, again)
			}
		}
		if h, ok := ParseHead(b); ok {
			same("head", h.Marshal())
		}
		if a, ok := ParseAccount(b); ok {
			same("account", a.Marshal())
		}
		if l, ok := ParseLive(b); ok {
			same("live list", l.Marshal())
		}
		if x, ok := ParseRing(b); ok {
			same("ring", x.Marshal())
		}
		if d, ok := ParseDirectory(b); ok {
			same("directory", d.Marshal())
		}
		d := &Directory{5: HashOf(b)}
		if lines, err := d.Segment(oneRow{string(SegmentKey(5, d[5])), b}, 5); err == nil {
			same("segment", MarshalSegment(lines))
			Merge(lines, map[record.EntryID]Line{{1}: {}})
		}
		if c, ok := ParseCapsule([16]byte{}, b); ok {
			same("capsule", c.Marshal())
		}
		if v, err := ParseVersion(b, record.EntryID{}, 1, HashOf(b)); err == nil && v.Count() < 1 {
			t.Error("a version of no rows")
		}
		ParseEntryKey(b)
		ParsePartKey(b)
	})
}

// TestStamps: generation and version do not touch, and keys order newest first.
func TestStamps(t *testing.T) {
	s := NewStamp(1<<24-1, 1<<40-1)
	if s.Generation() != 1<<24-1 || s.Version() != 1<<40-1 || s.At(7).Version() != 7 || s.At(7).Generation() != 1<<24-1 {
		t.Errorf("%x", s)
	}
	id := record.EntryID{1, 2}
	if bytes.Compare(EntryKey(id, NewStamp(0, 2)), EntryKey(id, NewStamp(0, 1))) >= 0 || bytes.Compare(EntryKey(id, NewStamp(1, 1)), EntryKey(id, NewStamp(0, 9))) >= 0 {
		t.Error("older comes first")
	}
	got, at, ok := ParseEntryKey(EntryKey(id, NewStamp(3, 4)))
	if !ok || got != id || at != NewStamp(3, 4) {
		t.Errorf("%x %x %v", got, at, ok)
	}
	got, at, i, ok := ParsePartKey(PartKey(id, NewStamp(3, 4), 5))
	if !ok || got != id || at != NewStamp(3, 4) || i != 5 {
		t.Errorf("%x %x %d %v", got, at, i, ok)
	}
}
