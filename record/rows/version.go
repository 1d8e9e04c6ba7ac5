package rows

import (
	"crypto/sha256"
	"errors"

	"carehold/record"
	"carehold/record/keys"
	"carehold/record/kv"
)

// Row 0 of a version begins with the hash of the version before it, and names its
// other rows by theirs; the directory has the newest one's: so it answers for all
// of them. A seal alone would not: whoever was granted a section has its key, and
// could seal another past if they can write to the disk.
//
//	row 0      SHA-256(row 0 of the version before) || row 0 of package keys
//
// The first version has zeros there. Filing an entry elsewhere makes the chain
// anew with the rows. So the past of an entry is reached by its rows 0 alone, and
// a part of a large one is checked without the rest.
const prevSize = sha256.Size

// Chain makes row 0 as it is kept, and the version's hash. row is the one of
// package keys, prev the hash of the version before.
func Chain(prev Hash, row []byte) (kept []byte, own Hash) {
	kept = append(prev[:], row...)
	return kept, HashOf(kept)
}

// Version is one version as it is kept, its row 0 verified.
type Version struct {
	ID    record.EntryID
	At    Stamp
	Prev  Hash   // of the version before it; zeros in the first
	First []byte // row 0 without Prev: package keys opens it
	parts []Hash // of the other rows
}

// Count is how many rows the version has.
func (v Version) Count() int { return 1 + len(v.parts) }

// Part reads row i, from 1, and verifies it.
func (v Version) Part(r kv.Reader, i int) ([]byte, error) {
	return Checked(r, PartKey(v.ID, v.At, i), v.parts[i-1], "entry")
}

// Rows reads all the rows, verified, as package keys opens them.
func (v Version) Rows(r kv.Reader) ([][]byte, error) {
	all := [][]byte{v.First}
	for i := range v.parts {
		row, err := v.Part(r, i+1)
		if err != nil {
			return nil, err
		}
		all = append(all, row)
	}
	return all, nil
}

// ReadVersion reads row 0 of a version that must be there, and have this hash.
// Nothing in it is believed before that is so. The Version holds what r gave, and is
// good for as long as that is.
func ReadVersion(r kv.Getter, id record.EntryID, at Stamp, want Hash) (Version, error) {
	v, _, err := readVersion(r, id, at, want)
	return v, err
}

func readVersion(r kv.Getter, id record.EntryID, at Stamp, want Hash) (v Version, row []byte, err error) {
	row, err = r.Get(EntryKey(id, at))
	if errors.Is(err, kv.ErrNotFound) {
		err = Damaged("entry")
	}
	if err == nil {
		v, err = ParseVersion(row, id, at, want)
	}
	return v, row, err
}

// ParseVersion is ReadVersion with the row at hand.
func ParseVersion(row []byte, id record.EntryID, at Stamp, want Hash) (Version, error) {
	if HashOf(row) != want {
		return Version{}, Damaged("entry")
	}
	return parseVersion(row, id, at)
}

// parseVersion is for a row that has the hash it should have.
func parseVersion(row []byte, id record.EntryID, at Stamp) (v Version, err error) {
	if len(row) < prevSize {
		return v, Damaged("entry")
	}
	v = Version{ID: id, At: at, Prev: Hash(row[:prevSize]), First: row[prevSize:]}
	if v.parts, err = keys.Parts(v.First); err != nil || at.Version() == 0 || at.Version() == 1 && v.Prev != (Hash{}) {
		return v, Damaged("entry")
	}
	return v, nil
}

// Walk goes from the newest version of an entry down to the first, or until fn
// has what it wants. Each version is held against the one after it.
func Walk(r kv.Getter, l Line, fn func(v Version) (more bool, err error)) error {
	return walk(l, fn, func(id record.EntryID, at Stamp, want Hash) (Version, error) { return ReadVersion(r, id, at, want) })
}

func walk(l Line, fn func(v Version) (more bool, err error), read func(record.EntryID, Stamp, Hash) (Version, error)) error {
	want := l.Hash
	for n := l.Stamp.Version(); n > 0; n-- {
		v, err := read(l.Entry, l.Stamp.At(n), want)
		if err != nil {
			return err
		}
		if more, err := fn(v); err != nil || !more {
			return err
		}
		want = v.Prev
	}
	return nil
}
