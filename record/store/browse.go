package store

import (
	"cmp"
	"context"
	"slices"

	"carehold/record"
	"carehold/record/audit"
	"carehold/record/entry"
	"carehold/record/fhir"
	"carehold/record/kv"
	"carehold/record/rows"
	"carehold/record/search"
)

// Seen is what is known of an entry before it is opened. Index and Source lie where they
// are overwritten: nothing keeps them.
type Seen struct {
	Ref     fhir.Ref
	Section record.Section
	Updated int64  // Unix milliseconds
	Index   []byte // of package search
	Source  []byte // where it came from, in words: of the import, or who wrote it; none: the person
	Body    []byte // of types that Bodies names alone
	Unread  bool   // Bodies names it, and there was no room to open it
}

// Browsing is one of the person's own lists, while it is made. The record may move on
// meanwhile: then it begins again.
type Browsing interface {
	Begin()
	Bodies(resourceType string) bool // are needed to tell whether they belong in it
	See(n int, s *Seen)              // each entry that is not deleted, with its number, in no order
	Show() []int                     // the numbers of those of the page, in its order
}

// mostSource is how much of where an entry came from a list has, in bytes.
const mostSource = 200

// sourceOf is where an entry came from, in words; nil when the person wrote it here.
func sourceOf(h entry.Header) []byte {
	text := h.Origin.Source
	if text == "" && !h.Author.Self {
		text = h.Author.Name
	}
	if text == "" {
		return nil
	}
	return []byte(clip(text, mostSource))
}

// mostBodies is how many entries are opened to tell whether they belong in a list, and
// mostBodyBytes how much of them. The smaller ones come first.
const (
	mostBodies    = 2000
	mostBodyBytes = 4 * maxPageBytes
)

// Browse makes one of the person's lists: in one pass over what is kept of all entries of
// some types, nil for every type, in one snapshot, it opens those of one page, and
// leaves one entry in the log, which names these. What is opened has at most maxPageBytes,
// the smaller ones first: the others are in the page by their Ref alone, without a Body,
// so that a few huge entries neither fill the memory nor hide the rest.
func (v *View) Browse(ctx context.Context, types []string, b Browsing) (page Page, err error) {
	err = v.own(ctx, audit.Event{Action: audit.Search}, func(ev *audit.Event) error {
		page.Release()
		if page, err = v.browse(ctx, types, b); err != nil {
			return err
		}
		for _, e := range page.Entries {
			if e.Body != nil {
				ev.Entries = append(ev.Entries, named(e.Ref, e.Version))
			}
		}
		if len(ev.Entries) == 0 {
			ev.More = uint64(page.Total)
		}
		return nil
	})
	if err != nil {
		page.Release()
		return Page{}, err
	}
	return page, nil
}

func (v *View) browse(ctx context.Context, types []string, b Browsing) (page Page, err error) {
	b.Begin()
	err = v.s.engine.View(kv.Partition(v.person), func(r kv.Reader) error {
		person, d, err := v.directory(r)
		if err != nil {
			return err
		}
		l := &browser{b: b, p: v.newPass(), plains: &page.plains}
		defer l.close()
		if err := l.all(ctx, v, r, person.Head.Dir, d, types); err != nil {
			return err
		}
		if err := l.seeBodies(ctx, v, r, d); err != nil {
			return err
		}
		page.Total = len(l.p.all)
		shown := b.Show()
		if len(shown) > MaxPage {
			return record.Safef(record.Internal, "a list shows %d entries at once", len(shown))
		}
		page.Entries, err = l.open(ctx, v, r, d, shown)
		return err
	})
	return page, err
}

// browser goes through a record for a list. Of what it passed it keeps where it lies.
type browser struct {
	b      Browsing
	p      *pass
	later  []later // whose bodies are needed
	plains *plains
}

type later struct {
	n    int
	seen Seen
}

func (l *browser) close() {
	for _, x := range l.later {
		clear(x.seen.Index)
		clear(x.seen.Source)
	}
	l.p.close()
}

// all sees every entry: by what is kept of them, or else by their rows.
func (l *browser) all(ctx context.Context, v *View, r kv.Reader, root hash, d *rows.Directory, types []string) error {
	m, err := v.recall(ctx, r, root, d, search.Index)
	if err != nil {
		return err
	}
	if m == nil {
		leave, err := v.cold(ctx)
		if err != nil {
			return err
		}
		defer leave()
		x := &parts{v: v, ctx: ctx, r: r, d: d}
		return x.each(types, func(h *header) error {
			l.see(h)
			clear(h.index)
			return nil
		})
	}
	needs := func(typ string) bool { return types == nil || slices.Contains(types, typ) }
	n := 0
	return v.headers(m, needs, func(h *header) error {
		if n++; n%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if !h.deleted {
			l.see(h)
		}
		return nil
	})
}

func (l *browser) see(h *header) {
	n := len(l.p.all)
	l.p.all = append(l.p.all, search.Entry{Ref: h.ref, ID: h.entry})
	l.p.more = append(l.p.more, beside{h.stamp, h.body})
	s := Seen{Ref: h.ref, Section: h.section, Updated: h.time, Index: h.index, Source: h.source}
	if l.b.Bodies(h.ref.Type) {
		if s.Unread = len(l.later) == mostBodies; !s.Unread {
			s.Index, s.Source = slices.Clone(s.Index), slices.Clone(s.Source)
			l.later = append(l.later, later{n, s})
			return
		}
	}
	l.b.See(n, &s)
}

func (l *browser) seeBodies(ctx context.Context, v *View, r kv.Reader, d *rows.Directory) error {
	slices.SortStableFunc(l.later, func(x, y later) int { return cmp.Compare(l.p.size(x.n), l.p.size(y.n)) })
	left, rest := mostBodyBytes, l.later
	for len(rest) > 0 {
		part := rest[:l.some(rest, min(left, maxPageBytes))]
		if len(part) == 0 {
			break
		}
		rest = rest[len(part):]
		numbers := make([]int, len(part))
		for i, x := range part {
			numbers[i] = x.n
			left -= l.p.size(x.n)
		}
		var opened plains
		had := v.weight
		found, err := l.openAll(ctx, v, r, d, numbers, &opened)
		for i := range found {
			s := part[i].seen
			s.Body = found[i].Body
			l.b.See(part[i].n, &s)
		}
		opened.release()
		v.giveBack(had)
		if err != nil {
			return err
		}
	}
	for _, x := range rest {
		x.seen.Unread = true
		l.b.See(x.n, &x.seen)
	}
	return nil
}

// some is how many of them, from the first on, are opened at once.
func (l *browser) some(of []later, bytes int) (n int) {
	const most = 100
	for n < min(len(of), most) && l.p.size(of[n].n) <= bytes {
		bytes -= l.p.size(of[n].n)
		n++
	}
	return n
}

// giveBack gives back the room that was taken since.
func (v *View) giveBack(had int64) {
	v.s.answers.release(v.shares(), v.weight-had)
	v.weight = had
}

// open opens what there is room for of a page, in the order of the page.
func (l *browser) open(ctx context.Context, v *View, r kv.Reader, d *rows.Directory, shown []int) ([]Found, error) {
	page := make([]Found, len(shown))
	places := make([]int, len(shown))
	for i, n := range shown {
		page[i].Ref, places[i] = l.p.all[n].Ref, i
	}
	slices.SortStableFunc(places, func(x, y int) int { return cmp.Compare(l.p.size(shown[x]), l.p.size(shown[y])) })
	fits, bytes := 0, 0
	for fits < len(places) && bytes+l.p.size(shown[places[fits]]) <= maxPageBytes {
		bytes += l.p.size(shown[places[fits]])
		fits++
	}
	numbers := make([]int, fits)
	for i, at := range places[:fits] {
		numbers[i] = shown[at]
	}
	found, err := l.openAll(ctx, v, r, d, numbers, l.plains)
	if err != nil {
		return nil, err
	}
	for i, at := range places[:fits] {
		page[at] = found[i]
	}
	return page, nil
}

func (l *browser) openAll(ctx context.Context, v *View, r kv.Reader, d *rows.Directory, numbers []int, to *plains) ([]Found, error) {
	size, largest, had := 0, 0, v.weight
	for _, n := range numbers {
		size, largest = size+l.p.size(n), max(largest, l.p.size(n))
	}
	if err := v.take(ctx, size, largest); err != nil {
		return nil, err
	}
	defer v.taken(had, size)
	return v.openFound(r, d, l.p, numbers, nil, to)
}
