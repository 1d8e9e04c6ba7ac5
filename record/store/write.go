package store

import (
	"context"
	"time"

	"carehold/record"
	"carehold/record/audit"
	"carehold/record/change"
	"carehold/record/entry"
	"carehold/record/kv"
	"carehold/record/rows"
)

// op is one entry to be written: what it becomes, and what it was.
type op struct {
	id  record.EntryID
	old line // zero when the entry is new

	// versions are written in order under the generation of at; the last is the
	// newest. A change writes one, after old; a move writes all of them.
	at       stamp // of the newest
	versions []version
	drop     [][]byte // rows that go once the directory no longer names them
	freed    uint64   // their size
}

type version struct {
	at      stamp
	section record.Section
	header  entry.Header
	json    []byte
}

// write seals the ops, stages what is too large for one commit, and commits: all
// of it or none. dir is the directory's root that the ops were planned on; if it
// is another by now the answer is errStale.
func (v *View) write(ctx context.Context, ops []op, planned hash, ev audit.Event, also ...audit.Event) error {
	batch := newStaging(v.s.engine.MaxUpdate())
	changed := make(map[int]map[record.EntryID]line)
	for i := range ops {
		l, err := v.sealOp(&ops[i], batch)
		if err != nil {
			return err
		}
		batch.freed += ops[i].freed
		n := rows.SegmentOf(l.Entry)
		if changed[n] == nil {
			changed[n] = make(map[record.EntryID]line)
		}
		changed[n][l.Entry] = l
	}
	next, stale, err := v.newSegments(changed, planned, batch)
	if err != nil {
		return err
	}
	part := kv.Partition(v.person)
	// Rows that the directory does not name do not exist, so they can go first, in
	// as many commits as they need. The writer's turn keeps other writes away.
	for i, set := range batch.early() {
		err := v.s.engine.Update(ctx, part, func(tx kv.Tx) error {
			set.put(tx)
			return nil
		})
		if err != nil {
			v.tidy(ctx, batch.keys(i))
			return err
		}
	}
	err = v.commit(ctx, ev, func(tx kv.Tx, p *person, e *audit.Event) error {
		if p.Head.Dir != planned {
			return errStale
		}
		if err := p.closed(); err != nil {
			return err
		}
		if p.full(batch.bytes) {
			return errFull
		}
		batch.last().put(tx)
		row := next.Marshal()
		p.Head.Dir = rows.DirRoot(row)
		p.Head.Used += batch.bytes - min(batch.freed, p.Head.Used)
		tx.Put(rows.DirKey, row)
		for _, key := range stale {
			tx.Delete(key)
		}
		e.Dir = append([]byte(nil), p.Head.Dir[:]...)
		return nil
	}, also...)
	if err != nil {
		v.tidy(ctx, batch.keys(len(batch.early())))
		return err
	}
	var drop [][]byte
	for i := range ops {
		drop = append(drop, ops[i].drop...)
	}
	v.tidy(ctx, drop)
	return nil
}

// sealOp makes an op's rows and its line in the directory, whose hash at first is
// that of the version they follow.
func (v *View) sealOp(o *op, batch *staging) (line, error) {
	l := line{Entry: o.id, Stamp: o.at}
	if o.versions[0].at.Version() > 1 {
		l.Hash = o.old.Hash
	}
	for _, ver := range o.versions {
		plain := entry.Marshal(ver.header, ver.json)
		sealed, err := v.hold.SealEntry(ver.section, o.id, ver.at.Sealed(), plain)
		clear(plain)
		if err != nil {
			return l, err
		}
		sealed[0], l.Hash = rows.Chain(l.Hash, sealed[0])
		for i, row := range sealed {
			key := rows.RowKey(o.id, ver.at, i)
			batch.add(key, row)
			batch.bytes += uint64(len(key) + len(row))
		}
	}
	return l, nil
}

// newSegments writes the segments that change beside the old ones, and returns
// the directory that names them and the keys of those it no longer does.
func (v *View) newSegments(changed map[int]map[record.EntryID]line, planned hash, batch *staging) (*rows.Directory, [][]byte, error) {
	var next rows.Directory
	var stale [][]byte
	err := v.s.engine.View(kv.Partition(v.person), func(r kv.Reader) error {
		p, d, err := v.directory(r)
		if err != nil {
			return err
		}
		if p.Head.Dir != planned {
			return errStale
		}
		if err := p.closed(); err != nil {
			return err
		}
		if p.full(batch.bytes) { // before anything is staged
			return errFull
		}
		next = *d
		more := uint64(0)
		for n, lines := range changed {
			old, err := d.Segment(r, n)
			if err != nil {
				return err
			}
			merged := rows.Merge(old, lines)
			if err := roomFor(old, merged); err != nil {
				return err
			}
			more += added(old, lines)
			row := rows.MarshalSegment(merged)
			next[n] = rows.HashOf(row)
			if next[n] == d[n] {
				continue
			}
			batch.add(rows.SegmentKey(n, next[n]), row)
			if d[n] != (hash{}) {
				stale = append(stale, rows.SegmentKey(n, d[n]))
			}
		}
		return versionsFit(r, d, p.Head.Used+batch.bytes, more)
	})
	return &next, stale, err
}

// tidy removes rows that nothing names: what a move left behind, or what was
// staged for a commit that did not come. A crash before it, or a failure, leaves
// rows that do not exist as far as anyone can tell, so it is no error.
func (v *View) tidy(ctx context.Context, keys [][]byte) {
	ctx = context.WithoutCancel(ctx)
	for len(keys) > 0 {
		n, cost := 0, 0
		for n < len(keys) && cost < v.s.engine.MaxUpdate()/4 {
			cost += kv.RowCost + len(keys[n])
			n++
		}
		err := v.s.engine.Update(ctx, kv.Partition(v.person), func(tx kv.Tx) error {
			for _, key := range keys[:n] {
				tx.Delete(key)
			}
			return nil
		})
		if err != nil {
			v.s.log.Warn("rows that nothing names were left behind", "rows", len(keys), "err", record.SafeText(err))
			return
		}
		keys = keys[n:]
	}
}

// staging sorts rows into commits that fit.
type staging struct {
	limit int
	bytes uint64 // of entries, which is what a quota counts
	freed uint64 // of entries that this takes the place of
	sets  []rowSet
	size  int
}

type rowSet []struct{ key, value []byte }

func (s rowSet) put(tx kv.Tx) {
	for _, row := range s {
		tx.Put(row.key, row.value)
	}
}

// reserve is what the last commit needs besides the rows: head, directory, the
// log entry, deletions of old segments.
const reserve = 256 << 10

func newStaging(max int) *staging { return &staging{limit: max - reserve, sets: []rowSet{nil}} }

func (s *staging) add(key, value []byte) {
	cost := len(key) + len(value) + 16 + kv.RowCost
	if s.size+cost > s.limit && s.size > 0 {
		s.sets = append(s.sets, nil)
		s.size = 0
	}
	last := len(s.sets) - 1
	s.sets[last] = append(s.sets[last], struct{ key, value []byte }{key, value})
	s.size += cost
}

// early are the sets that go before the commit, last the one that goes with it.
func (s *staging) early() []rowSet { return s.sets[:len(s.sets)-1] }
func (s *staging) last() rowSet    { return s.sets[len(s.sets)-1] }

// keys are those of the first n sets.
func (s *staging) keys(n int) (keys [][]byte) {
	for _, set := range s.sets[:n] {
		for _, row := range set {
			keys = append(keys, row.key)
		}
	}
	return keys
}

// planner reads a record as it is while changes are planned on it.
type planner struct {
	v       *View
	dir     hash
	now     time.Time
	lines   map[int][]line
	d       *rows.Directory
	whole   bool
	pending map[record.EntryID]change.Verb // what each entry is taken for
	results map[record.EntryID]Result      // of those that are written
	reading *draft                         // what is being read after them
	base    string                         // of the server's own URLs
	opened  int                            // bytes of what was looked up, which a plan holds
	room    int                            // how many it may
}

// A plan holds what it has looked up until it is made: so much, and twice what was
// sent, of which each may be compared with what is there.
const planRoom = 64 << 20

// hold counts what a plan holds.
func (pl *planner) hold(size int) error {
	if pl.opened += size; pl.opened > pl.room {
		return record.Safef(record.TooLarge, "what this request looks up is more than %d MiB in all: send it in parts", pl.room>>20)
	}
	return nil
}

func (v *View) newPlanner() (*planner, error) {
	pl := &planner{v: v, lines: make(map[int][]line), whole: v.grant.Whole(), pending: make(map[record.EntryID]change.Verb), results: make(map[record.EntryID]Result), room: planRoom}
	err := v.s.engine.View(kv.Partition(v.person), func(r kv.Reader) error {
		p, d, err := v.directory(r)
		if err != nil {
			return err
		}
		pl.dir, pl.d = p.Head.Dir, d
		return nil
	})
	if err != nil {
		return nil, err
	}
	pl.now, err = v.s.checkClock()
	pl.now = pl.now.Truncate(time.Millisecond)
	return pl, err
}

// current looks an entry up as the plan sees it. mine is false when it exists
// but is not the View's to see.
func (pl *planner) current(id record.EntryID) (l line, e Entry, exists, mine bool, err error) {
	n := rows.SegmentOf(id)
	var sealed [][]byte
	err = pl.v.s.engine.View(kv.Partition(pl.v.person), func(r kv.Reader) error {
		lines, read := pl.lines[n]
		if !read {
			if lines, err = pl.d.Segment(r, n); err != nil {
				return pl.orStale(r, err)
			}
			pl.lines[n] = lines
		}
		if l, exists = rows.Find(lines, id); !exists {
			return nil
		}
		ver, err := rows.ReadVersion(r, id, l.Stamp, l.Hash)
		if err == nil {
			// Whose it is shows in row 0: of a large one of another section nothing more
			// is read, or the time it takes would tell that it is there.
			_, _, mine, err = pl.v.recognise(id, l.Stamp, ver.First)
		}
		if err == nil && mine {
			sealed, err = ver.Rows(r)
		}
		if err != nil {
			return pl.orStale(r, err)
		}
		return nil
	})
	if err != nil || !mine {
		return l, e, exists, false, err
	}
	if e, mine, err = pl.v.open(id, l.Stamp, sealed); err == nil {
		err = pl.hold(len(e.Body))
	}
	return l, e, true, mine, err
}

// orStale tells damage from a plan that another write overtook.
func (pl *planner) orStale(r kv.Reader, damage error) error {
	if p, err := pl.v.s.load(r, pl.v.person); err == nil && p.Head.Dir != pl.dir {
		return errStale
	}
	return damage
}
