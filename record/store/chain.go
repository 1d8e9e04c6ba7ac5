package store

import (
	"crypto/sha256"
	"errors"

	"carehold/record"
	"carehold/record/keys"
	"carehold/record/kv"
)

// The first row of a version begins with the hash of the version before it, and
// the directory has the newest one's: so it answers for all of them. A seal alone
// would not: whoever was granted a section has its key, and could seal another
// past if they can write to the disk.
//
//	row 0      SHA-256(rows of the version before) || row 0 of package keys
//
// The first version has zeros there. Filing an entry elsewhere makes the chain
// anew with the rows.
const prevSize = sha256.Size

// rowsOf is one version as it is kept.
type rowsOf struct {
	prev hash     // of the version before it
	own  hash     // of these rows
	rows [][]byte // without prev, as package keys has them
	size uint64   // of keys and values
}

// chained makes the rows as they are kept, and their hash.
func chained(prev hash, rows [][]byte) ([][]byte, hash) {
	kept := append([][]byte{append(prev[:], rows[0]...)}, rows[1:]...)
	return kept, hashRows(kept)
}

// hashRows is SHA-256 of rows, one after another.
func hashRows(rows [][]byte) (sum hash) {
	h := sha256.New()
	for _, row := range rows {
		h.Write(row)
	}
	h.Sum(sum[:0])
	return sum
}

// readVersion reads all the rows of a version that must be there, and have this
// hash. Nothing in them is believed, and nothing opened, before that is so.
func readVersion(r kv.Reader, id record.EntryID, at stamp, want hash) (rowsOf, error) {
	first, err := r.Get(entryKey(id, at))
	if errors.Is(err, kv.ErrNotFound) {
		return rowsOf{}, damaged("entry")
	}
	if err != nil {
		return rowsOf{}, err
	}
	return withParts(r, id, at, first, want)
}

// withParts is readVersion with its first row at hand.
func withParts(r kv.Reader, id record.EntryID, at stamp, first []byte, want hash) (x rowsOf, err error) {
	if len(first) < prevSize {
		return x, damaged("entry")
	}
	copy(x.prev[:], first)
	n, err := keys.RowCount(first[prevSize:])
	if err != nil {
		return x, damaged("entry")
	}
	h := sha256.New()
	for i := range n {
		row := first
		if i > 0 {
			row, err = r.Get(partKey(id, at, i))
			if errors.Is(err, kv.ErrNotFound) {
				return x, damaged("entry")
			}
			if err != nil {
				return x, err
			}
		}
		h.Write(row)
		x.size += uint64(len(rowKey(id, at, i)) + len(row))
		x.rows = append(x.rows, row)
	}
	h.Sum(x.own[:0])
	if x.own != want {
		return x, damaged("entry")
	}
	x.rows[0] = first[prevSize:]
	return x, nil
}

// walk goes from the newest version of an entry down to the first, or until fn
// has what it wants. Each version is held against the one after it.
func walk(r kv.Reader, l line, fn func(at stamp, x rowsOf) (more bool, err error)) error {
	want := l.hash
	for n := l.stamp.version(); n > 0; n-- {
		at := l.stamp.at(n)
		x, err := readVersion(r, l.entry, at, want)
		if err != nil {
			return err
		}
		if n == 1 && x.prev != (hash{}) {
			return damaged("entry")
		}
		if more, err := fn(at, x); err != nil || !more {
			return err
		}
		want = x.prev
	}
	return nil
}

// history opens the versions of an entry that is the View's, newest first, until
// fn has what it wants. l is the entry as the caller's plan has it.
func (v *View) history(l line, fn func(at stamp, x rowsOf, e Entry) (more bool, err error)) error {
	return v.s.engine.View(kv.Partition(v.person), func(r kv.Reader) error {
		p, d, err := v.s.loadWithDirectory(r, v.person)
		if err != nil {
			return err
		}
		if now, there, err := p.lookup(r, d, l.entry); err != nil {
			return err
		} else if !there || now != l {
			return errStale
		}
		return walk(r, l, func(at stamp, x rowsOf) (bool, error) {
			e, mine, err := v.open(l.entry, at, x.rows)
			if err != nil {
				return false, err
			}
			if !mine {
				return false, damaged("entry") // all versions of an entry are in one section
			}
			return fn(at, x, e)
		})
	})
}
