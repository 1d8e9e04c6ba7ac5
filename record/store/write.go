package store

import (
	"context"
	"io"
	"slices"

	"carehold/record"
	"carehold/record/audit"
	"carehold/record/entry"
	"carehold/record/kv"
	"carehold/record/rows"
)

// op is one entry to be written: what it becomes, and what it was.
type op struct {
	id  record.EntryID
	old line // zero when the entry is new

	// versions are written in order under the generation of at; the last is the
	// newest. A change writes one, after old; a move all that are there, and has none
	// of them here: refile opens each when it is sealed.
	at       stamp // of the newest
	versions []version
	refile   *refile
	taken    *WaitingID // of the inbox, which it is out of by this
	drop     [][]byte   // rows that go once the directory no longer names them
	freed    uint64     // their size
}

// moves reports whether the op writes what is there under another generation.
func (o *op) moves() bool { return o.refile != nil }

// heavy reports whether it takes work to seal: contents, and all versions of an entry.
func (o *op) heavy() bool { return o.moves() || o.versions[0].content != nil }

// least is less than what the op takes at rest.
func (o *op) least() (n uint64) {
	for _, x := range o.versions {
		n += uint64(len(x.json))
		if x.content != nil {
			n += uint64(x.header.Content.Length)
		}
	}
	return n
}

// changes are lines of a directory that change, by segment.
type changes map[int]map[record.EntryID]line

func (c changes) put(l line) {
	n := rows.SegmentOf(l.Entry)
	if c[n] == nil {
		c[n] = make(map[record.EntryID]line)
	}
	c[n][l.Entry] = l
}

type version struct {
	at      stamp
	section record.Section
	header  entry.Header
	json    []byte
	content source // of what the header says stands behind the JSON; nil for none
}

// source writes a content. It may be asked again, when the record moved on meanwhile.
type source func(io.Writer) error

// write seals the ops, stages what is too large for one commit, and commits: all
// of it or none. dir is the directory's root that the ops were planned on; if it
// is another by now the answer is errStale.
func (v *View) write(ctx context.Context, ops []op, planned hash, ev audit.Event, also ...audit.Event) error {
	batch := newStaging(v.s.engine.MaxUpdate())
	done := false
	defer func() {
		if !done {
			v.tidy(ctx, batch.keys(batch.written))
		}
	}()
	if err := v.fits(ops, planned); err != nil {
		return err
	}
	changed := make(changes)
	for i := range ops {
		before := batch.bytes
		l, err := v.sealOp(ctx, &ops[i], batch)
		if err != nil {
			return err
		}
		if ops[i].moves() {
			batch.freed += ops[i].freed
			batch.moved += batch.bytes - before
		}
		changed.put(l)
	}
	next, stale, err := v.newSegments(changed, planned, batch)
	if err != nil {
		return err
	}
	notice, err := v.notice(ops)
	if err != nil {
		return err
	}
	if err := v.writeEarly(ctx, batch); err != nil {
		return err
	}
	err = v.commit(ctx, ev, func(tx kv.Tx, p *person, e *audit.Event) error {
		if p.Head.Dir != planned {
			return errStale
		}
		if err := p.closed(); err != nil {
			return err
		}
		if p.full(batch.bytes - batch.moved + notice.size()) {
			return errFull
		}
		if err := notice.put(tx, p); err != nil {
			return err
		}
		for i := range ops {
			if id := ops[i].taken; id != nil {
				if err := v.s.dropWaiting(tx, p, *id); err != nil {
					return err
				}
			}
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
		if notice != nil && notice.counted || slices.ContainsFunc(ops, func(o op) bool { return o.taken != nil }) {
			v.s.forgetInbox(v.person)
		}
		return err
	}
	done = true
	var drop [][]byte
	for i := range ops {
		drop = append(drop, ops[i].drop...)
	}
	v.tidy(ctx, drop)
	return nil
}

// fits refuses what there is no room for, before the work of sealing it: or who is
// refused asks again, and the person waits each time as long as it took.
func (v *View) fits(ops []op, planned hash) error {
	if !slices.ContainsFunc(ops, func(o op) bool { return o.heavy() }) {
		return nil
	}
	if err := v.left(); err != nil {
		return err
	}
	changed, least := make(changes), uint64(0)
	for i := range ops {
		if changed.put(line{Entry: ops[i].id, Stamp: ops[i].at}); !ops[i].moves() {
			least += ops[i].least()
		}
	}
	return v.s.engine.View(kv.Partition(v.person), func(r kv.Reader) error {
		p, d, err := v.asPlanned(r, planned, least)
		if err != nil {
			return err
		}
		more := uint64(0)
		for n, lines := range changed {
			old, err := d.Segment(r, n)
			if err != nil {
				return err
			}
			if err := roomFor(old, rows.Merge(old, lines)); err != nil {
				return err
			}
			more += added(old, lines)
		}
		return versionsFit(r, d, p.Head.Used+least, more)
	})
}

// writeEarly writes what need not wait for the commit that counts: rows that the
// directory does not name do not exist, so they can go first, in as many commits as
// they need. The writer's turn keeps other writes away.
func (v *View) writeEarly(ctx context.Context, batch *staging) error {
	for _, set := range batch.early()[batch.written:] {
		err := v.s.engine.Update(ctx, kv.Partition(v.person), func(tx kv.Tx) error {
			set.put(tx)
			return nil
		})
		batch.written++ // it may be there, whatever the error
		if err != nil {
			return err
		}
		for i := range set {
			set[i].value = nil
		}
	}
	return nil
}

// sealOp makes an op's rows and its line in the directory, whose hash at first is
// that of the version they follow.
func (v *View) sealOp(ctx context.Context, o *op, batch *staging) (line, error) {
	l := line{Entry: o.id, Stamp: o.at}
	if o.moves() {
		err := v.sealMoved(ctx, o, batch, &l.Hash)
		return l, err
	}
	if o.versions[0].at.Version() > 1 {
		l.Hash = o.old.Hash
	}
	for _, ver := range o.versions {
		if err := v.sealVersion(ctx, o.id, ver, ver.content != nil, batch, &l.Hash); err != nil {
			return l, err
		}
	}
	return l, nil
}

// sealVersion makes the rows of one version, and its hash out of that of the one
// before. early ones are written as they come: what is large, or one of many.
func (v *View) sealVersion(ctx context.Context, id record.EntryID, ver version, early bool, batch *staging, chain *hash) error {
	add := func(i int, row []byte) error {
		key := rows.RowKey(id, ver.at, i)
		batch.add(key, row)
		batch.bytes += uint64(len(key) + len(row))
		if !early {
			return nil
		}
		return v.writeEarly(ctx, batch)
	}
	head := entry.Marshal(ver.header, ver.json)
	defer clear(head)
	size := int64(len(head))
	if ver.content != nil {
		size += ver.header.Content.Length
	}
	w, err := v.hold.SealEntryOf(ver.section, id, ver.at.Sealed(), size, add)
	if err != nil {
		return err
	}
	defer w.Destroy()
	if _, err := w.Write(head); err != nil {
		return err
	}
	if ver.content != nil {
		if err := ver.content(w); err != nil {
			return err
		}
	}
	row, err := w.Close()
	if err != nil {
		return err
	}
	row, *chain = rows.Chain(*chain, row)
	return add(0, row)
}

// asPlanned reads the record as the next commit finds it: errStale when it is not what
// was planned on, and a refusal when it takes no more, or not so many bytes.
func (v *View) asPlanned(r kv.Reader, planned hash, bytes uint64) (*person, *rows.Directory, error) {
	p, d, err := v.directory(r)
	if err != nil {
		return nil, nil, err
	}
	if p.Head.Dir != planned {
		return nil, nil, errStale
	}
	if err := p.closed(); err != nil {
		return nil, nil, err
	}
	if p.full(bytes) {
		return nil, nil, errFull
	}
	return p, d, nil
}

// newSegments writes the segments that change beside the old ones, and returns
// the directory that names them and the keys of those it no longer does.
func (v *View) newSegments(changed changes, planned hash, batch *staging) (*rows.Directory, [][]byte, error) {
	var next rows.Directory
	var stale [][]byte
	err := v.s.engine.View(kv.Partition(v.person), func(r kv.Reader) error {
		p, d, err := v.asPlanned(r, planned, batch.bytes-batch.moved) // before anything is staged
		if err != nil {
			return err
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
	moved uint64 // what takes it: it is no more, so no quota is asked for it
	sets  []rowSet
	size  int

	written int // of the early sets
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
