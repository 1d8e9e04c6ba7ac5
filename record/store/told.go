package store

import (
	"context"

	"carehold/record"
	"carehold/record/audit"
	"carehold/record/change"
	"carehold/record/fhir"
)

// A request that changes something may look for things first and read some at the
// end. The log says each for itself, in the same commit: what was looked for and
// shown, what was written, what was deleted. Which of them it was must not be guessed
// from a list of names.

// told is what the log says of changes that are made: what was done, and what else
// belongs to it.
func (v *View) told(find *finder, work []*draft, results []Result, opt ApplyOptions) (done audit.Event, also []audit.Event) {
	changed, deleted := audit.Event{Action: audit.Change, Text: opt.says}, audit.Event{Action: audit.Delete}
	read := audit.Event{Action: audit.Read, Entries: find.read}
	for i, w := range work {
		res := results[i]
		name := named(res.Ref, res.Version)
		switch {
		case w.verb == change.Absent, w.verb == change.Exists: // the finder has told it
		case w.verb == change.Read, w.verb == change.Head:
			read.Entries = append(read.Entries, name)
		case res.Unchanged && v.grant.Self && !opt.Origin.IsZero():
			// An import done again finds thousands unchanged, which would hide what it
			// changed. For anybody but the person that too is something they were shown.
		case res.Deleted:
			deleted.Entries = append(deleted.Entries, name)
		case !find.seen[name]:
			changed.Entries = append(changed.Entries, name)
		}
	}
	events := find.told()
	for _, e := range []audit.Event{read, deleted, changed} {
		if len(e.Entries) > 0 {
			events = append(events, e)
		}
	}
	if len(events) == 0 {
		return changed, nil
	}
	last := len(events) - 1 // with something written, what says so
	return events[last], events[:last]
}

// told is what the conditions of a plan looked for and were shown, by type.
func (f *finder) told() []audit.Event {
	var events []audit.Event
	for _, typ := range f.types {
		events = append(events, audit.Event{Action: audit.Search, Query: typ, Entries: f.found[typ]})
	}
	return events
}

// tried is what a refused change has told of: whoever is told that the third of five
// is not there knows that the first two are. The person's own needs no such list.
func tried(v *View, changes []change.Change, failed int) []fhir.Ref {
	if v.grant.Self {
		return []fhir.Ref{changes[failed].Ref}
	}
	refs := make([]fhir.Ref, 0, failed+1)
	for _, c := range changes[:failed+1] {
		refs = append(refs, c.Ref)
	}
	return refs
}

// logRefused logs that changes were refused, with what was found out on the way, and
// returns why.
func (v *View) logRefused(ctx context.Context, find *finder, why error, about ...fhir.Ref) error {
	ev := audit.Event{Action: audit.Change, Outcome: audit.Refused, Reason: audit.BadRequest}
	for _, ref := range about {
		if ref != (fhir.Ref{}) {
			ev.Entries = append(ev.Entries, ref.String())
		}
	}
	switch record.KindOf(why) {
	case record.Forbidden:
		ev.Reason = audit.NoVerb
	case record.NotFound, record.NotAllowed:
		ev.Reason = audit.OutsideGrant
	case record.Gone:
		ev.Reason = audit.WasDeleted
	case record.Conflict, record.Precondition, record.Ambiguous:
		ev.Reason = audit.NotMet
	case record.Invalid, record.Unprocessed, record.Unsupported, record.TooLarge, record.TooMany: // too many bytes: the record is full
	default:
		return why // a fault, or errStale: nothing was refused
	}
	also := find.told()
	if len(find.read) > 0 {
		also = append(also, audit.Event{Action: audit.Read, Entries: find.read})
	}
	if err := v.commit(ctx, ev, nil, also...); err != nil {
		return err
	}
	return why
}
