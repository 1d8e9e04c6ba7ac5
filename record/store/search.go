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
	"carehold/record/grant"
	"carehold/record/kv"
	"carehold/record/rows"
	"carehold/record/search"
)

// SearchOptions say which page of a search is wanted.
type SearchOptions struct {
	Limit int    // matches in a page; 0 counts them only
	Page  string // the Next of the page before; "" for the first
	Asked Asked  // what the next page's token is to remember
}

// Page is a page of a search.
type Page struct {
	Entries []Found // the matches in their order, then what was included
	Total   int     // matches on all pages; NotCounted when the search wants none counted
	Next    string  // "" for the last page
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
	err = v.retry(ctx, func() error {
		page, err = v.search(ctx, q, o, after)
		return err
	})
	return page, err
}

func (v *View) search(ctx context.Context, q *search.Query, o SearchOptions, after []byte) (Page, error) {
	ev := audit.Event{Action: audit.Search, Query: q.Type}
	if !v.mayAny(q.Types) {
		ev.Outcome, ev.Reason = audit.Refused, audit.NoVerb
		if err := v.commit(ctx, ev, nil); err != nil {
			return Page{}, err
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
		pass, err := v.pass(ctx, r, p.Head.Dir, d, q.Reads())
		if err != nil {
			return err
		}
		defer pass.close()
		page, err = v.found(ctx, r, d, pass, q, o, after)
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
		return Page{}, err
	}
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
		return Page{}, err
	}
	return page, nil
}

// mayAny reports whether any of the types may be searched; nil is all of them.
func (v *View) mayAny(types []string) bool {
	if types == nil {
		return v.coversAny(grant.ActSearch, "")
	}
	for _, typ := range types {
		if grant.Covers(v.grant, grant.ActSearch, typ) {
			return true
		}
	}
	return false
}

// found runs the query over a pass and opens what the page shows.
func (v *View) found(ctx context.Context, r kv.Reader, d *rows.Directory, p *pass, q *search.Query, o SearchOptions, after []byte) (page Page, err error) {
	result, err := q.Run(p.all)
	if err != nil {
		return page, err
	}
	if page.Total = len(result.Matches); q.Total == "none" {
		page.Total = NotCounted
	}
	if o.Limit == 0 || q.Summary == "count" {
		return page, nil
	}
	matches, included, next, err := p.cut(q, result, after, o.Limit)
	if err != nil {
		return page, err
	}
	size := 0
	for _, i := range slices.Concat(matches, included) {
		size += p.size(i)
	}
	if err := v.take(ctx, size); err != nil {
		return page, err
	}
	for n, list := range [][]int{matches, included} {
		for _, i := range list {
			e, err := v.openNow(r, d, p.all[i].ID, p.more[i].stamp)
			if err != nil {
				return page, err
			}
			page.Entries = append(page.Entries, Found{e, [...]string{"match", "include"}[n]})
		}
	}
	if next != nil {
		page.Next, err = v.nextPage(ofSearch, o.Asked, next)
	}
	return page, err
}

// cut makes the page that fits: fewer matches, until they and what they include are
// few and small enough.
func (p *pass) cut(q *search.Query, result *search.Result, after []byte, limit int) (matches, included []int, next []byte, err error) {
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
		included = q.Includes(p.all, matches)
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
		n = len(matches) / 2
	}
}

func (p *pass) size(i int) int { return int(p.more[i].body) }

// openNow opens the newest version of an entry that the View may see, at the stamp
// that it was found at.
func (v *View) openNow(r kv.Reader, d *rows.Directory, id record.EntryID, at stamp) (Entry, error) {
	l, there, err := d.Lookup(v.s.known.Reader(r), id)
	if err != nil {
		return Entry{}, err
	}
	if !there || l.Stamp != at {
		return Entry{}, errMemo
	}
	ver, err := rows.ReadVersion(r, id, l.Stamp, l.Hash)
	if err != nil {
		return Entry{}, err
	}
	e, mine, err := v.open(r, ver)
	if err == nil && !mine {
		err = rows.Damaged("entry")
	}
	return e, err
}
