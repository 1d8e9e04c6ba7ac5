package store

import (
	"context"
	"errors"
	"time"

	"carehold/record"
	"carehold/record/audit"
	"carehold/record/change"
	"carehold/record/fhir"
	"carehold/record/filing"
	"carehold/record/grant"
	"carehold/record/kv"
	"carehold/record/rows"
)

// A Binary goes with the strictest entry that it is the file of. When one is written, or
// moved by the person, that points to a Binary in a less strict section, the Binary is
// moved there with it; not where the person filed it themselves, and not by what only
// mentions it (filing.MentionsOnly).
//
// It takes all versions, and stricter is not "fewer people": who has the one sensitive
// section need not have the other. So under a grant that has not everything only what is
// the grant's own goes along: all versions were written under it, and nothing that it can
// see of anybody else's points to it. Anything else stays, and the log says to the person
// that it did, as a move that was refused: they can move it.
const movedAlong = "pointed-to-by"

const (
	// versionAlong is what one version counts at least.
	versionAlong = 16 << 10

	// mostLooked is how many entries are looked at for whether they point to a file.
	mostLooked = 1000

	// writtenSlack is how far clocks may have been apart.
	writtenSlack = time.Hour
)

// mostAlong is how much a grantee's change may take along, in bytes at rest: all of it is
// sealed anew while the person waits for their turn. Tests have less.
var mostAlong uint64 = 64 << 20

var (
	errAlong  error = record.Safef(record.TooLarge, "what this points to would be filed with it, and is more in all its versions than the server files anew for who is not the person: ask them to move it, then send this again")
	errNotOwn       = errors.New("it is not the grant's own")
)

// alongWith are the moves of Binaries that go along with what is written, and what the
// log says of them and of those that stay.
func (pl *planner) alongWith(ctx context.Context, work []*draft) (ops []op, events []audit.Event, err error) {
	to := make(map[fhir.Ref]record.Section)
	var order []fhir.Ref
	for _, w := range work {
		if w.res == nil || w.verb != change.Create && w.verb != change.Update || filing.MentionsOnly(w.ref.Type) {
			continue
		}
		section := w.was.Section
		if w.fresh {
			section = w.filed.Section
		}
		for _, ref := range targets(w.res) {
			if ref.Type != "Binary" || ref == w.ref {
				continue
			}
			if have, there := to[ref]; !there {
				order = append(order, ref)
				to[ref] = section
			} else if filing.Stricter(section, have) {
				to[ref] = section
			}
		}
	}
	type said struct {
		section record.Section
		outcome audit.Outcome
	}
	at := make(map[said]int)
	for _, ref := range order {
		id := pl.v.hold.EntryID(ref.Type, ref.ID)
		if _, taken := pl.pending[id]; taken {
			continue // it is filed with the others
		}
		o, may, err := pl.along(ctx, ref, id, to[ref])
		if err != nil {
			return nil, nil, err
		}
		if o == nil && may {
			continue
		}
		s := said{section: to[ref]}
		if o == nil {
			s.outcome = audit.Refused
		} else {
			ops = append(ops, *o)
		}
		i, there := at[s]
		if !there {
			i = len(events)
			at[s] = i
			events = append(events, audit.Event{Action: audit.Move, Text: s.section.String(), Outcome: s.outcome})
			if o == nil {
				events[i].Reason = audit.WrongPlace
			}
		}
		events[i].Entries = append(events[i].Entries, ref.String())
	}
	return ops, events, nil
}

// along is the move of a Binary to the section of what it is the file of; nil where it
// stays. may is false when that is because it is not the grant's to move.
func (pl *planner) along(ctx context.Context, ref fhir.Ref, id record.EntryID, to record.Section) (o *op, may bool, err error) {
	v := pl.v
	l, e, exists, mine, err := pl.current(id)
	if err != nil {
		return nil, true, err
	}
	if !exists || !mine || e.Header.Deleted || e.Header.Moved || !filing.Stricter(to, e.Section) ||
		v.decide(grant.ActRead, record.Meta{Type: ref.Type, Section: e.Section}) != grant.Allowed {
		return nil, true, nil
	}
	each := func(e Entry, size uint64) error {
		switch {
		case !pl.whole && e.Header.Author.Grant != v.grant.ID:
			return errNotOwn
		case v.grant.Self:
			return nil
		}
		if pl.taken += max(size, versionAlong); pl.taken > mostAlong {
			return errAlong
		}
		return pl.hold(len(e.Body))
	}
	o, err = v.moveOp(l, to, false, movedAlong, each)
	if err == nil && !pl.whole {
		var others bool
		if others, err = pl.othersPoint(ctx, ref, o.versions[0].header.Time); others {
			err = errNotOwn
		}
	}
	switch {
	case errors.Is(err, errNotOwn):
		return nil, false, nil
	case err != nil:
		return nil, true, err
	}
	return o, true, nil
}

// othersPoint reports whether an entry of anybody else's points to one of the grant's
// own, among those that it may search. Its id was random, so only what was written since
// can. It is so too when there is too much to look through while the person waits.
func (pl *planner) othersPoint(ctx context.Context, ref fhir.Ref, since time.Time) (others bool, err error) {
	v := pl.v
	since = since.Add(-writtenSlack)
	looking, cancel := context.WithTimeout(ctx, v.patience())
	defer cancel()
	err = v.s.engine.View(kv.Partition(v.person), func(r kv.Reader) error {
		person, d, err := v.directory(r)
		if err == nil && person.Head.Dir != pl.dir {
			err = errStale
		}
		if err != nil {
			return err
		}
		p, err := v.pass(looking, r, pl.dir, d, nil)
		if err == nil && p == nil {
			p, err = v.gather(looking, r, d, nil)
		}
		if err != nil {
			return err
		}
		if p == nil {
			others = true
			return nil
		}
		defer p.close()
		looked := 0
		for _, x := range p.all {
			if x.Updated.Before(since) || x.Ref == ref || filing.MentionsOnly(x.Ref.Type) {
				continue
			}
			if looked++; looked > mostLooked {
				others = true
				return nil
			}
			if err := looking.Err(); err != nil {
				return err
			}
			if others, err = v.othersAt(r, d, x.Ref, ref); err != nil || others {
				return err
			}
		}
		return nil
	})
	if err != nil && looking.Err() != nil && ctx.Err() == nil {
		return true, nil
	}
	return others, err
}

// othersAt reports whether an entry is somebody else's and points to another.
func (v *View) othersAt(r kv.Reader, d *rows.Directory, from, to fhir.Ref) (bool, error) {
	l, there, err := d.Lookup(r, v.hold.EntryID(from.Type, from.ID))
	if err != nil || !there {
		return false, err
	}
	ver, err := rows.ReadVersion(r, l.Entry, l.Stamp, l.Hash)
	if err != nil {
		return false, err
	}
	e, mine, err := v.open(r, ver)
	if err != nil || !mine || e.Header.Deleted || e.Header.Author.Grant == v.grant.ID {
		return false, err
	}
	return pointsTo(e.Body, to), nil
}

func pointsTo(json []byte, to fhir.Ref) bool {
	r, err := fhir.Parse(json, fhir.Limits{})
	if err != nil {
		return false
	}
	for _, ref := range targets(r) {
		if ref == to {
			return true
		}
	}
	return false
}

// binaries are those that an entry is of, by its JSON, each once over all its versions.
type binaries struct {
	seen map[fhir.Ref]bool
	refs []fhir.Ref
}

func (b *binaries) of(json []byte) {
	r, err := fhir.Parse(json, fhir.Limits{})
	if err != nil || filing.MentionsOnly(r.Type()) {
		return // it was deleted in this one
	}
	for _, ref := range targets(r) {
		if ref.Type == "Binary" && !b.seen[ref] {
			if b.seen == nil {
				b.seen = make(map[fhir.Ref]bool)
			}
			b.seen[ref] = true
			b.refs = append(b.refs, ref)
		}
	}
}

// files are the Binaries that go along when the person moves an entry to where is
// stricter than where they are.
func (pl *planner) files(l line) (list []Info, err error) {
	var b binaries
	err = pl.v.history(l, func(_ kv.Reader, _ rows.Version, e Entry) (bool, error) {
		b.of(e.Body)
		return true, nil
	})
	if err != nil {
		return nil, err
	}
	for _, ref := range b.refs {
		_, e, exists, mine, err := pl.current(pl.v.hold.EntryID(ref.Type, ref.ID))
		if err != nil {
			return nil, err
		}
		if exists && mine && !e.Header.Deleted && !e.Header.Moved {
			list = append(list, info(e))
		}
	}
	return list, nil
}
