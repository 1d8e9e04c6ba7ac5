package badger

import (
	"bytes"
	"errors"

	bdb "github.com/dgraph-io/badger/v4"

	"carehold/record/kv"
)

const (
	recordRow = "a" // the record of the last commit; outside every partition
	begunRow  = "b" // where the history began anew; outside every partition
	rowKind   = 'r' // also keeps a partition's id from looking like one of Badger's own keys
	rowPrefix = 1 + 16
)

var (
	errNone = errors.New("badger: no such row")
	errOver = errors.New("badger: reader used after its end")
)

func rowKey(p partition, key []byte) []byte {
	k := make([]byte, 0, rowPrefix+len(key))
	k = append(k, rowKind)
	k = append(k, p[:]...)
	return append(k, key...)
}

// get returns a row and its version. Of one that is in a file it is where.
func get(txn *bdb.Txn, key []byte) (value []byte, version uint64, err error) {
	value, version, _, err = getMeta(txn, key)
	return value, version, err
}

func getMeta(txn *bdb.Txn, key []byte) (value []byte, version uint64, meta byte, err error) {
	err = guard(func() error {
		item, err := txn.Get(key)
		if errors.Is(err, bdb.ErrKeyNotFound) {
			return errNone
		}
		if err == nil {
			version = item.Version()
			// What this item has is a copy already, and the item's alone: rows are never in
			// the value log, which would be mapped (valueThreshold).
			value = []byte{}
			meta = item.UserMeta()
			err = item.Value(func(v []byte) error {
				if len(v) > 0 {
					value = v[:len(v):len(v)]
				}
				return nil
			})
		}
		if err != nil {
			return unreadable(err)
		}
		return nil
	})
	return value, version, meta, err
}

// eachPartition calls fn for every partition with a row, seeking from one to the next.
func eachPartition(txn *bdb.Txn, fn func(partition) error) error {
	c := iterate(txn, []byte{rowKind})
	defer c.close()
	for c.seek([]byte{rowKind}); c.valid(); {
		key := c.it.Item().Key()
		if len(key) < rowPrefix {
			c.next()
			continue
		}
		p := partition(key[1:rowPrefix])
		if err := fn(p); err != nil {
			return err
		}
		next := rowKey(p, nil)
		i := len(next) - 1
		for next[i]++; next[i] == 0 && i > 0; next[i]++ {
			i--
		}
		c.seek(next)
	}
	return c.err
}

// snapshot reads one partition at one commit.
type snapshot struct {
	txn   *bdb.Txn
	p     partition
	holes holes
	hot   *hot   // nil: the disk is read
	kinds []byte // of the rows in hot
	apart apartRows
}

func (s *snapshot) end() { s.txn = nil }

func (s *snapshot) Get(key []byte) ([]byte, error) {
	if s.txn == nil {
		return nil, errOver
	}
	row := rowKey(s.p, key)
	warm := s.hot != nil && s.holes == nil && len(key) > 0 && bytes.IndexByte(s.kinds, key[0]) >= 0
	if warm {
		if value, ok := s.hot.get(row, s.txn.ReadTs()); ok {
			return value, nil
		}
	}
	value, version, meta, err := getMeta(s.txn, row)
	if err == nil && meta == isApart {
		value, err = s.apart.read(value, nil)
	}
	if warm && err == nil {
		s.hot.found(row, value, s.txn.ReadTs())
	}
	if s.holes != nil && (err == nil || err == errNone) && s.holes.hides(row, version) {
		return nil, errDamaged
	}
	if errors.Is(err, errNone) {
		return nil, kv.ErrNotFound
	}
	return value, err
}

func (s *snapshot) Scan(prefix, from []byte, fn func(key, value []byte) (bool, error)) error {
	if s.txn == nil {
		return errOver
	}
	start := rowKey(s.p, scanFrom(prefix, from))
	if s.holes != nil && s.holes.among(rowKey(s.p, prefix), start) {
		return errDamaged
	}
	c := iterate(s.txn, rowKey(s.p, prefix))
	defer c.close()
	for c.seek(start); c.valid(); c.next() {
		if more, err := c.visit(s.apart, fn); err != nil || !more {
			return err
		}
	}
	return c.err
}

// scanFrom is the key a scan begins at.
func scanFrom(prefix, from []byte) []byte {
	if bytes.Compare(from, prefix) > 0 {
		return from
	}
	return prefix
}

// visit calls fn with the item's key inside its partition and its value.
func (c *cursor) visit(files apartRows, fn func(key, value []byte) (bool, error)) (more bool, err error) {
	var stop error
	item := c.it.Item()
	err = item.Value(func(value []byte) error {
		if item.UserMeta() == isApart {
			if c.buf, stop = files.read(value, c.buf); stop != nil {
				return nil
			}
			value = c.buf
		}
		more, stop = fn(item.Key()[rowPrefix:], value)
		return nil
	})
	if err != nil {
		return false, unreadable(err)
	}
	return more, stop
}
