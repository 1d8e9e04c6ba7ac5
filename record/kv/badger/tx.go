package badger

import (
	"bytes"
	"slices"
	"strings"

	"carehold/record/kv"
)

// tx is one update: its own writes, over those of the updates before it in the
// same commit, over the last commit.
type tx struct {
	own   overlay
	batch *overlay // nil: none of this partition
	base  snapshot
	max   int   // of own.cost
	err   error // what Put and Delete could not say
}

func (t *tx) end() { t.base.end() }

func (t *tx) Put(key, value []byte) {
	t.set(key, change{value: append([]byte{}, value...)})
}

func (t *tx) Delete(key []byte) { t.set(key, change{gone: true}) }

func (t *tx) set(key []byte, c change) {
	switch {
	case t.err != nil || t.base.txn == nil:
		return
	case len(key) > kv.MaxKey, len(c.value) > kv.MaxValue:
		t.err = kv.ErrTooLarge
		return
	}
	// Refused here and not at the end, so that a runaway fills no memory.
	if t.own.set(string(key), c); t.own.cost > t.max {
		t.err, t.own = kv.ErrTooLarge, overlay{}
	}
}

// pending returns the change of key that is not committed yet.
func (t *tx) pending(key string) (c change, ok bool) {
	if c, ok = t.own.get(key); ok {
		return c, true
	}
	return t.batch.get(key)
}

func (t *tx) Get(key []byte) ([]byte, error) {
	if c, ok := t.pending(string(key)); ok {
		if c.gone {
			return nil, kv.ErrNotFound
		}
		return slices.Clone(c.value), nil
	}
	return t.base.Get(key)
}

// Scan merges the three. The uncommitted changes are sought anew at each step,
// so that fn may write.
func (t *tx) Scan(prefix, from []byte, fn func(key, value []byte) (bool, error)) error {
	if t.base.txn == nil {
		return errOver
	}
	if t.base.holes != nil && t.base.holes.among(rowKey(t.base.p, prefix), rowKey(t.base.p, scanFrom(prefix, from))) {
		return errDamaged
	}
	c := iterate(t.base.txn, rowKey(t.base.p, prefix))
	defer c.close()
	at, past := string(scanFrom(prefix, from)), false
	c.seek(rowKey(t.base.p, []byte(at)))
	for {
		key, changed := t.next(at, past, string(prefix))
		if c.err != nil {
			return c.err
		}
		if c.valid() {
			below := c.it.Item().Key()[rowPrefix:]
			if !changed || string(below) < key {
				at, past = string(below), true
				more, err := c.visit(t.base.apart, fn)
				if err != nil || !more {
					return err
				}
				c.next()
				continue
			}
			if bytes.Equal(below, []byte(key)) {
				c.next()
			}
		}
		if !changed {
			return nil
		}
		at, past = key, true
		if own, _ := t.pending(key); !own.gone {
			more, err := fn([]byte(key), own.value)
			if err != nil || !more {
				return err
			}
		}
	}
}

// next returns the first uncommitted key at or past at that has the prefix.
func (t *tx) next(at string, past bool, prefix string) (string, bool) {
	key, ok := t.own.seek(at, past)
	if other, also := t.batch.seek(at, past); also && (!ok || other < key) {
		key, ok = other, true
	}
	return key, ok && strings.HasPrefix(key, prefix)
}
