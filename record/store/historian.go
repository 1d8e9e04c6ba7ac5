package store

import (
	"container/heap"
	"context"
	"time"

	"carehold/record"
	"carehold/record/grant"
	"carehold/record/kv"
	"carehold/record/rows"
	"carehold/record/search"
)

// historian goes through versions and keeps those of one page: the first after a
// moment, and one more to know whether there is a next page. However long a history
// is, that is all it holds.
type historian struct {
	v     *View
	q     HistoryQuery
	after *moment

	d       *rows.Directory
	total   int
	kept    latest
	decided grant.Decision // on the one entry that was asked for
	only    *seen          // of the entry that is gone through, when not all of its versions are seen
}

// latest is a heap whose top is the moment that comes last.
type latest []*moment

func (h latest) Len() int           { return len(h) }
func (h latest) Less(i, j int) bool { return h[j].before(h[i]) }
func (h latest) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *latest) Push(x any)        { *h = append(*h, x.(*moment)) }
func (h *latest) Pop() any {
	old := *h
	x := old[len(old)-1]
	*h = old[:len(old)-1]
	return x
}

func (h *historian) keep(m moment) {
	h.total++
	if h.after != nil && !h.after.before(&m) {
		return
	}
	if len(h.kept) > h.q.Limit {
		if !m.before(h.kept[0]) {
			return
		}
		heap.Pop(&h.kept)
	}
	heap.Push(&h.kept, &m)
}

func (h *historian) collect(ctx context.Context, r kv.Reader) error {
	p, d, err := h.v.directory(r)
	if err != nil {
		return err
	}
	if h.d = d; h.q.ID != "" {
		return h.one(ctx, r)
	}
	m, err := h.v.recall(ctx, r, p.Head.Dir, d, search.Index)
	if err != nil {
		return err
	}
	if m != nil {
		return h.fromMemo(ctx, r, m)
	}
	leave, err := h.v.cold(ctx)
	if err != nil {
		return err
	}
	defer leave()
	for n := range rows.Segments {
		lines, err := d.Segment(h.v.s.known.Reader(r), n)
		if err != nil {
			return err
		}
		_, err = h.v.scanRows(ctx, r, n, lines, func(l line, newest rows.Version) (bool, error) {
			_, err := h.entry(ctx, r, l, newest)
			return err == nil, err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// fromMemo takes the newest versions from what is kept. Most entries have no other.
func (h *historian) fromMemo(ctx context.Context, r kv.Reader, m *memo) error {
	return h.v.headers(m, func(typ string) bool { return h.q.Type == "" || typ == h.q.Type }, func(e *header) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		h.only = nil
		m := record.Meta{Type: e.ref.Type, Section: e.section}
		decided := h.v.decide(grant.ActHistory, m)
		if decided == grant.Depends && !e.deleted { // most are told by their newest version
			if h.v.decideOn(grant.ActHistory, m, &facts{Ref: e.ref, Index: e.index}) != grant.Allowed {
				return nil
			}
			if e.stamp.Version() == 1 {
				decided = grant.Allowed
			}
		}
		if decided != grant.Allowed && decided != grant.Depends {
			return nil
		}
		l, there, err := line{}, true, error(nil)
		if decided == grant.Depends || e.stamp.Version() > 1 {
			l, there, err = h.d.Lookup(h.v.s.known.Reader(r), e.entry)
		}
		if err == nil && !there {
			err = errMemo
		}
		if err == nil && decided == grant.Depends {
			decided, err = h.see(ctx, r, l, m)
		}
		if err != nil || decided != grant.Allowed {
			return err
		}
		until := h.version(e.entry, e.stamp.Version(), e.updated(), forever, int(e.body))
		if e.stamp.Version() == 1 {
			return nil
		}
		return h.older(ctx, r, l, until)
	})
}

// see finds out which versions of an entry are seen, and what is decided on it.
func (h *historian) see(ctx context.Context, r kv.Reader, l line, m record.Meta) (grant.Decision, error) {
	s, err := h.v.seen(ctx, r, l, 0, grant.ActHistory, m)
	h.only = &s
	return s.now, err
}

// one is the history of a single entry.
func (h *historian) one(ctx context.Context, r kv.Reader) error {
	id := h.v.hold.EntryID(h.q.Type, h.q.ID)
	l, there, err := h.d.Lookup(h.v.s.known.Reader(r), id)
	if err != nil {
		return err
	}
	if !there {
		h.v.hold.Miss()
		return nil
	}
	newest, err := rows.ReadVersion(r, id, l.Stamp, l.Hash)
	if err == nil {
		h.decided, err = h.entry(ctx, r, l, newest)
	}
	return err
}

// entry goes through an entry's versions, newest first, if the grant may see them.
func (h *historian) entry(ctx context.Context, r kv.Reader, l line, newest rows.Version) (grant.Decision, error) {
	head, section, mine, err := h.v.header(r, l, newest)
	if err != nil || !mine || h.q.Type != "" && head.Type != h.q.Type {
		return grant.Hidden, err
	}
	m := record.Meta{Type: head.Type, Section: section}
	decided := h.v.decide(grant.ActHistory, m)
	if h.only = nil; decided == grant.Depends {
		decided, err = h.see(ctx, r, l, m)
	}
	if err != nil || decided != grant.Allowed {
		return decided, err
	}
	until := h.version(l.Entry, l.Stamp.Version(), head.Time, forever, sizeOf(newest))
	return decided, h.older(ctx, r, l, until)
}

// older goes through the versions before the newest, which is the newest since until.
func (h *historian) older(ctx context.Context, r kv.Reader, l line, until int64) error {
	if l.Stamp.Version() == 1 {
		return nil
	}
	return rows.Walk(r, l, func(ver rows.Version) (bool, error) {
		if ver.At == l.Stamp {
			return true, nil
		}
		if err := ctx.Err(); err != nil {
			return false, err
		}
		head, _, mine, err := h.v.header(r, l, ver)
		if err == nil && !mine {
			err = rows.Damaged("entry") // all versions of an entry are in one section
		}
		if err != nil {
			return false, err
		}
		until = h.version(l.Entry, ver.At.Version(), head.Time, until, sizeOf(ver))
		return true, nil
	})
}

const forever = 1<<63 - 1

// version keeps a version that was the newest until the one after it was written, if
// it is asked for, and returns when it was written. A record that moved to a server
// whose clock is behind must not have its versions out of order. One that is not seen
// ends none before it: _at would tell when it was written.
func (h *historian) version(id record.EntryID, v record.Version, written time.Time, until int64, size int) (at int64) {
	if h.only != nil && !h.only.at[v] {
		return until
	}
	at = min(written.UnixMilli(), until)
	if h.wants(at, until) {
		h.keep(moment{entry: id, at: at, version: v, size: size})
	}
	return at
}

// sizeOf is about what a version takes.
func sizeOf(ver rows.Version) int { return len(ver.First) + (ver.Count()-1)<<18 }

// wants reports whether a version that was the newest from one time to another is
// asked for.
func (h *historian) wants(from, until int64) bool {
	if !h.q.Since.IsZero() && from < h.q.Since.UnixMilli() {
		return false
	}
	if h.q.At.Precision() == 0 {
		return true
	}
	a, b := h.q.At.Interval()
	return from < b.UnixMilli() && until > a.UnixMilli()
}
