package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"carehold/record"
	"carehold/record/kv"
	"carehold/record/rows"
	"carehold/record/wire"
)

// A store of an older format is brought into this one when it is opened, before
// anybody is served. No key of a person is needed, and none of what is sealed
// changes. From format 1 to 2, row 0 of a version got the hashes of the version's
// other rows, and a version's hash became that of row 0 alone (upgrade_chain.go): so
// entries with a version of several rows are chained anew, and no other row is
// touched.
//
// First everything is read and held against the directory, and nothing written.
// If something is damaged that is where it ends, and the program that made the
// store still opens it. Then the store's row gets the new format, in one update
// with upgradeKey, so that from here on the older program refuses it; and person
// after person is written: rows 0 where they lie, in as many updates as they need,
// then in one update the directory, the head and an entry in the log.
//
// A crash needs no journal, and so there is none that could be forged: from rows
// of either form the hash in either format can be computed, so what the directory
// names is recognised whether its rows were rewritten or not. Doing it again does
// what is left. Only what the directory's hash vouches for is ever rewritten.
//
// With Options.AcceptLoss it goes on past damage. What is damaged keeps the link
// that leads to it, which no row fits in either format: it stays damaged.

// oldestFormat is the oldest that can be brought into this one.
const oldestFormat = 1

// upgradeKey is a row in partition zero while an upgrade is under way: the format
// it began with.
var upgradeKey = []byte{kindNode, 'u'}

const tellEvery = 10 * time.Second

// upgrade is one upgrade under way.
type upgrade struct {
	s     *Store
	from  byte
	begun bool // the store's row has the new format

	entries, people, damaged int // rewritten, or to be; of so many people; and not what was stored
	began, told              time.Time
}

// upgradeFrom tells what there is to do: 0 for nothing.
func upgradeFrom(r kv.Reader, format uint64) (from byte, begun bool, err error) {
	switch row, err := r.Get(upgradeKey); {
	case errors.Is(err, kv.ErrNotFound):
	case err != nil:
		return 0, false, err
	case format == storeFormat && len(row) == 1 && row[0] >= oldestFormat && row[0] < storeFormat:
		return row[0], true, nil
	default:
		return 0, false, rows.Damaged("name")
	}
	if format < storeFormat {
		return byte(format), false, nil
	}
	return 0, false, nil
}

func storeRow(id record.StoreID, format uint64) []byte {
	var w wire.Builder
	w.Bytes(1, id[:])
	w.Uint(2, format)
	return w.Finish()
}

// upgrade brings the store into this program's format.
func (s *Store) upgrade(ctx context.Context, from byte, begun bool) error {
	u := &upgrade{s: s, from: from, begun: begun, began: time.Now(), told: time.Now()}
	s.log.Info("upgrading the store", "from", from, "to", storeFormat, "resumed", begun)
	var todo []record.PersonID
	err := s.engine.Partitions(func(part kv.Partition) error {
		if part == nodePartition {
			return nil
		}
		changes, err := u.check(record.PersonID(part))
		if changes {
			todo = append(todo, record.PersonID(part))
		}
		return err
	})
	if err == nil && u.damaged > 0 && !s.opts.AcceptLoss {
		err = u.refusal()
	}
	if err != nil {
		return err
	}
	if !begun {
		err := s.engine.Update(ctx, nodePartition, func(tx kv.Tx) error {
			tx.Put(storeKey, storeRow(s.id, storeFormat))
			tx.Put(upgradeKey, []byte{from})
			return nil
		})
		if err != nil {
			return err
		}
	}
	found := u.damaged
	u.begun, u.damaged, u.entries = true, 0, 0
	for i, id := range todo {
		if err := u.person(ctx, id); err != nil {
			return err
		}
		u.tell("upgrading", "records", i+1, "of", len(todo))
	}
	err = s.engine.Update(ctx, nodePartition, func(tx kv.Tx) error {
		tx.Delete(upgradeKey)
		return nil
	})
	if err != nil {
		return err
	}
	if found > 0 {
		s.log.Warn("what was damaged before the upgrade still is", "found", found)
	}
	s.log.Info("the store is upgraded", "to", storeFormat, "records", len(todo), "entries", u.entries, "took", time.Since(u.began).Round(time.Millisecond))
	return nil
}

func (u *upgrade) refusal() error {
	found := fmt.Sprintf("%d entries or records are not what was stored", u.damaged)
	if u.damaged == 1 {
		found = "one entry or record is not what was stored"
	}
	if u.begun {
		return record.Safef(record.Integrity, "the upgrade of this store was begun and cannot be finished: %s. "+
			"Keep a copy of the server's folder as it is; then put back one from before the upgrade, or start with --accept-loss: what is damaged stays so, and the rest is upgraded", found)
	}
	return record.Safef(record.Integrity, "this store is of format %d and was not upgraded to %d: %s. "+
		"Nothing has been changed, and the program that made it still opens it. Keep a copy of the server's folder; to upgrade all the same, start with --accept-loss: what is damaged stays so, and the rest is upgraded",
		u.from, storeFormat, found)
}

// tell says how far it is, now and then.
func (u *upgrade) tell(what string, args ...any) {
	if time.Since(u.told) > tellEvery {
		u.told = time.Now()
		u.s.log.Info(what, args...)
	}
}

// check counts what a person's record has to be rewritten of, and what is damaged.
func (u *upgrade) check(id record.PersonID) (changes bool, err error) {
	before := u.entries
	err = u.each(id, func(_ line, c oldChain) error {
		if c.changes() {
			u.entries++
		}
		return nil
	})
	if errors.Is(err, errNoPerson) {
		return false, nil // a capsule
	}
	u.people++
	u.tell("checking before the upgrade", "records", u.people)
	return u.entries > before, err
}

// each gives the entries of a person with what their rows are, and counts the
// damage. The rest of what is damaged is passed over.
func (u *upgrade) each(id record.PersonID, fn func(line, oldChain) error) error {
	view := func(fn func(kv.Reader) error) error {
		err := u.s.engine.View(kv.Partition(id), fn)
		if errors.Is(err, record.Integrity) {
			u.damaged++
			return nil
		}
		return err
	}
	var d *rows.Directory
	err := view(func(r kv.Reader) error {
		p, err := u.s.load(r, id)
		if err == nil {
			d, err = p.Directory(r)
		}
		return err
	})
	if err != nil || d == nil {
		return err
	}
	for n := range d {
		var lines []line
		if err := view(func(r kv.Reader) (err error) { lines, err = d.Segment(r, n); return err }); err != nil {
			return err
		}
		for _, l := range lines {
			var c oldChain
			if err := view(func(r kv.Reader) (err error) { c, err = readOldChain(r, l); return err }); err != nil {
				return err
			}
			if c.damaged() {
				u.damaged++
			}
			if err := fn(l, c); err != nil {
				return err
			}
		}
	}
	return nil
}
