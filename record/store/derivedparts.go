package store

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"slices"
	"sort"
	"time"

	"carehold/record"
	"carehold/record/audit"
	"carehold/record/derived"
	"carehold/record/fhir"
	"carehold/record/rows"
	"carehold/record/search"
)

// How much one request makes. Tests have less.
var (
	maxMade          = 20_000  // versions and log entries
	partMade         = 2_000   // of these in one part
	maxPassed uint64 = 200_000 // log entries that it looks at, of others' too
	logStep   uint64 = 1_000   // which is done backwards, in steps of so many
)

// candidates is what a search of what is derived goes through, beside the real entries:
// one part at a time.
type candidates struct {
	*deriver
	q     *search.Query
	whole bool // all are needed at once
	made  []candidate

	first  bool   // this is the first part
	spent  int    // made in the parts before
	passed uint64 // log entries

	// Where the part is: of the log, when that is what is searched by itself; of the
	// versions, when those are.
	log     *logPart
	entries *entryPart
}

// logPart is the log entries from, up to but without to; it goes backwards.
type logPart struct{ from, to uint64 }

// entryPart is the versions of the entries from, up to but without to; zero is the end.
type entryPart struct{ from, to record.EntryID }

// candidate is what the search needs of one. Its JSON is made again when it is shown:
// all of them together would be large.
type candidate struct {
	ref   fhir.Ref
	at    time.Time
	order uint64 // an AuditEvent's place in the log
	index []byte
	size  int
}

func (c *candidates) close() {
	for _, e := range c.made {
		clear(e.index)
	}
}

// begin reads where the page begins, and returns what of that is the search's own.
func (c *candidates) begin(position []byte) (after []byte, err error) {
	_, byID := c.q.ByID()
	_, pointed := c.q.Points("target")
	alone := len(c.q.Types) == 1 && !byID
	size := 0
	switch c.first = true; {
	case alone && c.q.Types[0] == derived.TypeAuditEvent:
		c.log, size = &logPart{to: c.p.Head.Log.Size}, 1+8
		c.whole = c.whole || !slices.Contains([]string{"", "-date"}, c.q.Sorted())
	case alone && c.q.Types[0] == derived.TypeProvenance && !pointed:
		c.entries, size = &entryPart{}, 1+32
		c.whole = c.whole || c.q.Sorted() != ""
	default:
		c.whole = true
	}
	c.whole = c.whole || slices.ContainsFunc(derived.Types(), c.q.Has)
	if position == nil || size == 0 {
		return position, nil
	}
	if len(position) < size {
		return nil, errPage
	}
	after = position[size:]
	c.first, position = position[0] == 1, position[1:]
	if c.log != nil {
		if c.log.to = binary.BigEndian.Uint64(position); c.log.to > c.p.Head.Log.Size {
			return nil, errPage
		}
	} else {
		copy(c.entries.from[:], position)
		copy(c.entries.to[:], position[16:])
	}
	if len(after) == 0 {
		after = nil
	}
	return after, nil
}

// more reports whether there is a part after this one.
func (c *candidates) more() bool {
	return c.log != nil && c.log.from > 0 || c.entries != nil && c.entries.to != record.EntryID{}
}

// goOn turns to the next part, if there is one and it is not for the next page.
func (c *candidates) goOn() bool {
	if !c.more() || c.spent >= maxMade || c.passed >= maxPassed {
		return false
	}
	c.close()
	c.made, c.first = c.made[:0], false
	c.following()
	return true
}

func (c *candidates) following() {
	if c.log != nil {
		c.log = &logPart{to: c.log.from}
	} else {
		c.entries = &entryPart{from: c.entries.to}
	}
}

// next is where the next page begins: next is the search's own, in this part.
func (c *candidates) next(next []byte) []byte {
	if next == nil {
		if !c.more() {
			return nil
		}
		c.first = false
		c.following()
	}
	first := []byte{0}
	if c.first {
		first[0] = 1
	}
	switch {
	case c.log != nil:
		return append(binary.BigEndian.AppendUint64(first, c.log.to), next...)
	case c.entries != nil:
		return slices.Concat(first, c.entries.from[:], c.entries.to[:], next)
	}
	return next
}

// add takes one that the grant lets be searched.
func (c *candidates) add(e Entry, order uint64) {
	if !c.may(e) {
		return
	}
	x := candidate{ref: e.Ref, at: e.Header.Time, order: order, size: len(e.Body)}
	if res, err := fhir.Parse(e.Body, fhir.Limits{}); err == nil {
		x.index = search.Index(res)
	}
	c.made = append(c.made, x)
}

func (x *deriver) may(e Entry) bool {
	s := x.v.searchable(e.Ref.Type)
	return s.shows(&e)
}

// collect makes the part.
func (c *candidates) collect(ctx context.Context) (err error) {
	ids, byID := c.q.ByID()
	for _, typ := range derived.Types() {
		switch {
		case !c.q.Names(typ):
		case byID && !c.q.Has(typ):
			err = c.byID(ctx, typ, ids)
		case typ == derived.TypeConsent:
			for id := range c.grants {
				if e, err := c.consent(id); err == nil {
					c.add(e, 0)
				}
			}
		case typ == derived.TypeProvenance:
			err = c.provenances(ctx)
		case typ == derived.TypeAuditEvent:
			err = c.events(ctx)
		}
		if err != nil {
			return err
		}
	}
	c.spent += len(c.made)
	return nil
}

func (c *candidates) byID(ctx context.Context, typ string, ids []string) error {
	for _, id := range ids {
		name, ok := derived.Parse(fhir.Ref{Type: typ, ID: id})
		if !ok {
			continue
		}
		e, err := c.named(ctx, name)
		switch {
		case errors.Is(err, errNotDerived):
		case err != nil:
			return err
		default:
			c.add(e, name.Index)
		}
	}
	return nil
}

// provenances makes those of what is named as their target, or of the part's entries.
func (c *candidates) provenances(ctx context.Context) error {
	each := func(e Entry, _ record.Version) bool {
		c.add(e, 0)
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
	part := c.entries
	if part == nil {
		part = new(entryPart)
	}
	for n := rows.SegmentOf(part.from); n < rows.Segments; n++ {
		lines, err := c.d.Segment(c.v.s.known.Reader(c.r), n)
		if err != nil {
			return err
		}
		from := sort.Search(len(lines), func(i int) bool { return bytes.Compare(lines[i].Entry[:], part.from[:]) >= 0 })
		for _, l := range lines[from:] {
			if (part.to != record.EntryID{}) && bytes.Compare(l.Entry[:], part.to[:]) >= 0 {
				return nil
			}
			had := len(c.made)
			if err := c.versions(ctx, l.Entry, each); err != nil {
				return err
			}
			if !c.whole && (part.to == record.EntryID{}) && had >= partMade && len(c.made) > had {
				// It ends before the next that is theirs: that there is a next part tells
				// nothing of what is not.
				for _, x := range c.made[had:] {
					clear(x.index)
				}
				c.made, part.to = c.made[:had], l.Entry
				return nil
			}
			if len(c.made) > maxMade {
				return errManyVersions
			}
		}
	}
	return nil
}

// events makes the AuditEvents of the part of the log.
func (c *candidates) events(ctx context.Context) error {
	s := c.log
	if s == nil {
		s = &logPart{to: c.p.Head.Log.Size}
	}
	since, until := c.q.During("date")
	if c.q.Has(derived.TypeAuditEvent) {
		since, until = time.Time{}, time.Time{} // another's date
	}
	// Where a part ends is by the View's own entries, and so is when there are too many:
	// a grantee's pages tell nothing of how much others did between. Only how much of the
	// log is passed at most is by all.
	grantee := c.names != nil
	opened := 0
	for s.from = s.to; s.from > 0; {
		if c.passed >= maxPassed {
			if c.whole {
				return errLongLog
			}
			break
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		begin := s.from - min(s.from, logStep)
		index, late := begin, false
		var mine []audit.Entry
		err := rows.Leaves(c.r, begin, s.from, func(leaf []byte) bool {
			if e, err := c.reader.Open(index, leaf); err == nil {
				mine = append(mine, e)
			}
			index++
			return true
		})
		if err != nil {
			return err
		}
		c.passed += s.from - begin
		s.from = begin
		for _, e := range slices.Backward(mine) {
			// The log is in order of time, but for what devices' clocks say.
			early := e.Event.Time.Before(since) && e.Writer != audit.ByDevice
			if late = late || !early; early && grantee {
				break
			}
			if !e.Event.Time.Before(since) && (until.IsZero() || e.Event.Time.Before(until)) && c.shows(e) {
				c.add(c.told(e), e.Index)
			}
			switch opened++; {
			case c.whole && opened > maxMade:
				return errLongLog
			case !c.whole && opened >= partMade:
				s.from = e.Index
				return nil
			}
		}
		if len(mine) > 0 && (!late || grantee && mine[0].Event.Time.Before(since)) {
			s.from = 0 // what is before is earlier
		}
	}
	return nil
}
