package store

import (
	"context"
	"errors"
	"slices"

	"carehold/record"
	"carehold/record/kv"
	"carehold/record/rows"
	"carehold/record/search"
)

// parts is a search of a record of which nothing is kept: there is more than there may
// be, or nothing is to be. It goes through the rows entry by entry, once for what
// matches and once more for each chain, each _has and what is included, and keeps no
// more than a page: however much there is, it is found.
type parts struct {
	v   *View
	ctx context.Context
	r   kv.Reader
	d   *rows.Directory
	now *header // the entry that is being looked at

	leave func() // gives back the place among those who go through the rows
}

// each gives the headers of the entries of some types that may be searched, from their
// rows.
func (x *parts) each(types []string, fn func(*header) error) error {
	v := x.v
	may := make(map[string]*searchable)
	wanted := func(h *header) bool {
		if types != nil && !slices.Contains(types, h.ref.Type) {
			return false
		}
		if _, known := may[h.ref.Type]; !known {
			s := v.searchable(h.ref.Type)
			may[h.ref.Type] = &s
		}
		return may[h.ref.Type].in(h.section)
	}
	written := make(map[record.GrantID]int)
	for n := range x.d {
		lines, err := x.d.Segment(v.s.known.Reader(x.r), n)
		if err != nil {
			return err
		}
		_, err = v.scanRows(x.ctx, x.r, n, lines, func(l line, ver rows.Version) (bool, error) {
			h, mine, err := v.headerOf(x.r, l, ver, search.Index, wanted)
			if err != nil || !mine || h.deleted || !wanted(&h) || !may[h.ref.Type].has(&h) {
				return err == nil, err
			}
			if h.author != (record.GrantID{}) {
				written[h.author] += len(h.index)
			}
			err = fn(&h)
			return err == nil, err
		})
		if err != nil {
			return err
		}
	}
	v.s.searched.learn(v.person, written, v.grant.Self && types == nil)
	return nil
}

// source is each for package search. What was looked at is overwritten.
func (x *parts) source(types []string, f func(*search.Entry) error) error {
	return x.each(types, func(h *header) error {
		x.now = h
		err := f(&search.Entry{Ref: h.ref, ID: x.v.place(h.entry), Updated: h.updated(), Index: h.index})
		clear(h.index)
		return err
	})
}

// foundInParts finds the matches of one page and one more: their pass, their order, and
// how many there are on all pages.
func (v *View) foundInParts(ctx context.Context, r kv.Reader, d *rows.Directory, q *search.Query, after []byte, limit int) (p *pass, found *search.Result, total int, err error) {
	leave, err := v.cold(ctx)
	if err != nil {
		return nil, nil, 0, err
	}
	x := &parts{v: v, ctx: ctx, r: r, d: d, leave: leave}
	defer func() {
		if err != nil {
			leave()
		}
	}()
	running, err := q.Begin(x.source)
	if err != nil {
		return nil, nil, 0, err
	}
	var kept []match
	err = x.source(q.Types, func(e *search.Entry) error {
		if !running.Matches(e) {
			return nil
		}
		total++
		m := match{at: running.Position(e), entry: *e, more: beside{x.now.stamp, x.now.body}}
		if m.entry.Index = nil; after == nil || search.ComparePositions(m.at, after) > 0 {
			kept = append(kept, m)
		}
		if len(kept) >= 2*(limit+1)+64 {
			kept = first(kept, limit+1)
		}
		return nil
	})
	if err == nil {
		err = running.Failed()
	}
	if err != nil {
		return nil, nil, 0, err
	}
	p = v.newPass()
	p.parts, p.apart = x, true
	var positions [][]byte
	for _, m := range first(kept, limit+1) {
		p.all, p.more, positions = append(p.all, m.entry), append(p.more, m.more), append(positions, m.at)
	}
	return p, running.Result(p.all, positions), total, nil
}

// match is an entry that was found, and where it stands.
type match struct {
	at    []byte
	entry search.Entry
	more  beside
}

// first leaves the first n of some matches, in their order.
func first(list []match, n int) []match {
	slices.SortFunc(list, func(a, b match) int { return search.ComparePositions(a.at, b.at) })
	if len(list) > n {
		clear(list[n:])
		list = list[:n]
	}
	return list
}

// errEnough: what a page includes is more than it may show.
var errEnough = errors.New("enough")

// includes brings what goes with some of the matches behind all of them.
func (x *parts) includes(p *pass, q *search.Query, matches []int) (included []int, err error) {
	if !q.HasIncludes() || len(matches) == 0 {
		return nil, nil
	}
	page := make([]search.Entry, len(matches))
	for n, i := range matches {
		page[n] = p.all[i]
		if page[n].Index, err = x.index(page[n].ID, p.more[i].stamp); err != nil {
			return nil, err
		}
	}
	defer func() {
		for i := range page {
			clear(page[i].Index)
		}
	}()
	from, size := len(p.all), 0
	err = q.IncludesFrom(x.source, page, func(e *search.Entry) error {
		here := *e
		here.Index = nil
		p.all, p.more = append(p.all, here), append(p.more, beside{x.now.stamp, x.now.body})
		included = append(included, len(p.all)-1)
		if size += int(x.now.body); len(p.all)-from > maxShown || size > maxIncludeBytes {
			return errEnough
		}
		return nil
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	return included, err
}

// index makes the index of an entry that was found.
func (x *parts) index(id record.EntryID, at stamp) ([]byte, error) {
	l, there, err := x.d.Lookup(x.v.s.known.Reader(x.r), id)
	if err == nil && (!there || l.Stamp != at) {
		err = errMemo
	}
	if err != nil {
		return nil, err
	}
	ver, err := rows.ReadVersion(x.r, id, l.Stamp, l.Hash)
	if err != nil {
		return nil, err
	}
	h, _, err := x.v.headerOf(x.r, l, ver, search.Index, nil)
	return h.index, err
}

// mostGathered is how much of a record lies in memory for the conditions of a change,
// of which there may be a thousand, where nothing is kept. With more each is a pass of
// its own.
const mostGathered = 16 << 20

// gather brings together what the conditions of a change go through; nil when it is too
// much.
func (v *View) gather(ctx context.Context, r kv.Reader, d *rows.Directory, types []string) (*pass, error) {
	leave, err := v.cold(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	x := &parts{v: v, ctx: ctx, r: r, d: d}
	p := v.newPass()
	p.apart = true
	size := 0
	err = x.each(types, func(h *header) error {
		if size += len(h.index); size > mostGathered {
			return errEnough
		}
		p.add(h)
		return p.holds(ctx, size)
	})
	if err == nil {
		return p, nil
	}
	p.close()
	if errors.Is(err, errEnough) {
		err = nil
	}
	return nil, err
}
