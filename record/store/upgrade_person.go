package store

import (
	"context"
	"fmt"

	"carehold/record"
	"carehold/record/audit"
	"carehold/record/kv"
	"carehold/record/rows"
)

// person rewrites a record.
func (u *upgrade) person(ctx context.Context, id record.PersonID) error {
	changed := make(map[int]map[record.EntryID]line)
	grown := uint64(0)
	batch := &puts{u: u, part: kv.Partition(id)}
	count := 0
	err := u.each(id, func(l line, c oldChain) error {
		if !c.changes() {
			return nil
		}
		more, err := u.entry(ctx, batch, l, c)
		n := rows.SegmentOf(l.Entry)
		if changed[n] == nil {
			changed[n] = make(map[record.EntryID]line)
		}
		l.Hash = c.now()
		changed[n][l.Entry] = l
		grown += more
		count++
		u.tell("upgrading", "entries", u.entries+count)
		return err
	})
	if err == nil && u.damaged > 0 && !u.s.opts.AcceptLoss {
		err = u.refusal() // since it was checked
	}
	if err == nil {
		err = batch.flush(ctx)
	}
	if err != nil || count == 0 {
		return err
	}
	u.entries += count
	return u.turn(ctx, id, changed, grown)
}

// entry rewrites the rows 0 of an entry, and says how much larger they got.
func (u *upgrade) entry(ctx context.Context, batch *puts, l line, c oldChain) (grown uint64, err error) {
	at := c.start()
	for v := c.from; v <= l.Stamp.Version(); v++ {
		err := u.s.engine.View(batch.part, func(r kv.Reader) error {
			return at.next(r, l, v)
		})
		if err != nil {
			return 0, err
		}
		if at.old != c.olds[v-c.from] { // it was another a moment ago
			return 0, rows.Damaged("entry")
		}
		if len(at.row) > at.kept {
			grown += uint64(len(at.row) - at.kept)
		}
		if at.changed {
			if err := batch.put(ctx, rows.EntryKey(l.Entry, l.Stamp.At(v)), at.row); err != nil {
				return 0, err
			}
		}
	}
	if at.new != c.now() {
		return 0, rows.Damaged("entry")
	}
	return grown, nil
}

// turn writes the directory that names what was rewritten.
func (u *upgrade) turn(ctx context.Context, id record.PersonID, changed map[int]map[record.EntryID]line, grown uint64) error {
	s, part := u.s, kv.Partition(id)
	batch := newStaging(s.engine.MaxUpdate())
	var next rows.Directory
	var planned hash
	var stale [][]byte
	err := s.engine.View(part, func(r kv.Reader) error {
		p, d, err := s.loadWithDirectory(r, id)
		if err != nil {
			return err
		}
		next, planned = *d, p.Head.Dir
		for n, lines := range changed {
			old, err := d.Segment(r, n)
			if err != nil {
				return err
			}
			row := rows.MarshalSegment(rows.Merge(old, lines))
			next[n] = rows.HashOf(row)
			batch.add(rows.SegmentKey(n, next[n]), row)
			stale = append(stale, rows.SegmentKey(n, d[n]))
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, set := range batch.early() {
		if err := s.engine.Update(ctx, part, func(tx kv.Tx) error { set.put(tx); return nil }); err != nil {
			return err
		}
	}
	return s.engine.Update(ctx, part, func(tx kv.Tx) error {
		p, err := s.load(tx, id)
		if err != nil {
			return err
		}
		if p.Head.Dir != planned {
			return rows.Damaged("directory") // nobody else writes before the store is open
		}
		batch.last().put(tx)
		row := next.Marshal()
		tx.Put(rows.DirKey, row)
		p.Head.Dir = rows.DirRoot(row)
		p.Head.Used += grown
		for _, key := range stale {
			tx.Delete(key)
		}
		return s.appendNodeLeaf(tx, p, audit.Event{Action: audit.Upgraded, Dir: p.Head.Dir[:],
			Text: fmt.Sprintf("the store was upgraded to format %d", storeFormat)})
	})
}

// puts writes rows in updates that fit.
type puts struct {
	u    *upgrade
	part kv.Partition
	set  rowSet
	cost int
}

func (b *puts) put(ctx context.Context, key, value []byte) error {
	cost := kv.RowCost + len(key) + len(value)
	if len(b.set) > 0 && b.cost+cost > b.u.s.engine.MaxUpdate() {
		if err := b.flush(ctx); err != nil {
			return err
		}
	}
	b.set = append(b.set, struct{ key, value []byte }{key, value})
	b.cost += cost
	return nil
}

func (b *puts) flush(ctx context.Context) error {
	if len(b.set) == 0 {
		return nil
	}
	set := b.set
	b.set, b.cost = nil, 0
	return b.u.s.engine.Update(ctx, b.part, func(tx kv.Tx) error { set.put(tx); return nil })
}
