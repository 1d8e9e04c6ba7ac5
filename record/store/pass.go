package store

import (
	"context"
	"slices"
	"sync"

	"carehold/record"
	"carehold/record/grant"
	"carehold/record/kv"
	"carehold/record/rows"
	"carehold/record/search"
)

// pass is what one search goes through: the headers of the entries that the grant
// may search, and of no others. It is in the clear until it is closed.
type pass struct {
	all   []search.Entry
	more  []beside // of the same entries
	plain []byte   // what was opened
	apart bool     // the indexes are not in plain
	buf   *buffers
	v     *View
	held  int64 // of the room for answers
}

// beside is what the store needs of an entry that the search does not.
type beside struct {
	stamp stamp
	body  uint32 // bytes of JSON
}

// maxPass is how much of a record one search goes through when nothing of it is kept:
// the indexes of some hundred thousand entries.
const maxPass = 256 << 20

var errLargePass error = record.Safef(record.TooLarge, "this record has more than one search can go through: search one type of resource at a time, by its own parameters")

// buffers are used again by the next pass, overwritten.
type buffers struct {
	plain []byte
	all   []search.Entry
	more  []beside
}

var buffersPool = sync.Pool{New: func() any { return new(buffers) }}

// holds counts what the pass holds among answers, where it is worth it: entries that
// are all text are their own index.
func (p *pass) holds(ctx context.Context, bytes int) error {
	const step = 1 << 20
	a, shares := p.v.s.answers, p.v.shares()
	more := min(int64(bytes)-p.held, a.share(shares[0])-p.v.weight-p.v.passes)
	if more < step {
		return nil
	}
	if err := p.v.room(ctx, more); err != nil {
		return err
	}
	p.held += more
	p.v.passes += more
	return nil
}

func (p *pass) close() {
	p.v.s.answers.release(p.v.shares(), p.held)
	p.v.passes -= p.held
	p.held = 0
	clear(p.plain)
	if p.apart {
		for i := range p.all {
			clear(p.all[i].Index)
		}
	}
	clear(p.all)
	p.buf.all, p.buf.more = p.all[:0], p.more[:0]
	buffersPool.Put(p.buf)
}

// pass brings together what a search goes through, as of a directory: of the types
// that it looks at, nil for all.
func (v *View) pass(ctx context.Context, r kv.Reader, root hash, d *rows.Directory, types []string) (*pass, error) {
	b := buffersPool.Get().(*buffers)
	p := &pass{all: b.all, more: b.more, buf: b, v: v}
	m, err := v.recall(ctx, r, root, d, search.Index)
	switch {
	case err != nil:
	case m != nil:
		err = p.fromMemo(ctx, v, m, types)
	default:
		err = p.fromRows(ctx, v, r, d, types)
	}
	if err != nil {
		p.close()
		return nil, err
	}
	return p, nil
}

func (p *pass) add(h *header) {
	p.all = append(p.all, search.Entry{Ref: h.ref, ID: h.entry, Updated: h.updated(), Index: h.index})
	p.more = append(p.more, beside{h.stamp, h.body})
}

// fromMemo opens what the search needs of what is kept.
func (p *pass) fromMemo(ctx context.Context, v *View, m *memo, types []string) error {
	may := make(map[string]searchable)
	o, err := v.openMemo(m, func(typ string) bool {
		if types != nil && !slices.Contains(types, typ) {
			return false
		}
		may[typ] = v.searchable(typ)
		return !may[typ].none()
	})
	if err != nil {
		return err
	}
	defer o.close()
	if err := p.holds(ctx, o.size); err != nil {
		return err
	}
	if cap(p.buf.plain) < o.size {
		p.buf.plain = make([]byte, 0, o.size)
	}
	if cap(p.all) < o.count {
		p.all, p.more = make([]search.Entry, 0, o.count), make([]beside, 0, o.count)
	}
	p.plain = p.buf.plain[:0]
	for _, i := range o.pages {
		from := len(p.plain)
		if p.plain, err = o.page(p.plain, i); err != nil {
			return err
		}
		allowed := may[o.table[i].typ]
		parsePage(p.plain[from:], o.table[i].typ, func(h *header) {
			if !h.deleted && allowed[h.section] {
				p.add(h)
			}
		})
	}
	return nil
}

// fromRows goes through the rows themselves: where nothing is kept.
func (p *pass) fromRows(ctx context.Context, v *View, r kv.Reader, d *rows.Directory, types []string) error {
	may := make(map[string]searchable)
	wanted := func(h *header) bool {
		if types != nil && !slices.Contains(types, h.ref.Type) {
			return false
		}
		if _, known := may[h.ref.Type]; !known {
			may[h.ref.Type] = v.searchable(h.ref.Type)
		}
		return may[h.ref.Type][h.section]
	}
	p.apart = true
	size := 0
	for n := range d {
		lines, err := d.Segment(r, n)
		if err != nil {
			return err
		}
		_, err = v.scanRows(r, n, lines, func(l line, ver rows.Version) (bool, error) {
			h, mine, err := v.headerOf(r, l, ver, search.Index, wanted)
			if err != nil || !mine || h.deleted || !wanted(&h) {
				return err == nil, err
			}
			if size += len(h.index); size > maxPass {
				return false, errLargePass
			}
			if err := p.holds(ctx, size); err != nil {
				return false, err
			}
			p.add(&h)
			return true, nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// searchable tells in which sections the entries of a type may be searched.
type searchable [record.NumSections + 1]bool

func (s searchable) none() bool { return s == searchable{} }

func (v *View) searchable(typ string) (s searchable) {
	for _, section := range record.Sections() {
		s[section] = v.decide(grant.ActSearch, record.Meta{Type: typ, Section: section}) == grant.Allowed
	}
	return s
}
