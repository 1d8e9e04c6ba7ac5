package store

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"

	"carehold/record"
	"carehold/record/audit"
	"carehold/record/derived"
	"carehold/record/kv"
	"carehold/record/rows"
	"carehold/record/search"
)

// SearchOptions say which page of a search is wanted.
type SearchOptions struct {
	Limit int    // matches in a page; 0 counts them only
	Page  string // the Next of the page before; "" for the first
	Asked Asked  // what the next page's token is to remember

	// Everything is for $everything: only of what the grant lets be read as well, the
	// record's Patient first, and under that name in the log.
	Everything bool
}

// Page is a page of a search. Whoever has written it releases it.
type Page struct {
	Entries []Found // the matches in their order, then what was included
	Total   int     // matches on all pages; NotCounted when the search wants none counted
	Next    string  // "" for the last page

	plains plains // what the entries' bodies lie in
}

// Release overwrites the bodies of the entries, which are not to be looked at any more,
// and gives back their room.
func (p *Page) Release() {
	for i := range p.Entries {
		p.Entries[i].Body = nil
	}
	p.plains.release()
}

// Found is an entry of a search.
type Found struct {
	Entry
	Mode string // match or include (FHIR R4, Bundle.entry.search.mode)
}

// maxShown is how many entries a page shows, matches and what they include: as many
// as an entry of the log names.
const maxShown = audit.MaxEntries

// maxIncludeBytes is what the first match of a page may bring with it, in bytes:
// a page has at least one match, whole.
const maxIncludeBytes = 2 * maxPageBytes

// Search finds what a query says among the entries that the grant lets be searched,
// and no others: what is outside is not counted, not included, not followed through
// and not sorted by. It is one pass over one snapshot, and one entry in the log,
// which names each entry shown.
//
// A page ends where its matches and what they include would be more than 1,200
// entries or 16 MiB. One match that includes more than that, or than 32 MiB, is
// refused: nothing is left out unsaid.
func (v *View) Search(ctx context.Context, q *search.Query, o SearchOptions) (page Page, err error) {
	if err := pageLimit(o.Limit); err != nil {
		return page, err
	}
	after, err := v.position(ofSearch, o.Page, o.Asked)
	if err != nil {
		return page, err
	}
	if err := v.left(); err != nil {
		return page, err
	}
	defer v.asEverything(o.Everything)()
	err = v.retry(ctx, func() error {
		page, err = v.search(ctx, q, o, after)
		return err
	})
	return page, err
}

func (v *View) search(ctx context.Context, q *search.Query, o SearchOptions, after []byte) (Page, error) {
	ev := audit.Event{Action: audit.Search, Query: q.Type}
	if o.Everything {
		ev.Query = everythingQuery
	}
	if !v.mayAny(q.Types) {
		ev.Outcome, ev.Reason = audit.Refused, audit.NoVerb
		if err := v.commit(ctx, ev, nil); err != nil {
			return Page{}, err
		}
		if o.Everything {
			return Page{}, record.Errorf(record.Forbidden, "this grant does not include searching and reading %s, which $everything needs", orEverything(strings.Join(q.Types, ", ")))
		}
		return Page{}, record.Errorf(record.Forbidden, "this grant does not include searching %s", orEverything(strings.Join(q.Types, ", ")))
	}
	var page Page
	err := v.s.engine.View(kv.Partition(v.person), func(r kv.Reader) error {
		p, d, err := v.directory(r)
		if err != nil {
			return err
		}
		if derives(q) {
			page, err = v.foundDerived(ctx, r, p, d, q, o, after)
			return err
		}
		page, err = v.found(ctx, r, p.Head.Dir, d, q, o, after)
		if err == nil && q.Revincludes(derived.TypeProvenance, "target") {
			page, err = v.withProvenance(ctx, r, p, d, page)
		}
		return err
	})
	switch record.KindOf(err) {
	case record.Invalid, record.TooLarge: // it says something of what is there
		ev.Outcome, ev.Reason = audit.Refused, audit.BadRequest
		if err := v.commit(ctx, ev, nil); err != nil {
			return Page{}, err
		}
	}
	if err != nil {
		page.Release()
		return Page{}, err
	}
	ev.Entries = make([]string, 0, len(page.Entries))
	for _, e := range page.Entries {
		ev.Entries = append(ev.Entries, named(e.Ref, e.Version))
	}
	if len(ev.Entries) == 0 && page.Total > 0 {
		ev.More = uint64(page.Total) // counted, and not shown
	}
	if err := v.commit(ctx, ev, nil); err != nil {
		if errors.Is(err, errUnauthorized) { // of a grant that was stopped meanwhile nothing is kept
			v.s.memos.forget(v.person, func(x *memo) bool { return x.key.grant != v.token.Grant })
		}
		page.Release()
		return Page{}, err
	}
	return page, nil
}

// mayAny reports whether any of the types may be searched; nil is all of them.
func (v *View) mayAny(types []string) bool {
	if types == nil {
		for _, s := range v.grant.Scopes {
			if v.finds(s.Type) {
				return true
			}
		}
		return false
	}
	return slices.ContainsFunc(types, v.finds)
}

// found runs the query and opens what the page shows: over the entries that it names,
// over what is kept of the record, or else in parts.
func (v *View) found(ctx context.Context, r kv.Reader, root hash, d *rows.Directory, q *search.Query, o SearchOptions, after []byte) (page Page, err error) {
	limit := o.Limit
	if q.Summary == "count" {
		limit = 0
	}
	var result *search.Result
	p, err := v.byIDs(ctx, r, d, q)
	if err == nil && p == nil {
		p, err = v.pass(ctx, r, root, d, q.Reads())
	}
	switch {
	case err != nil:
		return page, err
	case p != nil:
		if result, err = q.RunUntil(ctx, p.all); err == nil {
			page.Total = len(result.Matches)
		}
	default:
		p, result, page.Total, err = v.foundInParts(ctx, r, d, q, after, limit)
	}
	if p != nil {
		defer p.close()
	}
	if err != nil {
		return page, err
	}
	if q.Total == "none" {
		page.Total = NotCounted
	}
	if limit == 0 {
		return page, nil
	}
	matches, included, next, err := p.cut(ctx, q, result, after, limit)
	if err != nil {
		return page, err
	}
	size, largest, had := 0, 0, v.weight
	for _, i := range slices.Concat(matches, included) {
		size, largest = size+p.size(i), max(largest, p.size(i))
	}
	if err := v.take(ctx, size, largest); err != nil {
		return page, err
	}
	defer v.taken(had, size)
	page.Entries, err = v.openFound(r, d, p, matches, included, &page.plains)
	if err == nil && next != nil {
		page.Next, err = v.nextPage(ofSearch, o.Asked, next)
	}
	return page, err
}

// cut makes the page that fits: fewer matches, until they and what they include are
// few and small enough.
func (p *pass) cut(ctx context.Context, q *search.Query, result *search.Result, after []byte, limit int) (matches, included []int, next []byte, err error) {
	for n := limit; ; {
		if matches, next, err = result.Page(after, n); err != nil {
			return nil, nil, nil, errPage
		}
		fits, size := 0, 0
		for fits < len(matches) && (fits == 0 || size+p.size(matches[fits]) <= maxPageBytes) {
			size += p.size(matches[fits])
			fits++
		}
		if fits < len(matches) {
			n = fits
			continue
		}
		if included, err = p.includes(ctx, q, matches); err != nil {
			return nil, nil, nil, err
		}
		slices.SortFunc(included, func(i, j int) int { return bytes.Compare(p.all[i].ID[:], p.all[j].ID[:]) })
		brought := 0
		for _, i := range included {
			brought += p.size(i)
		}
		switch {
		case len(matches)+len(included) <= maxShown && (size+brought <= maxPageBytes || len(matches) == 1 && brought <= maxIncludeBytes):
			return matches, included, next, nil
		case len(matches) <= 1:
			return nil, nil, nil, record.Safef(record.TooLarge, "one match includes %d entries of %d MiB, and a page has at most %d: search for them by themselves, without _include and _revinclude",
				len(included), brought>>20, maxShown)
		}
		if n = len(matches) / 2; p.parts != nil {
			n = 1 // what is included is gone through the record for, each time
		}
	}
}

// includes are what goes with some of the matches.
func (p *pass) includes(ctx context.Context, q *search.Query, matches []int) ([]int, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if p.parts != nil {
		return p.parts.includes(p, q, matches)
	}
	return q.Includes(p.all, matches), nil
}

func (p *pass) size(i int) int { return int(p.more[i].body) }

// openFound opens what a page shows, in the order that the rows lie in, so that they
// are gone through once, whatever the order they are shown in.
func (v *View) openFound(r kv.Reader, d *rows.Directory, p *pass, matches, included []int, to *plains) ([]Found, error) {
	found := make([]Found, len(matches)+len(included))
	shown := slices.Concat(matches, included)
	order := make([]int, len(shown))
	for i := range order {
		order[i] = i
	}
	name := func(at int) record.EntryID { return v.placed(p.all[shown[at]].ID) }
	slices.SortFunc(order, func(a, b int) int {
		x, y := name(a), name(b)
		return bytes.Compare(x[:], y[:])
	})
	known := v.s.known.Reader(r)
	err := kv.Neighbours(r, []byte{rows.KindEntry}, func(near kv.Getter) error {
		for _, at := range order {
			i := shown[at]
			e, err := v.openNow(r, known, near, d, name(at), p.more[i].stamp, to)
			if err != nil {
				return err
			}
			if found[at] = (Found{e, "match"}); at >= len(matches) {
				found[at].Mode = "include"
			}
		}
		return nil
	})
	return found, err
}

// openNow opens the newest version of an entry that the View may see, at the stamp
// that it was found at. known remembers the directory, and near gives row 0 of entries.
func (v *View) openNow(r, known kv.Reader, near kv.Getter, d *rows.Directory, id record.EntryID, at stamp, p *plains) (Entry, error) {
	l, there, err := d.Lookup(known, id)
	if err != nil {
		return Entry{}, err
	}
	if !there || l.Stamp != at {
		return Entry{}, errMemo
	}
	ver, err := v.s.known.Version(near, id, l.Stamp, l.Hash)
	if err != nil {
		return Entry{}, err
	}
	e, mine, err := v.openTo(p, r, ver)
	if err == nil && !mine {
		err = rows.Damaged("entry")
	}
	return e, err
}
