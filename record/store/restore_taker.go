package store

import (
	"bytes"
	"context"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/audit"
	"carehold/record/backup"
	"carehold/record/kv"
	"carehold/record/rows"
	"carehold/record/statement"
)

// taker writes the rows of people as they come from a backup. None of them is there
// before its head is, which one commit writes with account, live list, keyring,
// directory and a log entry; what was put before that is rows that nothing names.
// It goes behind a backup.Checker, which says through person what it found.
type taker struct {
	s      *Store
	ctx    context.Context
	from   backup.Header
	action audit.Action // audit.Restored or audit.Brought
	change func(*rows.Account)

	part     kv.Partition
	small    map[byte][]byte // rows that go with the head
	set      rowSet
	cost     int
	capsules []record.Capsule
	drop     [][]byte
	found    *backup.Person // nil: not to be taken
	done     *person        // the last that was
}

func (t *taker) begin(p record.PersonID) {
	if t.part != kv.Partition(p) {
		*t = taker{s: t.s, ctx: t.ctx, from: t.from, action: t.action, change: t.change, part: kv.Partition(p), small: make(map[byte][]byte)}
	}
}

func (t *taker) Row(p record.PersonID, key, value []byte) error {
	t.begin(p)
	if len(key) == 1 {
		t.small[key[0]] = bytes.Clone(value)
		return nil
	}
	cost := kv.RowCost + len(key) + len(value)
	if t.cost+cost > t.s.engine.MaxUpdate() {
		if err := t.flush(); err != nil {
			return err
		}
	}
	t.set = append(t.set, struct{ key, value []byte }{bytes.Clone(key), bytes.Clone(value)})
	t.cost += cost
	return nil
}

func (t *taker) flush() error {
	set := t.set
	t.set, t.cost = nil, 0
	if len(set) == 0 {
		return nil
	}
	return t.s.engine.Update(t.ctx, t.part, func(tx kv.Tx) error { set.put(tx); return nil })
}

func (t *taker) Capsule(p record.PersonID, c record.Capsule) error {
	t.begin(p)
	c.Blob = bytes.Clone(c.Blob)
	t.capsules = append(t.capsules, c)
	return nil
}

// leftOver takes note of a row that nothing names, to be removed.
func (t *taker) leftOver(p record.PersonID, key []byte) {
	t.begin(p)
	t.drop = append(t.drop, bytes.Clone(key))
}

// Last makes the record of its rows.
func (t *taker) Last(l backup.Last, _ statement.Head) error {
	t.begin(l.Person)
	if t.found == nil {
		t.set = nil
		return t.s.clearPartition(t.ctx, t.part)
	}
	if err := t.flush(); err != nil {
		return err
	}
	if err := t.s.deleteRows(t.ctx, t.part, t.drop); err != nil {
		return err
	}
	named := make(map[crypto.CapsuleID]bool)
	for _, id := range t.found.Slots {
		named[id] = true
	}
	var capsules []record.Capsule
	used := t.found.Used
	for _, c := range t.capsules {
		if named[c.ID] {
			capsules = append(capsules, c)
			used += uint64(rows.CapsuleHead + len(c.Blob))
		}
	}
	if err := t.s.putCapsules(t.ctx, l.Person, capsules); err != nil {
		return err
	}
	p := &person{rows.Person{ID: l.Person, Head: t.found.Head, Account: t.found.Account, Live: rows.Live{Epoch: l.Epoch}}}
	p.Head.Used = used
	if !p.Account.Waiting() { // or it goes on waiting as it did there
		p.Account.From, p.Account.Note = t.from.Store, l.Checkpoint
	}
	if t.change != nil {
		t.change(&p.Account)
	}
	err := t.s.engine.Update(t.ctx, t.part, func(tx kv.Tx) error {
		tx.Put(rows.RingKey, t.small[rows.KindRing])
		tx.Put(rows.DirKey, t.small[rows.KindDir])
		p.putAccount(tx)
		p.putLive(tx)
		return t.s.appendNodeLeaf(tx, p, audit.Event{Action: t.action})
	})
	t.done = p
	return err
}

// clearPartition removes what is in a partition without a record. A credential is not
// of it: the partition may be named as one, by who brought a record of that name.
func (s *Store) clearPartition(ctx context.Context, part kv.Partition) error {
	for {
		var keys [][]byte
		err := s.engine.View(part, func(r kv.Reader) error {
			return r.Scan(nil, nil, func(key, _ []byte) (bool, error) {
				if !bytes.Equal(key, rows.CapsuleKey) {
					keys = append(keys, bytes.Clone(key))
				}
				return len(keys) < reclaimAtOnce, nil
			})
		})
		if err != nil || len(keys) == 0 {
			return err
		}
		if err := s.deleteRows(ctx, part, keys); err != nil {
			return err
		}
	}
}

func (s *Store) deleteRows(ctx context.Context, part kv.Partition, keys [][]byte) error {
	for len(keys) > 0 {
		n := fitting(keys, s.engine.MaxUpdate()/4)
		err := s.engine.Update(ctx, part, func(tx kv.Tx) error {
			for _, key := range keys[:n] {
				tx.Delete(key)
			}
			return nil
		})
		if err != nil {
			return err
		}
		keys = keys[n:]
	}
	return nil
}
