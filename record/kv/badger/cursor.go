package badger

import (
	"runtime/debug"

	bdb "github.com/dgraph-io/badger/v4"

	"carehold/record"
)

// cursor is an iterator over the rows with a prefix that can fail. Badger's own
// panics over a damaged block, with its bytes in the text.
type cursor struct {
	it  *bdb.Iterator
	buf []byte // of rows that are in files
	err error
}

// iterate does not prefetch: for rows in memory that is four times slower.
func iterate(txn *bdb.Txn, prefix []byte) *cursor { return iterateSince(txn, prefix, 0) }

func iterateSince(txn *bdb.Txn, prefix []byte, since uint64) *cursor {
	return &cursor{it: txn.NewIterator(bdb.IteratorOptions{Prefix: prefix, SinceTs: since})}
}

func (c *cursor) seek(key []byte) {
	if c.err == nil {
		c.err = guard(func() error { c.it.Seek(key); return nil })
	}
}

func (c *cursor) next() {
	if c.err == nil {
		c.err = guard(func() error { c.it.Next(); return nil })
	}
}

func (c *cursor) valid() bool { return c.err == nil && c.it.Valid() }

func (c *cursor) close() { _ = guard(func() error { c.it.Close(); return nil }) }

// errDamaged: a table is not what was written. The rows in it may be anyone's.
var errDamaged = record.Safef(record.Integrity, "a part of the store is damaged: restore the last backup")

// guard calls Badger, and makes an error of its panics and of faults.
func guard(do func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); isFault(r) {
			err = errFault
		} else if r != nil {
			err = errDamaged
		}
	}()
	return do()
}
