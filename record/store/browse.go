package store

import (
	"container/heap"
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
	later  laters // whose bodies are needed
	plains *plains
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
	if !l.b.Bodies(h.ref.Type) {
		l.b.See(n, &s)
		return
	}
	if len(l.later) == mostBodies && int(h.body) >= l.later[0].size {
		s.Unread = true
		l.b.See(n, &s)
		return
	}
	s.Index, s.Source = slices.Clone(s.Index), slices.Clone(s.Source)
	heap.Push(&l.later, later{n, int(h.body), s})
	if len(l.later) > mostBodies {
		x := heap.Pop(&l.later).(later)
		l.leave(&x)
	}
}

// leave sees an entry that there is no room to open.
func (l *browser) leave(x *later) {
	x.seen.Unread = true
	l.b.See(x.n, &x.seen)
	clear(x.seen.Index)
	clear(x.seen.Source)
}
