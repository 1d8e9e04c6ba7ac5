package store

import (
	"bytes"
	"container/heap"
	"context"
	"encoding/binary"
	"slices"
	"time"

	"carehold/record"
	"carehold/record/audit"
	"carehold/record/entry"
	"carehold/record/fhir"
	"carehold/record/grant"
	"carehold/record/kv"
	"carehold/record/rows"
	"carehold/record/search"
)

// HistoryQuery asks for versions: of one entry, of a type, or of everything.
type HistoryQuery struct {
	Type, ID string    // "" for all
	Since    time.Time // written then or later
	At       fhir.Date // the newest at some moment of it
	Limit    int       // versions in a page
	Page     string    // the Next of the page before; "" for the first
	Asked    Asked     // what the next page's token is to remember
}

// HistoryPage is a page of a history.
type HistoryPage struct {
	Versions []Entry // newest first; a deletion has no Body
	Total    int     // of all pages
	Next     string  // "" for the last page
}

// History lists versions, newest first, of the entries whose history the grant may
// read (FHIR R4 §3.1.0.12). Each version shown is named in one entry in the log.
// The history of one entry that is not there, or not in the grant's sections, is
// record.NotFound, as for Read.
func (v *View) History(ctx context.Context, q HistoryQuery) (page HistoryPage, err error) {
	if err := pageLimit(q.Limit); err != nil {
		return page, err
	}
	after, err := v.historyPosition(q)
	if err != nil {
		return page, err
	}
	if err := v.left(); err != nil {
		return page, err
	}
	err = v.retry(ctx, func() error {
		page, err = v.historyPage(ctx, q, after)
		return err
	})
	return page, err
}

func (v *View) historyPage(ctx context.Context, q HistoryQuery, after *moment) (HistoryPage, error) {
	ref := fhir.Ref{Type: q.Type, ID: q.ID}
	ev := audit.Event{Action: audit.Read, Query: q.Type}
	refuse := func(why audit.Reason, answer error) (HistoryPage, error) {
		if ev.Outcome, ev.Reason = audit.Refused, why; q.ID != "" {
			ev.Query, ev.Entries = "", []string{ref.String() + "/_history"}
		}
		if err := v.commit(ctx, ev, nil); err != nil {
			return HistoryPage{}, err
		}
		return HistoryPage{}, answer
	}
	if q.ID == "" && !v.coversAny(grant.ActHistory, q.Type) {
		return refuse(audit.NoVerb, record.Errorf(record.Forbidden, "this grant does not include reading the history of %s", orEverything(q.Type)))
	}
	var page HistoryPage
	h := historian{v: v, q: q, after: after}
	err := v.s.engine.View(kv.Partition(v.person), func(r kv.Reader) (err error) {
		if err = h.collect(ctx, r); err == nil {
			page, err = h.page(ctx, r)
		}
		return err
	})
	if err != nil {
		return HistoryPage{}, err
	}
	if q.ID != "" {
		switch h.decided {
		case grant.Allowed:
		case grant.Forbidden:
			return refuse(audit.NoVerb, record.Errorf(record.Forbidden, "this grant does not include reading the history of %s", q.Type))
		case grant.Ended:
			return HistoryPage{}, errUnauthorized
		default:
			return refuse(audit.OutsideGrant, notThere(ref))
		}
	}
	for _, e := range page.Versions {
		ev.Entries = append(ev.Entries, named(e.Ref, e.Version))
	}
	if err := v.commit(ctx, ev, nil); err != nil {
		return HistoryPage{}, err
	}
	return page, nil
}

// coversAny reports whether any scope allows the action on a type, or for "" on
// any type at all.
func (v *View) coversAny(a grant.Action, typ string) bool {
	if typ != "" {
		return grant.Covers(v.grant, a, typ)
	}
	for _, s := range v.grant.Scopes {
		if grant.Covers(v.grant, a, s.Type) {
			return true
		}
	}
	return false
}

func orEverything(typ string) string {
	if typ == "" {
		return "everything"
	}
	return typ
}

// moment is a version's place in a history: by time, newest first; of one time by
// the entry's name; of one entry by version.
type moment struct {
	entry   record.EntryID
	at      int64 // Unix milliseconds
	version record.Version
	size    int // about what opening it takes
}

// before reports whether m comes before o in a history.
func (m *moment) before(o *moment) bool {
	if m.at != o.at {
		return m.at > o.at
	}
	if c := bytes.Compare(m.entry[:], o.entry[:]); c != 0 {
		return c < 0
	}
	return m.version > o.version
}

// A page's end is the moment of its last version.
func (m *moment) position() []byte {
	b := binary.BigEndian.AppendUint64(nil, uint64(m.at))
	b = append(b, m.entry[:]...)
	return binary.BigEndian.AppendUint64(b, uint64(m.version))
}

func (v *View) historyPosition(q HistoryQuery) (*moment, error) {
	b, err := v.position(ofHistory, q.Page, q.Asked)
	if err != nil || b == nil {
		return nil, err
	}
	if len(b) != 8+16+8 {
		return nil, errPage
	}
	m := &moment{at: int64(binary.BigEndian.Uint64(b)), version: record.Version(binary.BigEndian.Uint64(b[24:]))}
	copy(m.entry[:], b[8:24])
	return m, nil
}

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
		return h.one(r)
	}
	m, err := h.v.recall(ctx, r, p.Head.Dir, d, search.Index)
	if err != nil {
		return err
	}
	if m != nil {
		return h.fromMemo(r, m)
	}
	for n := range rows.Segments {
		lines, err := d.Segment(h.v.s.known.Reader(r), n)
		if err != nil {
			return err
		}
		_, err = h.v.scanRows(r, n, lines, func(l line, newest rows.Version) (bool, error) {
			_, err := h.entry(r, l, newest)
			return err == nil, err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// fromMemo takes the newest versions from what is kept. Most entries have no other.
func (h *historian) fromMemo(r kv.Reader, m *memo) error {
	return h.v.headers(m, func(typ string) bool { return h.q.Type == "" || typ == h.q.Type }, func(e *header) error {
		if h.v.decide(grant.ActHistory, record.Meta{Type: e.ref.Type, Section: e.section}) != grant.Allowed {
			return nil
		}
		until := h.version(e.entry, e.stamp.Version(), e.updated(), forever, int(e.body))
		if e.stamp.Version() == 1 {
			return nil
		}
		l, there, err := h.d.Lookup(h.v.s.known.Reader(r), e.entry)
		if err == nil && !there {
			err = errMemo
		}
		if err != nil {
			return err
		}
		return h.older(r, l, until)
	})
}

// one is the history of a single entry.
func (h *historian) one(r kv.Reader) error {
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
		h.decided, err = h.entry(r, l, newest)
	}
	return err
}

// entry goes through an entry's versions, newest first, if the grant may see them.
func (h *historian) entry(r kv.Reader, l line, newest rows.Version) (grant.Decision, error) {
	head, section, mine, err := h.v.header(r, l, newest)
	if err != nil || !mine || h.q.Type != "" && head.Type != h.q.Type {
		return grant.Hidden, err
	}
	decided := h.v.decide(grant.ActHistory, record.Meta{Type: head.Type, Section: section})
	if decided != grant.Allowed {
		return decided, nil
	}
	until := h.version(l.Entry, l.Stamp.Version(), head.Time, forever, sizeOf(newest))
	return decided, h.older(r, l, until)
}

// older goes through the versions before the newest, which is the newest since until.
func (h *historian) older(r kv.Reader, l line, until int64) error {
	if l.Stamp.Version() == 1 {
		return nil
	}
	return rows.Walk(r, l, func(ver rows.Version) (bool, error) {
		if ver.At == l.Stamp {
			return true, nil
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
// whose clock is behind must not have its versions out of order.
func (h *historian) version(id record.EntryID, v record.Version, written time.Time, until int64, size int) (at int64) {
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

// header opens a version's header alone. mine is false when it is not in the View's
// sections.
func (v *View) header(r kv.Reader, l line, ver rows.Version) (h entry.Header, s record.Section, mine bool, err error) {
	s, epoch, mine, err := v.recognise(l.Entry, ver.At, ver.First)
	if err != nil || !mine {
		return h, s, false, err
	}
	plain, err := v.hold.OpenFirst(s, epoch, l.Entry, ver.At.Sealed(), ver.First)
	if err != nil {
		return h, s, true, rows.Damaged("entry")
	}
	if h, _, err = entry.Parse(plain); err != nil && ver.Count() > 1 {
		// A header that goes on in the next row: so long no header is, but it may be.
		sealed, err := ver.Rows(r)
		if err != nil {
			return h, s, true, err
		}
		e, _, err := v.open(l.Entry, ver.At, sealed)
		return e.Header, s, true, err
	}
	if err != nil {
		return h, s, true, rows.Damaged("entry")
	}
	return h, s, true, nil
}

// page opens the versions that were kept, up to where the page ends.
func (h *historian) page(ctx context.Context, r kv.Reader) (HistoryPage, error) {
	p := HistoryPage{Total: h.total}
	slices.SortFunc(h.kept, func(a, b *moment) int {
		if a.before(b) {
			return -1
		}
		return 1
	})
	n, size := 0, 0
	for n < min(len(h.kept), h.q.Limit) && (n == 0 || size+h.kept[n].size <= maxPageBytes) {
		size += h.kept[n].size
		n++
	}
	more := n < len(h.kept) && n > 0
	h.kept = h.kept[:n]
	err := h.v.take(ctx, size)
	if err != nil {
		return HistoryPage{}, err
	}
	if p.Versions, err = h.v.openAll(r, h.d, h.kept); err != nil {
		return HistoryPage{}, err
	}
	if more {
		p.Next, err = h.v.nextPage(ofHistory, h.q.Asked, h.kept[n-1].position())
	}
	return p, err
}

// openAll opens versions in the order they are given. The versions of one entry
// are reached from its newest, so each entry is gone through once.
func (v *View) openAll(r kv.Reader, d *rows.Directory, list []*moment) ([]Entry, error) {
	out := make([]Entry, len(list))
	wanted := make(map[record.EntryID][]int)
	for i, m := range list {
		wanted[m.entry] = append(wanted[m.entry], i)
	}
	for _, m := range list {
		places := wanted[m.entry]
		if places == nil {
			continue // done with an earlier one
		}
		wanted[m.entry] = nil
		l, there, err := d.Lookup(v.s.known.Reader(r), m.entry)
		if err == nil && !there {
			err = errMemo
		}
		if err != nil {
			return nil, err
		}
		err = rows.Walk(r, l, func(ver rows.Version) (bool, error) {
			at := slices.IndexFunc(places, func(i int) bool { return list[i].version == ver.At.Version() })
			if at < 0 {
				return true, nil
			}
			sealed, err := ver.Rows(r)
			if err != nil {
				return false, err
			}
			e, mine, err := v.open(m.entry, ver.At, sealed)
			if err == nil && !mine {
				err = rows.Damaged("entry")
			}
			if err != nil {
				return false, err
			}
			out[places[at]] = e
			places = slices.Delete(places, at, at+1)
			return len(places) > 0, nil
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}
