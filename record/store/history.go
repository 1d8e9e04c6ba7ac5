package store

import (
	"bytes"
	"context"
	"encoding/binary"
	"time"

	"carehold/record"
	"carehold/record/audit"
	"carehold/record/fhir"
	"carehold/record/grant"
	"carehold/record/kv"
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

	plains plains // what the versions' bodies lie in
}

// Release overwrites the bodies of the versions, which are not to be looked at any more,
// and gives back their room.
func (p *HistoryPage) Release() {
	for i := range p.Versions {
		p.Versions[i].Body = nil
	}
	p.plains.release()
}

// History lists versions, newest first, of the entries whose history the grant may
// read (FHIR R4 §3.1.0.12). Each version shown is named in one entry in the log,
// which says of those that were counted only how many they are.
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
	if len(ev.Entries) == 0 && page.Total > 0 { // counted, and not shown
		if ev.More = uint64(page.Total); q.ID != "" {
			ev.Query = ref.String()
		}
	}
	if err := v.commit(ctx, ev, nil); err != nil {
		page.Release()
		return HistoryPage{}, err
	}
	return page, nil
}

// Searches reports whether the grant has the right to search entries of a type, be
// there any or not.
func (v *View) Searches(typ string) bool { return grant.Covers(v.grant, grant.ActSearch, typ) }

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
