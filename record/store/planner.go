package store

import (
	"time"

	"carehold/record"
	"carehold/record/change"
	"carehold/record/entry"
	"carehold/record/fhir"
	"carehold/record/kv"
	"carehold/record/rows"
)

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
	sent    []SentID                       // what is claimed
	base    string                         // of the server's own URLs
	opened  int                            // bytes of what was looked up, which a plan holds
	looked  int                            // bytes of what was looked at only
	room    int                            // how many it may, of each

	taken  uint64       // bytes at rest, of what goes along with it
	origin entry.Origin // of what it writes or files; zero: no import

	ownExport bool // of an import: its words of the person's are theirs

	searched int // bytes that it adds to what searches go through
}

// A plan holds what it has looked up until it is made: so much, and twice what was
// sent, of which each may be compared with what is there.
const planRoom = 64 << 20

// hold counts what a plan holds, here and among what all requests hold. It does not
// wait for room: the person would have to wait as well.
func (pl *planner) hold(size int) error {
	if !pl.v.holdsUpTo(pl.opened + size) {
		return errCrowded
	}
	pl.opened += size
	return pl.within(pl.opened)
}

func (pl *planner) within(size int) error {
	if size > pl.room {
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
	l, exists, err = pl.newest(id, func(r kv.Reader, ver rows.Version) (err error) {
		// Whose it is shows in row 0: of a large one of another section nothing more
		// is read, or the time it takes would tell that it is there.
		e, mine, err = pl.v.open(r, ver)
		return err
	})
	if err != nil || !mine {
		return l, e, exists, false, err
	}
	return l, e, true, true, pl.hold(len(e.Body))
}

// head is current by row 0 alone, without the body, of which nothing is held: what is
// pointed to may be any number of large ones, of which who is not the person may have so
// much looked at while the person waits. size is about what it is as JSON.
func (pl *planner) head(ref fhir.Ref) (l line, e Entry, size int, exists, mine bool, err error) {
	return pl.headOf(pl.v.hold.EntryID(ref.Type, ref.ID))
}

// headOf is head of what is known by the name of its rows.
func (pl *planner) headOf(id record.EntryID) (l line, e Entry, size int, exists, mine bool, err error) {
	first := 0
	l, exists, err = pl.newest(id, func(r kv.Reader, ver rows.Version) (err error) {
		e.Header, e.Section, mine, err = pl.v.header(r, line{Entry: ver.ID}, ver)
		e.Ref, e.Version = fhir.Ref{Type: e.Header.Type, ID: e.Header.ID}, ver.At.Version()
		if size = sizeOf(ver); e.Header.Content != nil {
			size = int(e.Header.Content.Length)
		}
		first = len(ver.First)
		return err
	})
	if err != nil || !mine {
		return l, Entry{}, 0, exists, false, err
	}
	if pl.looked += first; !pl.v.grant.Self {
		err = pl.within(pl.looked)
	}
	return l, e, size, true, true, err
}

// lineOf finds an entry's line, unless there is none. It reads the directory only.
func (pl *planner) lineOf(r kv.Reader, id record.EntryID) (l line, exists bool, err error) {
	n := rows.SegmentOf(id)
	lines, read := pl.lines[n]
	if !read {
		if lines, err = pl.d.Segment(r, n); err != nil {
			return l, false, pl.orStale(r, err)
		}
		pl.lines[n] = lines
	}
	l, exists = rows.Find(lines, id)
	return l, exists, nil
}

// newest finds an entry's newest version, unless there is none.
func (pl *planner) newest(id record.EntryID, fn func(r kv.Reader, ver rows.Version) error) (l line, exists bool, err error) {
	err = pl.v.s.engine.View(kv.Partition(pl.v.person), func(r kv.Reader) error {
		if l, exists, err = pl.lineOf(r, id); err != nil || !exists {
			return err
		}
		ver, err := rows.ReadVersion(r, id, l.Stamp, l.Hash)
		if err == nil {
			err = fn(r, ver)
		}
		if err != nil {
			return pl.orStale(r, err)
		}
		return nil
	})
	return l, exists, err
}

// orStale tells damage from a plan that another write overtook.
func (pl *planner) orStale(r kv.Reader, damage error) error {
	if p, err := pl.v.s.load(r, pl.v.person); err == nil && p.Head.Dir != pl.dir {
		return errStale
	}
	return damage
}
