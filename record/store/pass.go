package store

import (
	"context"
	"slices"
	"sync"

	"carehold/record"
	"carehold/record/fhir"
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
	parts *parts   // it is of what matched only; nil: of everything
	buf   *buffers
	v     *View
	held  int64 // of the room for answers
}

// beside is what the store needs of an entry that the search does not.
type beside struct {
	stamp stamp
	body  uint32 // bytes of JSON
}

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
	if p.parts != nil {
		p.parts.leave()
	}
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
// that it looks at, nil for all. It is nil when nothing of the record is kept, which is
// then gone through in parts.
func (v *View) pass(ctx context.Context, r kv.Reader, root hash, d *rows.Directory, types []string) (*pass, error) {
	m, err := v.recall(ctx, r, root, d, search.Index)
	if err != nil || m == nil {
		return nil, err
	}
	p := v.newPass()
	if err := p.fromMemo(ctx, v, m, types); err != nil {
		p.close()
		return nil, err
	}
	return p, nil
}

func (v *View) newPass() *pass {
	b := buffersPool.Get().(*buffers)
	return &pass{all: b.all, more: b.more, buf: b, v: v}
}

func (p *pass) add(h *header) {
	p.all = append(p.all, search.Entry{Ref: h.ref, ID: p.v.place(h.entry), Updated: h.updated(), Index: h.index})
	p.more = append(p.more, beside{h.stamp, h.body})
}

// fromMemo opens what the search needs of what is kept.
func (p *pass) fromMemo(ctx context.Context, v *View, m *memo, types []string) error {
	may := make(map[string]*searchable)
	o, err := v.openMemo(m, func(typ string) bool {
		if types != nil && !slices.Contains(types, typ) {
			return false
		}
		s := v.searchable(typ)
		may[typ] = &s
		return !s.none()
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
		if err := ctx.Err(); err != nil {
			return err
		}
		from := len(p.plain)
		if p.plain, err = o.page(p.plain, i); err != nil {
			return err
		}
		allowed := may[o.table[i].typ]
		parsePage(p.plain[from:], o.table[i].typ, func(h *header) {
			if !h.deleted && allowed.has(h) {
				p.add(h)
			}
		})
	}
	return nil
}

// mostNamed is how many entries a search looks up by their ids: of all types there are
// 146 for each.
const mostNamed = 1000

// byIDs brings together the entries that a search names by their ids: there is nothing
// to go through for it. It is nil when a search asks for anything else.
func (v *View) byIDs(ctx context.Context, r kv.Reader, d *rows.Directory, q *search.Query) (*pass, error) {
	types, ids, only := q.IDs()
	if !only || len(ids)*len(types) > mostNamed {
		return nil, nil
	}
	p := v.newPass()
	p.apart = true
	known := v.s.known.Reader(r)
	size := 0
	for _, typ := range types {
		may := v.searchable(typ)
		if may.none() {
			continue
		}
		for _, id := range ids {
			err := ctx.Err()
			if err == nil {
				err = p.lookUp(r, known, d, fhir.Ref{Type: typ, ID: id}, &may)
			}
			if n := len(p.all); err == nil && n > 0 {
				size += len(p.all[n-1].Index)
				err = p.holds(ctx, size)
			}
			if err != nil {
				p.close()
				return nil, err
			}
		}
	}
	return p, nil
}

func (p *pass) lookUp(r, known kv.Reader, d *rows.Directory, ref fhir.Ref, may *searchable) error {
	v := p.v
	id := v.hold.EntryID(ref.Type, ref.ID)
	l, there, err := d.Lookup(known, id)
	if err != nil {
		return err
	}
	if !there {
		v.hold.Miss()
		return nil
	}
	ver, err := rows.ReadVersion(r, id, l.Stamp, l.Hash)
	if err != nil {
		return err
	}
	h, mine, err := v.headerOf(r, l, ver, search.Index, func(h *header) bool { return may.in(h.section) })
	if err != nil || !mine || h.deleted || !may.has(&h) {
		return err
	}
	p.add(&h)
	return nil
}

// searchable tells which entries of a type may be searched: by their sections, and where
// that Depends by what is in them.
type searchable struct {
	v   *View
	typ string
	by  [record.NumSections + 1]grant.Decision
}

func (v *View) searchable(typ string) searchable {
	s := searchable{v: v, typ: typ}
	for _, section := range record.Sections() {
		s.by[section] = v.shows(record.Meta{Type: typ, Section: section})
	}
	return s
}

// in reports whether any in a section may.
func (s *searchable) in(section record.Section) bool {
	return s.by[section] == grant.Allowed || s.by[section] == grant.Depends
}

func (s *searchable) none() bool {
	for _, section := range record.Sections() {
		if s.in(section) {
			return false
		}
	}
	return true
}

// has reports whether an entry may, by its header, which has its index.
func (s *searchable) has(h *header) bool {
	switch s.by[h.section] {
	case grant.Allowed:
		return true
	case grant.Depends:
		return s.v.showsOn(record.Meta{Type: s.typ, Section: h.section}, &facts{Ref: h.ref, Index: h.index})
	}
	return false
}

// shows is has of an entry that was opened.
func (s *searchable) shows(e *Entry) bool {
	switch s.by[e.Section] {
	case grant.Allowed:
		return true
	case grant.Depends:
		return s.v.showsOn(record.Meta{Type: s.typ, Section: e.Section}, e.facts())
	}
	return false
}
