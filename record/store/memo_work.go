package store

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"slices"

	"carehold/record"
	"carehold/record/fhir"
	"carehold/record/kv"
	"carehold/record/rows"
)

// memoWork brings a memo up to a directory: what the segments say that changed is
// read, opened and indexed; the pages that it is in are sealed anew, and the rest is
// shared with the memo before. From an empty memo that is the whole record.
type memoWork struct {
	ctx   context.Context
	v     *View
	r     kv.Reader
	index func(*fhir.Resource) []byte
	seal  memoSeal
	most  int

	next  memo
	table []pageInfo
	open  map[int][]header // pages that were opened, and are sealed when all is done
	room  map[string]int   // where the next header of a type goes
	plain [][]byte         // what was opened, to be overwritten
}

// errBeyond: the record needs more than may be kept.
var errBeyond = errors.New("more than may be kept")

// recall returns the View's memo as of a directory, nil when none can be kept.
func (v *View) recall(ctx context.Context, r kv.Reader, root hash, d *rows.Directory, index func(*fhir.Resource) []byte) (*memo, error) {
	kept := v.s.memos
	if kept.off() {
		return nil, nil
	}
	key := memoKey{v.person, v.token.Grant}
	was := kept.get(key, v.hold.Epoch())
	if was.answers(root, v.s.time()) {
		return was.orNone(), nil
	}
	// One at a time for a grant: what comes of it is what the others wait for.
	done, err := kept.begin(ctx, key, v.coldPatience())
	if err != nil {
		_ = v.Spend()
		return nil, err
	}
	defer done()
	if was = kept.get(key, v.hold.Epoch()); was.answers(root, v.s.time()) {
		return was.orNone(), nil
	}
	if was == nil || was.beyond {
		was = &memo{key: key, self: v.grant.Self, epoch: v.hold.Epoch(), until: v.grant.Until, size: memoSize}
	}
	if was.changed(d) > fewChanged {
		leave, err := v.cold(ctx)
		if err != nil {
			return nil, err
		}
		defer leave()
	}
	w := memoWork{ctx: ctx, v: v, r: r, index: index, seal: v.memoSeal(), most: kept.most, next: *was,
		open: make(map[int][]header), room: make(map[string]int)}
	x, err := w.run(root, d)
	switch {
	case errors.Is(err, errBeyond):
		kept.put(&memo{key: key, self: was.self, epoch: was.epoch, until: was.until, size: memoSize, dir: root, beyond: true, since: v.s.time()})
		return nil, nil
	case err == nil:
		kept.put(x)
		v.s.searched.learn(v.person, x.written, v.grant.Self)
	}
	return x, err
}

func (w *memoWork) run(root hash, d *rows.Directory) (*memo, error) {
	defer w.seal.key.Destroy()
	defer w.forget()
	w.next.pages, w.next.written = slices.Clone(w.next.pages), maps.Clone(w.next.written)
	if w.next.written == nil {
		w.next.written = make(map[record.GrantID]int)
	}
	if w.next.table != nil {
		b, err := w.seal.open(nil, inTable, 0, w.next.table)
		if err != nil {
			return nil, err
		}
		w.plain = append(w.plain, b)
		w.table = parseTable(b)
	}
	for n := range d {
		if w.next.segments[n] != d[n] {
			if err := w.segment(n, d); err != nil {
				return nil, err
			}
			w.next.segments[n] = d[n]
		}
	}
	for i := range w.open {
		w.close(i)
	}
	w.next.size -= len(w.next.table)
	w.next.table = w.seal.seal(inTable, 0, marshalTable(w.table))
	w.next.size += len(w.next.table)
	w.next.dir = root
	if w.next.size > w.most {
		return nil, errBeyond
	}
	return &w.next, nil
}

// forget overwrites what was in the clear.
func (w *memoWork) forget() {
	for _, b := range w.plain {
		clear(b)
	}
	for _, headers := range w.open {
		for i := range headers {
			clear(headers[i].index)
			clear(headers[i].source)
		}
	}
}

// segment brings one segment's entries up to date.
func (w *memoWork) segment(n int, d *rows.Directory) error {
	lines, err := d.Segment(w.v.s.known.Reader(w.r), n)
	if err != nil {
		return err
	}
	var was []place
	if sealed := w.next.lines[n]; sealed != nil {
		b, err := w.seal.open(nil, inLines, n, sealed)
		if err != nil {
			return err
		}
		w.plain = append(w.plain, b)
		was = parsePlaces(b)
	}
	now := make([]place, len(lines))
	fresh := 0
	for i, l := range lines {
		for len(was) > 0 && bytes.Compare(was[0].Entry[:], l.Entry[:]) < 0 {
			if err := w.remove(was[0]); err != nil { // no longer in the directory
				return err
			}
			was = was[1:]
		}
		now[i] = place{l, unread}
		if len(was) > 0 && was[0].Entry == l.Entry {
			if was[0].line == l {
				now[i].page = was[0].page
			} else if err := w.remove(was[0]); err != nil {
				return err
			}
			was = was[1:]
		}
		if now[i].page == unread {
			fresh++
		}
	}
	for _, p := range was {
		if err := w.remove(p); err != nil {
			return err
		}
	}
	if err := w.read(n, lines, now, fresh); err != nil {
		return err
	}
	w.next.size -= len(w.next.lines[n])
	b := marshalPlaces(now)
	w.next.lines[n] = w.seal.seal(inLines, n, b)
	clear(b)
	w.next.size += len(w.next.lines[n])
	return nil
}

// unread is the page of an entry that has not been looked at.
const unread = nowhere - 1

// read looks at the entries that are unread: one by one when they are few, and
// otherwise in one go through the segment.
func (w *memoWork) read(n int, lines []line, now []place, fresh int) error {
	if fresh > 8 && fresh > len(lines)/8 {
		i := 0
		_, err := w.v.scanRows(w.ctx, w.r, n, lines, func(_ line, ver rows.Version) (bool, error) {
			err := w.look(&now[i], ver)
			i++
			return err == nil, err
		})
		return err
	}
	for i := range now {
		if now[i].page != unread {
			continue
		}
		if err := w.ctx.Err(); err != nil {
			return err
		}
		ver, err := rows.ReadVersion(w.r, now[i].Entry, now[i].Stamp, now[i].Hash)
		if err == nil {
			err = w.look(&now[i], ver)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// look opens an entry that is unread, and puts its header on a page.
func (w *memoWork) look(p *place, ver rows.Version) error {
	if p.page != unread {
		return nil
	}
	h, mine, err := w.v.headerOf(w.r, p.line, ver, w.index, nil)
	if err != nil {
		return err
	}
	if p.page = nowhere; mine {
		p.page, err = w.add(h)
	}
	return err
}

// headerOf opens an entry's newest version and indexes it. mine is false when it is
// not in the View's sections; wanted, unless nil, says which headers need an index.
func (v *View) headerOf(r kv.Reader, l line, ver rows.Version, index func(*fhir.Resource) []byte, wanted func(*header) bool) (h header, mine bool, err error) {
	// Whose it is shows in row 0: a large document of another section is not read.
	if _, _, mine, err = v.recognise(l.Entry, l.Stamp, ver.First); err != nil || !mine {
		return h, false, err
	}
	if wanted != nil && ver.Count() > 1 { // nor is a large one of another type
		first, section, _, err := v.header(r, l, ver)
		if err != nil {
			return h, false, err
		}
		h = header{ref: fhir.Ref{Type: first.Type, ID: first.ID}, section: section, deleted: first.Deleted}
		if h.deleted || !wanted(&h) {
			return h, true, nil
		}
	}
	e, _, err := v.open(r, ver)
	if err != nil {
		return h, false, err
	}
	h = header{entry: l.Entry, stamp: l.Stamp, section: e.Section, deleted: e.Header.Deleted,
		time: e.Header.Time.UnixMilli(), body: uint32(len(e.Body)), ref: e.Ref}
	if !e.Header.Author.Self {
		h.author = e.Header.Author.Grant
	}
	if h.deleted || wanted != nil && !wanted(&h) {
		return h, true, nil
	}
	h.source = sourceOf(e.Header)
	res, err := fhir.Parse(e.Body, fhir.Limits{})
	if err != nil {
		return h, false, rows.Damaged("entry")
	}
	h.index = index(res)
	return h, true, nil
}

// add puts a header on a page of its type that has room.
func (w *memoWork) add(h header) (uint32, error) {
	i, there := w.room[h.ref.Type]
	if !there || int(w.table[i].bytes)+h.size() > pageMost {
		if there {
			w.close(i) // it is full: nothing but a change of what is on it opens it again
		}
		i = w.place(&h)
		w.room[h.ref.Type] = i
	}
	headers, err := w.page(i)
	if err != nil {
		return 0, err
	}
	w.open[i] = append(headers, h)
	w.next.count(&h, 1)
	w.table[i].count++
	w.table[i].bytes += uint32(h.size())
	if w.next.size += h.size(); w.next.size > w.most {
		return 0, errBeyond
	}
	return uint32(i), nil
}

// place finds a page for a header, or makes one.
func (w *memoWork) place(h *header) int {
	empty := -1
	for i, p := range w.table {
		switch {
		case p.count == 0:
			empty = i
		case p.typ == h.ref.Type && int(p.bytes)+h.size() <= pageMost:
			return i
		}
	}
	fresh := pageInfo{typ: h.ref.Type, bytes: 4}
	if empty < 0 {
		w.table, w.next.pages = append(w.table, fresh), append(w.next.pages, nil)
		return len(w.table) - 1
	}
	w.table[empty] = fresh
	w.open[empty] = nil
	return empty
}

// page opens a page, once.
func (w *memoWork) page(i int) ([]header, error) {
	headers, there := w.open[i]
	if there || w.next.pages[i] == nil {
		return headers, nil
	}
	b, err := w.seal.open(nil, inPage, i, w.next.pages[i])
	if err != nil {
		return nil, err
	}
	w.plain = append(w.plain, b)
	parsePage(b, w.table[i].typ, func(h *header) { headers = append(headers, *h) })
	w.open[i] = headers
	w.next.size += len(b) - 4 - len(w.next.pages[i]) // until it is sealed again
	w.next.pages[i] = nil
	return headers, nil
}

// remove takes an entry off its page.
func (w *memoWork) remove(p place) error {
	if p.page == nowhere {
		return nil
	}
	i := int(p.page)
	headers, err := w.page(i)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(headers, func(h header) bool { return h.entry == p.Entry })
	if at < 0 {
		return errMemo
	}
	size := headers[at].size()
	w.next.count(&headers[at], -1)
	w.open[i] = slices.Delete(headers, at, at+1)
	w.table[i].count--
	w.table[i].bytes -= uint32(size)
	w.next.size -= size
	return nil
}

// close seals a page that is open.
func (w *memoWork) close(i int) {
	headers, there := w.open[i]
	if !there {
		return
	}
	delete(w.open, i)
	if len(headers) == 0 {
		w.next.pages[i] = nil
		return
	}
	b := marshalPage(headers)
	w.next.pages[i] = w.seal.seal(inPage, i, b)
	w.next.size += len(w.next.pages[i]) - len(b) + 4
	clear(b)
	for j := range headers {
		clear(headers[j].index)
		clear(headers[j].source)
	}
}
