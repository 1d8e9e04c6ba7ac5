package store

import (
	"bytes"
	"context"
	"encoding/binary"
	"slices"
	"time"

	"carehold/record"
	"carehold/record/audit"
	"carehold/record/derived"
	"carehold/record/fhir"
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
// so all of a search means the same. It costs some 30 µs for each. So it is made of as
// little as the search's own words allow (_id, target, date), and of the log from its
// newest entry on, as far as maxOpened and maxPassed; the next page goes on from there.

const maxMade = 20_000 // versions whose Provenance one search makes

// Of the log one page goes through so much. Tests have less.
var (
	maxOpened        = 20_000  // entries that it opens
	maxPassed uint64 = 200_000 // and passes
	logStep   uint64 = 1000    // backwards, in steps of so many
)

var (
	errManyVersions error = record.Safef(record.TooLarge, "this record has more than %d versions, whose Provenance one search does not make: ask for that of some with target=Type/id, or for the entries with _revinclude=Provenance:target", maxMade)
	errLongLog      error = record.Safef(record.TooLarge, "the log is longer than one search goes through: ask for a time with date=ge…, or for its newest entries, page by page, in no order or in that of -date")
)

// derives reports whether a search is to find what is derived.
func derives(q *search.Query) bool {
	return slices.ContainsFunc(derived.Types(), q.Names)
}

// candidates is what a search of what is derived goes through, beside the real entries.
type candidates struct {
	*deriver
	q    *search.Query
	made []candidate
	log  *stretch // of the log, when it is searched
}

// candidate is what the search needs of one. Its JSON is made again when it is shown:
// all of them together would be large.
type candidate struct {
	ref   fhir.Ref
	at    time.Time
	index []byte
	size  int
}

// stretch is the part of the log that one page is of: from, up to but without to.
type stretch struct{ from, to uint64 }

// add takes one that the grant lets be searched.
func (c *candidates) add(e Entry) {
	if !c.may(e) {
		return
	}
	x := candidate{ref: e.Ref, at: e.Header.Time, size: len(e.Body)}
	if res, err := fhir.Parse(e.Body, fhir.Limits{}); err == nil {
		x.index = search.Index(res)
	}
	c.made = append(c.made, x)
}

func (x *deriver) may(e Entry) bool {
	return x.v.decide(grant.ActSearch, record.Meta{Type: e.Ref.Type, Section: e.Section}) == grant.Allowed
}

// collect makes them. position is where the page begins; what of it is the search's own
// is returned.
func (c *candidates) collect(ctx context.Context, position []byte) (after []byte, err error) {
	ids, byID := c.q.IDs()
	for _, typ := range derived.Types() {
		if !c.q.Names(typ) {
			continue
		}
		if byID && !c.q.Has(typ) {
			for _, id := range ids {
				name, ok := derived.Parse(fhir.Ref{Type: typ, ID: id})
				if !ok {
					continue
				}
				e, err := c.named(ctx, name)
				if err == errNotDerived {
					continue
				}
				if err != nil {
					return nil, err
				}
				c.add(e)
			}
			continue
		}
		switch typ {
		case derived.TypeConsent:
			for id := range c.grants {
				if e, err := c.consent(id); err == nil {
					c.add(e)
				}
			}
		case derived.TypeProvenance:
			err = c.provenances(ctx)
		case derived.TypeAuditEvent:
			position, err = c.events(ctx, position)
		}
		if err != nil {
			return nil, err
		}
	}
	return position, nil
}

// provenances makes those of what is named as their target, or of everything.
func (c *candidates) provenances(ctx context.Context) error {
	each := func(e Entry, _ record.Version) bool {
		c.add(e)
		return len(c.made) <= maxMade
	}
	if refs, ok := c.q.Points("target"); ok && !c.q.Has(derived.TypeProvenance) {
		for _, ref := range refs {
			if err := c.versions(ctx, c.v.hold.EntryID(ref.Type, ref.ID), each); err != nil {
				return err
			}
		}
		return nil
	}
	for n := range rows.Segments {
		lines, err := c.d.Segment(c.v.s.known.Reader(c.r), n)
		if err != nil {
			return err
		}
		for _, l := range lines {
			if err := c.versions(ctx, l.Entry, each); err != nil {
				return err
			}
			if len(c.made) > maxMade {
				return errManyVersions
			}
		}
	}
	return nil
}

// events makes the AuditEvents of a stretch of the log that ends where the page's
// position says.
func (c *candidates) events(ctx context.Context, position []byte) (after []byte, err error) {
	s := &stretch{to: c.p.Head.Log.Size}
	if position != nil {
		if len(position) < 8 || binary.BigEndian.Uint64(position) > s.to {
			return nil, errPage
		}
		if s.to = binary.BigEndian.Uint64(position); len(position) > 8 {
			after = position[8:]
		}
	}
	since, until := c.q.During("date")
	opened := 0
	for s.from = s.to; s.from > 0 && opened < maxOpened && s.to-s.from < maxPassed; {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		begin := s.from - min(s.from, logStep)
		index, late, mine := begin, false, false
		var step []Entry
		err := rows.Leaves(c.r, begin, s.from, func(leaf []byte) bool {
			e, err := c.reader.Open(index, leaf)
			if index++; err != nil {
				return true
			}
			opened, mine = opened+1, true
			// The log is in order of time, but for what devices' clocks say.
			late = late || !e.Event.Time.Before(since) || e.Writer == audit.ByDevice
			if !e.Event.Time.Before(since) && (until.IsZero() || e.Event.Time.Before(until)) {
				step = append(step, c.told(e))
			}
			return true
		})
		if err != nil {
			return nil, err
		}
		slices.Reverse(step)
		for _, e := range step {
			c.add(e)
		}
		if s.from = begin; mine && !late {
			s.from = 0 // what is before is earlier
		}
	}
	if s.from > 0 && (c.q.Has(derived.TypeAuditEvent) || !slices.Contains([]string{"", "-date"}, c.q.Sorted())) {
		return nil, errLongLog
	}
	c.log = s
	return after, nil
}

// whole reports whether all of the log is in the page's part of it.
func (c *candidates) whole() bool {
	return c.log == nil || c.log.from == 0 && c.log.to == c.p.Head.Log.Size
}

// next is where the next page begins: next is the search's own.
func (c *candidates) next(next []byte) []byte {
	switch {
	case c.log == nil:
		return next
	case next != nil:
		return append(binary.BigEndian.AppendUint64(nil, c.log.to), next...)
	case c.log.from > 0:
		return binary.BigEndian.AppendUint64(nil, c.log.from)
	}
	return nil
}

// foundDerived is found for a search that derives.
func (v *View) foundDerived(ctx context.Context, r kv.Reader, p *person, d *rows.Directory, q *search.Query, o SearchOptions, position []byte) (page Page, err error) {
	x, err := v.deriver(r, p, d)
	if err != nil {
		return page, err
	}
	defer x.close()
	c := &candidates{deriver: x, q: q}
	after, err := c.collect(ctx, position)
	if err != nil {
		return page, err
	}
	real, err := v.pass(ctx, r, p.Head.Dir, d, q.Reads())
	if err != nil {
		return page, err
	}
	defer real.close()
	all := c.beside(real)
	defer func() {
		for _, e := range c.made {
			clear(e.index)
		}
	}()
	result, err := q.Run(all)
	if err != nil {
		return page, err
	}
	if page.Total = len(result.Matches); q.Total == "none" || !c.whole() {
		page.Total = NotCounted
	}
	if o.Limit == 0 || q.Summary == "count" {
		if !c.whole() {
			return page, errLongLog
		}
		return page, nil
	}
	return c.page(ctx, real, all, result, after, o, page)
}

// beside puts what was made beside the real entries. Those that were searched for were
// all in the first part of a log that has several.
func (c *candidates) beside(real *pass) []search.Entry {
	all := slices.Clone(real.all)
	if c.log != nil && c.log.to < c.p.Head.Log.Size {
		for i := range all {
			if slices.Contains(c.q.Types, all[i].Ref.Type) {
				all[i].Ref.Type = "" // of no type that is searched, and at its place
			}
		}
		c.made = slices.DeleteFunc(c.made, func(e candidate) bool { return e.ref.Type != derived.TypeAuditEvent })
	}
	for i, e := range c.made {
		id := nameHash(e.ref)
		if e.ref.Type == derived.TypeAuditEvent { // the newest first, where no order is asked for
			id = record.EntryID{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}
			binary.BigEndian.PutUint64(id[8:], uint64(i))
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
	fits, bytesOf := 0, 0
	for fits < len(matches) && (fits == 0 || bytesOf+size(matches[fits]) <= maxPageBytes) {
		bytesOf += size(matches[fits])
		fits++
	}
	if fits < len(matches) {
		if matches, next, err = result.Page(after, fits); err != nil {
			return page, errPage
		}
	}
	included := c.q.Includes(all, matches)
	slices.SortFunc(included, func(i, j int) int { return bytes.Compare(all[i].ID[:], all[j].ID[:]) })
	for _, i := range included {
		bytesOf += size(i)
	}
	if len(matches)+len(included) > maxShown || bytesOf > maxPageBytes+maxIncludeBytes {
		return page, errManyIncluded
	}
	if err := c.v.take(ctx, bytesOf); err != nil {
		return page, err
	}
	for n, list := range [][]int{matches, included} {
		for _, i := range list {
			var e Entry
			if i >= first {
				name, _ := derived.Parse(c.made[i-first].ref)
				e, err = c.named(ctx, name)
			} else {
				e, err = c.v.openNow(c.r, c.d, real.all[i].ID, real.more[i].stamp)
			}
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

var errManyIncluded error = record.Safef(record.TooLarge, "what this page includes is more than a page shows, %d entries: ask for fewer matches at once with _count", maxShown)

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
	brought := 0
	for _, f := range page.Entries {
		if f.Mode != "match" {
			continue
		}
		if _, is := derived.Parse(f.Ref); is {
			continue // nobody wrote it
		}
		err := x.versions(ctx, v.hold.EntryID(f.Ref.Type, f.Ref.ID), func(e Entry, _ record.Version) bool {
			if x.may(e) {
				made, brought = append(made, e), brought+len(e.Body)
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
	if err := v.take(ctx, brought); err != nil {
		return page, err
	}
	for _, e := range made {
		page.Entries = append(page.Entries, Found{e, "include"})
	}
	return page, nil
}
