package badger

import (
	bdb "github.com/dgraph-io/badger/v4"

	"carehold/record/kv"
)

// Changes reads by Badger's own timestamps, which are what a mark is. They are
// part of each row's key on the disk, so they outlive closing and compaction; a
// commit raises them by one, and the record of the last commit is written with
// each, so the highest one is never compacted away and given out again.
//
// What Badger skips for SinceTs are tables whose newest row is not new enough:
// an older version or a deletion in them says nothing of rows that are newer.
func (e *Engine) Changes(since uint64, fn func(p kv.Partition, key, value []byte) error) (mark uint64, err error) {
	err = e.view(func(txn *bdb.Txn) error {
		mark = txn.ReadTs()
		if since > mark || since > 0 && since < e.begun {
			return kv.ErrMark
		}
		if e.known() != nil {
			return errDamaged // rows may be missing, and whoever follows would not know
		}
		c := iterateSince(txn, []byte{rowKind}, since)
		defer c.close()
		for c.seek([]byte{rowKind}); c.valid(); c.next() {
			key := c.it.Item().Key()
			if len(key) < rowPrefix {
				continue
			}
			p := kv.Partition(key[1:rowPrefix])
			if _, err := c.visit(e.apart.rows(), func(key, value []byte) (bool, error) { return true, fn(p, key, value) }); err != nil {
				return err
			}
		}
		return c.err
	})
	if err != nil {
		return 0, err
	}
	return mark, nil
}
