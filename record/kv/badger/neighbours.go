package badger

import (
	"bytes"

	bdb "github.com/dgraph-io/badger/v4"

	"carehold/record/kv"
)

// neighbours gets rows by one iterator, which is set up once and copies each row into
// a buffer that it has. Badger's own Get makes four copies of a row, all of them
// garbage, and an iterator over each table for each row.
type neighbours struct {
	s      *snapshot
	c      *cursor // from the first row on
	prefix []byte  // as Badger has it
	row    []byte  // the key that is sought
	steps  int     // to go before the next row is sought
	broken bool
}

func (s *snapshot) Neighbours(prefix []byte, fn func(kv.Getter) error) error {
	if s.txn == nil {
		return errOver
	}
	n := neighbours{s: s, prefix: rowKey(s.p, prefix), steps: 1}
	defer n.end()
	return fn(&n)
}

func (n *neighbours) end() {
	if n.s = nil; n.c != nil {
		n.c.close()
	}
}

// Get says of every row what snapshot.Get does. What the iterator cannot find, or fails
// over, which may be for a damaged block beside the row, is for that to tell.
func (n *neighbours) Get(key []byte) (value []byte, err error) {
	s := n.s
	if s == nil || s.txn == nil {
		return nil, errOver
	}
	n.row = append(append(append(n.row[:0], rowKind), s.p[:]...), key...)
	if n.broken || !bytes.HasPrefix(n.row, n.prefix) {
		return s.Get(key)
	}
	if n.c == nil {
		n.c = iterate(s.txn, n.prefix)
	}
	found, version := false, uint64(0)
	err = guard(func() error {
		item := n.at(n.row)
		if item == nil {
			return nil
		}
		found, version = true, item.Version()
		return item.Value(func(b []byte) (err error) {
			if value = b; item.UserMeta() == isApart {
				n.c.buf, err = s.apart.read(b, n.c.buf)
				value = n.c.buf
			}
			return err
		})
	})
	switch n.broken = err != nil; {
	case n.broken, !found:
		return s.Get(key)
	case s.holes != nil && s.holes.hides(n.row, version):
		return nil, errDamaged
	}
	return value, nil
}

// at moves to a row, and returns nil when it is not there. While the rows that are
// asked for lie close by it goes over those in between; else it seeks, for which Badger
// looks into each table, and lets go of the buffers of the row that it stood on.
func (n *neighbours) at(row []byte) *bdb.Item {
	for i := range n.steps {
		if !n.c.it.Valid() {
			break
		}
		c := bytes.Compare(n.c.it.Item().Key(), row)
		switch {
		case c < 0:
			n.c.it.Next()
			continue
		case c == 0:
			n.steps = min(2*n.steps, maxSteps)
			return n.c.it.Item()
		case i > 0:
			return nil // it would be between the one before and this one
		}
		break // it is behind
	}
	n.steps = max(n.steps/2, 1)
	if n.c.it.Seek(row); n.c.it.Valid() && bytes.Equal(n.c.it.Item().Key(), row) {
		return n.c.it.Item()
	}
	return nil
}

const maxSteps = 16
