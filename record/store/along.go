package store

import (
	"context"
	"errors"

	"carehold/record"
	"carehold/record/audit"
	"carehold/record/change"
	"carehold/record/entry"
	"carehold/record/fhir"
	"carehold/record/filing"
	"carehold/record/grant"
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
// that it did, as a move that was refused: they can move it. An import, which may be of anybody's
// making, takes along only what it brought itself, whoever sends it.
const movedAlong = "pointed-to-by"

const (
	// versionAlong is what one version counts at least.
	versionAlong = 16 << 10

	// mostFiles is how many files go along with one change of who is not the person.
	mostFiles = 16
)

// Whoever may write a letter can point to any number of files. Of what the person moves,
// so many of those that are there are looked at, and so many go along, in turn by who named
// them (turns): the log says which stay. Tests have fewer.
var (
	mostPointed  = 20_000
	mostFilesOwn = 1000
)

// mostAlong is how much a grantee's change may take along, in bytes at rest: all of it is
// sealed anew while the person waits for their turn. Tests have less.
var mostAlong uint64 = 64 << 20

var (
	errAlong    error = record.Safef(record.TooLarge, "what this points to would be filed with it, and is more in all its versions than the server files anew for who is not the person: ask them to move it, then send this again")
	errFiles    error = record.Safef(record.TooLarge, "what this points to would be filed with it, and is more than the %d files that the server files anew for who is not the person: send the files with it, in one transaction", mostFiles)
	errUnlooked error = record.Safef(record.TooLarge, "what this points to would be filed with it, if nothing of anybody else's points to it too, and that could not be looked at in time: send the file with it, in one transaction")
	errNotOwn         = errors.New("it is not theirs to take along")
)

// refusedAlong reports whether a change is refused for what would go along with it.
func refusedAlong(err error) bool {
	return errors.Is(err, errAlong) || errors.Is(err, errFiles) || errors.Is(err, errUnlooked)
}

// companion is a Binary that may have to go along.
type companion struct {
	ref  fhir.Ref
	to   record.Section
	line line // where it is; zero: it is not theirs, and stays
	op   *op  // nil: it stays
}

// alongWith are the moves of Binaries that go along with what is written, and what the
// log says of them and of those that stay.
func (pl *planner) alongWith(ctx context.Context, work []*draft) (ops []op, events []audit.Event, err error) {
	list, err := pl.companions(work)
	if err != nil {
		return nil, nil, err
	}
	for _, c := range list {
		if c.line == (line{}) {
			continue
		}
		if c.op, err = pl.takeAlong(c.line, c.to); err != nil && !errors.Is(err, errNotOwn) {
			return nil, nil, err
		}
	}
	if err := pl.leaveOthers(ctx, list); err != nil {
		return nil, nil, err
	}
	type said struct {
		section record.Section
		outcome audit.Outcome
	}
	at := make(map[said]int)
	for _, c := range list {
		s := said{section: c.to}
		if c.op == nil {
			s.outcome = audit.Refused
		} else {
			ops = append(ops, *c.op)
		}
		i, there := at[s]
		if !there {
			i = len(events)
			at[s] = i
			events = append(events, movedOrNot(c.to, c.op != nil))
		}
		events[i].Entries = append(events[i].Entries, c.ref.String())
	}
	return ops, events, nil
}

// movedOrNot is what the log says of Binaries that go along, or stay.
func movedOrNot(to record.Section, moved bool) audit.Event {
	ev := audit.Event{Action: audit.Move, Text: to.String()}
	if !moved {
		ev.Outcome, ev.Reason = audit.Refused, audit.WrongPlace
	}
	return ev
}

// companions are the Binaries that what is written would take along. Of somebody's who
// is not the person there are few, or nothing is looked at any closer.
func (pl *planner) companions(work []*draft) (list []*companion, err error) {
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
	files := 0
	for _, ref := range order {
		id := pl.v.hold.EntryID(ref.Type, ref.ID)
		if _, taken := pl.pending[id]; taken {
			continue // it is filed with the others
		}
		l, goes, own, err := pl.goesAlong(ref, to[ref])
		if err != nil {
			return nil, err
		}
		if !goes {
			continue
		}
		c := &companion{ref: ref, to: to[ref]}
		if own {
			c.line = l
			if files++; files > mostFiles && !pl.v.grant.Self {
				return nil, errFiles
			}
		}
		list = append(list, c)
	}
	return list, nil
}

// goesAlong reports whether a Binary would go along to the section of what it is the
// file of, and whether it is theirs to take there, by its newest version.
func (pl *planner) goesAlong(ref fhir.Ref, to record.Section) (l line, goes, own bool, err error) {
	l, e, _, exists, mine, err := pl.head(ref)
	if err != nil || !exists || !mine || e.Header.Deleted || e.Header.Moved || !filing.Stricter(to, e.Section) ||
		pl.v.decide(grant.ActRead, record.Meta{Type: ref.Type, Section: e.Section}) != grant.Allowed {
		return l, false, false, err
	}
	return l, true, pl.owns(e.Header), nil
}

// owns reports whether a version is one that the plan may take elsewhere: an import moves
// nothing but what it brought itself, and a grantee nothing but what they wrote.
func (pl *planner) owns(h entry.Header) bool {
	if o := h.Origin; !pl.origin.IsZero() && (o.IsZero() || o.Import != pl.origin.Import) {
		return false
	}
	return pl.whole || h.Author.Grant == pl.v.grant.ID
}

// takeAlong is the move of a Binary, of which every version has to be theirs; errNotOwn.
func (pl *planner) takeAlong(l line, to record.Section) (*op, error) {
	o, err := pl.v.moveOp(l, to, false, movedAlong, func(h entry.Header, size uint64) error {
		switch {
		case !pl.owns(h):
			return errNotOwn
		case pl.v.grant.Self:
			return nil
		}
		if pl.taken += max(size, versionAlong); pl.taken > mostAlong {
			return errAlong
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return o, nil
}
