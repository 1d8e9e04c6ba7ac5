package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"

	"carehold/record"
	"carehold/record/kv"
	"carehold/record/rows"
)

// In format 1 the rows of a version were
//
//	row 0      prev(32) || hint(12) || count:u32 || blob        row i      blob
//
// and its hash, which the directory and prev of the version after it have, that of
// all its rows one after another. In format 2 the hashes of the other rows stand
// after count, and the hash is that of row 0. For a version of one row that is the
// same, and prev has the hash of the version before in either format; so rows 0 of
// either form are taken apart here, and both hashes computed.
const (
	oldPrev  = sha256.Size
	oldHead  = oldPrev + 12 + 4
	oldParts = 1 << 14
)

// oldLink is where a chain has come to: the version it was given last.
type oldLink struct {
	old, new hash // of the version, in format 1 and 2

	row     []byte // row 0 as it must be in format 2
	kept    int    // how long it was in format 1
	changed bool   // it is not so yet
	follows bool   // its prev is the version before, in one format or the other
	broken  bool   // its rows are not there, or no rows of a version
}

// next goes on to a version. One that does not follow keeps the prev it has: what
// lies before it is not what it was.
func (x *oldLink) next(r kv.Reader, l line, v record.Version) error {
	before := *x
	*x = oldLink{broken: true}
	at := l.Stamp.At(v)
	row, err := r.Get(rows.EntryKey(l.Entry, at))
	if errors.Is(err, kv.ErrNotFound) || err == nil && len(row) < oldHead {
		return nil
	}
	if err != nil {
		return err
	}
	count := binary.BigEndian.Uint32(row[oldHead-4:])
	if count == 0 || count > oldParts {
		return nil
	}
	stored := hash(row[:oldPrev])
	prevOld, prevNew := stored, stored
	switch {
	case v == 1 && stored != hash{}:
		return nil // there is nothing it could follow
	case v == 1:
		x.follows = true
	case !before.broken && (stored == before.old || stored == before.new):
		x.follows = true
		prevOld, prevNew = before.old, before.new
	}
	// Which form row 0 has shows by the first of the hashes: a blob begins with the
	// hash of another row in no store that anybody can make.
	sums, blob := make([]byte, 0, int(count-1)*sha256.Size), row[oldHead:]
	old := sha256.New()
	newer := false
	for i := 1; i < int(count); i++ {
		part, err := r.Get(rows.PartKey(l.Entry, at, i))
		if errors.Is(err, kv.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		sum := sha256.Sum256(part)
		sums = append(sums, sum[:]...)
		if i == 1 {
			if newer = bytes.HasPrefix(blob, sum[:]) && len(blob) >= cap(sums); newer {
				blob = blob[cap(sums):]
			}
			old.Write(prevOld[:])
			old.Write(row[oldPrev:oldHead])
			old.Write(blob)
		}
		old.Write(part)
	}
	x.row = append(prevNew[:], row[oldPrev:oldHead]...)
	x.row = append(append(x.row, sums...), blob...)
	x.new, x.kept = rows.HashOf(x.row), oldHead+len(blob)
	if count == 1 {
		x.old = rows.HashOf(append(prevOld[:], row[oldPrev:]...))
	} else {
		x.old = hash(old.Sum(nil))
	}
	x.changed, x.broken = !bytes.Equal(x.row, row), false
	return nil
}

// oldChain is what an entry's rows are.
type oldChain struct {
	line line
	from record.Version // the first version that those after it vouch for
	base oldLink        // before it
	olds []hash         // in format 1, from there on
	last oldLink
}

// readOldChain reads all the versions of an entry, the oldest first.
func readOldChain(r kv.Reader, l line) (c oldChain, err error) {
	c = oldChain{line: l, from: 1}
	for v := record.Version(1); v <= l.Stamp.Version(); v++ {
		before := c.last
		if err := c.last.next(r, l, v); err != nil {
			return c, err
		}
		switch {
		case c.last.broken:
			c.from, c.olds = v+1, nil
			continue
		case !c.last.follows:
			c.from, c.olds = v, nil
			fallthrough
		case v == c.from:
			c.base = before
		}
		c.olds = append(c.olds, c.last.old)
	}
	c.last.row = nil
	return c, nil
}

// sound reports whether the directory vouches for the rows from c.from on.
func (c oldChain) sound() bool {
	return !c.last.broken && len(c.olds) > 0 && (c.last.old == c.line.Hash || c.last.new == c.line.Hash)
}

func (c oldChain) damaged() bool { return !c.sound() || c.from > 1 }

// changes reports whether the entry is to be rewritten.
func (c oldChain) changes() bool { return c.sound() && c.last.new != c.line.Hash }

// start is the link before c.from, and now the hash the directory will have.
func (c oldChain) start() oldLink {
	return oldLink{old: c.base.old, new: c.base.new, broken: c.base.broken}
}
func (c oldChain) now() hash { return c.last.new }
