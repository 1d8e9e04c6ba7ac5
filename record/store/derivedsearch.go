package store

import (
	"bytes"
	"context"
	"encoding/binary"
	"slices"

	"carehold/record"
	"carehold/record/derived"
	"carehold/record/grant"
	"carehold/record/kv"
	"carehold/record/rows"
	"carehold/record/search"
)

// A search finds what is derived where it names the type: as what is searched
// (Provenance?…, ?_type=Consent,…), by _has, and by _revinclude=Provenance:target. A
// search of everything names none, and nothing is followed to it by a chain or an
// _include.
//
// What can match is made, indexed and matched as any resource is, beside the real ones:
// so all of a search means the same. It costs some 80 µs for each. So it is made of as
// little as the search's own words allow (_id, target, date), and part by part: the
// versions in the order of the entries' names, the log from its newest entry on. Parts
// are gone through until one has a match, and the page ends with it; the next one goes
// on from there. What has to be found among all at once (another order, a count, _has)
// is, where there is no more than one request makes.

var (
	errManyVersions error = record.Safef(record.TooLarge, "this record has more than %d versions, which is what one search goes through to sort or count their Provenance: ask for that of some with target=Type/id, or for all, page by page, in no order", maxMade)
	errLongLog      error = record.Safef(record.TooLarge, "the log is longer than one search goes through to sort or count: ask for a time with date=ge…, or for its entries page by page, the newest first")
	errManyBeside   error = record.Safef(record.TooLarge, "this record has more of what this search also looks at than is gone through at once: ask without a chain, _has and _include, or by _id")
	errManyIncluded error = record.Safef(record.TooLarge, "what this page includes is more than a page shows, %d entries: ask for fewer matches at once with _count", maxShown)
)

// derives reports whether a search is to find what is derived.
func derives(q *search.Query) bool {
	return slices.ContainsFunc(derived.Types(), q.Names)
}

// foundDerived is found for a search that derives.
func (v *View) foundDerived(ctx context.Context, r kv.Reader, p *person, d *rows.Directory, q *search.Query, o SearchOptions, position []byte) (page Page, err error) {
	x, err := v.deriver(r, p, d)
	if err != nil {
		return page, err
	}
	defer x.close()
	counts := o.Limit == 0 || q.Summary == "count"
	c := &candidates{deriver: x, q: q, whole: counts || q.Total == "accurate"}
	defer c.close()
	after, err := c.begin(position)
	if err != nil {
		return page, err
	}
	real, err := v.pass(ctx, r, p.Head.Dir, d, q.Reads())
	if err == nil && real == nil { // nothing of the record is kept
		real, err = v.gather(ctx, r, d, q.Reads())
	}
	switch {
	case err != nil:
		return page, err
	case real == nil:
		return page, errManyBeside
	}
	defer real.close()
	for {
		if err := c.collect(ctx); err != nil {
			return page, err
		}
		all := c.beside(real)
		result, err := q.RunUntil(ctx, all)
		if err != nil {
			return page, err
		}
		if len(result.Matches) == 0 && c.goOn() {
			continue
		}
		if page.Total = len(result.Matches); q.Total == "none" || !c.first || c.more() {
			page.Total = NotCounted
		}
		if counts {
			return page, nil
		}
		return c.page(ctx, real, all, result, after, o, page)
	}
}

// beside puts what was made beside the real entries. Those that are searched for are
// all in the first part.
func (c *candidates) beside(real *pass) []search.Entry {
	all := slices.Clone(real.all)
	for i := range all {
		if !c.first && slices.Contains(c.q.Types, all[i].Ref.Type) {
			all[i].Ref.Type = "" // of no type that is searched, and at its place
		}
	}
	for _, e := range c.made {
		id := nameHash(e.ref)
		if e.ref.Type == derived.TypeAuditEvent { // the newest first, where no order is asked for
			id = record.EntryID{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}
			binary.BigEndian.PutUint64(id[8:], ^e.order)
		}
		all = append(all, search.Entry{Ref: e.ref, ID: id, Updated: e.at, Index: e.index})
	}
	return all
}

// page opens what a page shows.
func (c *candidates) page(ctx context.Context, real *pass, all []search.Entry, result *search.Result, after []byte, o SearchOptions, page Page) (Page, error) {
	first := len(real.all)
	size := func(i int) int {
		if i >= first {
			return c.made[i-first].size
		}
		return real.size(i)
	}
	matches, next, err := result.Page(after, o.Limit)
	if err != nil {
		return page, errPage
	}
	fits, total := 0, 0
	for fits < len(matches) && (fits == 0 || total+size(matches[fits]) <= maxPageBytes) {
		total += size(matches[fits])
		fits++
	}
	if fits < len(matches) {
		if matches, next, err = result.Page(after, fits); err != nil {
			return page, errPage
		}
	}
	included := c.q.Includes(all, matches)
	slices.SortFunc(included, func(i, j int) int { return bytes.Compare(all[i].ID[:], all[j].ID[:]) })
	largest := 0
	for _, i := range included {
		total += size(i)
	}
	for _, i := range slices.Concat(matches, included) {
		largest = max(largest, size(i))
	}
	if len(matches)+len(included) > maxShown || total > maxPageBytes+maxIncludeBytes {
		return page, errManyIncluded
	}
	had := c.v.weight
	if err := c.v.take(ctx, total, largest); err != nil {
		return page, err
	}
	defer c.v.taken(had, total)
	of := func(i int) bool { return i < first }
	opened, err := c.v.openFound(c.r, c.d, real, only(matches, of), only(included, of), &page.plains)
	if err != nil {
		return page, err
	}
	for n, list := range [][]int{matches, included} {
		for _, i := range list {
			if of(i) {
				page.Entries, opened = append(page.Entries, opened[0]), opened[1:]
				continue
			}
			name, _ := derived.Parse(c.made[i-first].ref)
			e, err := c.named(ctx, name)
			if err != nil {
				return page, err
			}
			page.Entries = append(page.Entries, Found{e, [...]string{"match", "include"}[n]})
		}
	}
	if next = c.next(next); next != nil {
		page.Next, err = c.v.nextPage(ofSearch, o.Asked, next)
	}
	return page, err
}

// only are those of a list that are so.
func only(list []int, so func(int) bool) []int {
	return slices.DeleteFunc(slices.Clone(list), func(i int) bool { return !so(i) })
}

// withProvenance adds to a page the Provenance of its matches, for
// _revinclude=Provenance:target.
func (v *View) withProvenance(ctx context.Context, r kv.Reader, p *person, d *rows.Directory, page Page) (Page, error) {
	if !grant.Covers(v.grant, grant.ActSearch, derived.TypeProvenance) {
		return page, nil
	}
	x, err := v.deriver(r, p, d)
	if err != nil {
		return page, err
	}
	defer x.close()
	var made []Entry
	brought, largest := 0, 0
	for _, f := range page.Entries {
		if f.Mode != "match" {
			continue
		}
		err := x.versions(ctx, v.hold.EntryID(f.Ref.Type, f.Ref.ID), func(e Entry, _ record.Version) bool {
			if x.may(e) {
				made, brought, largest = append(made, e), brought+len(e.Body), max(largest, len(e.Body))
			}
			return len(page.Entries)+len(made) <= maxShown && brought <= maxIncludeBytes
		})
		if err != nil {
			return page, err
		}
		if len(page.Entries)+len(made) > maxShown || brought > maxIncludeBytes {
			return page, errManyIncluded
		}
	}
	if err := v.take(ctx, brought, largest); err != nil {
		return page, err
	}
	for _, e := range made {
		page.Entries = append(page.Entries, Found{e, "include"})
	}
	return page, nil
}
