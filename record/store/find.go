package store

import (
	"context"

	"carehold/record"
	"carehold/record/fhir"
	"carehold/record/grant"
	"carehold/record/rows"
)

// finder answers a plan from the record as the planner has it, and keeps what it
// showed: it is a change.Finder for one run of one plan.
type finder struct {
	pl     *planner
	ctx    context.Context
	base   string
	asked  bool
	query  string   // the type that was searched last
	about  fhir.Ref // what was asked for last
	shown  []string // Type/id/_history/n
	broken error    // a fault, or errStale, which no plan can make something else of
}

func (f *finder) show(ref fhir.Ref, version record.Version) {
	f.about = fhir.Ref{}
	f.shown = addOnce(f.shown, len(f.shown), named(ref, version))
}

// fail keeps what is not the plan's to judge.
func (f *finder) fail(err error) error {
	switch record.KindOf(err) {
	case record.Internal, record.Integrity, record.Unavailable, record.Unauthorized, record.TooMany:
		f.broken = err
	}
	return err
}

// Find searches what the View may search. Whoever may not search a type learns
// nothing of it: they are refused before anything is looked at.
func (f *finder) Find(typ, query string) ([]fhir.Ref, error) {
	f.asked, f.query, f.about = true, typ, fhir.Ref{}
	v := f.pl.v
	if err := v.left(); err != nil {
		return nil, f.fail(err)
	}
	if !grant.Covers(v.grant, grant.ActSearch, typ) {
		return nil, record.Errorf(record.Forbidden, "this grant does not include searching %s, which a condition needs", typ)
	}
	found, err := f.pl.find(f.ctx, typ, query, f.base)
	if err != nil {
		return nil, f.fail(err)
	}
	refs := make([]fhir.Ref, len(found))
	for i, e := range found {
		f.show(e.ref, e.version)
		refs[i] = e.ref
	}
	return refs, nil
}

// Current is the newest version of what is to be patched. A patch that fails, and
// one that does not, tells what is there: so it takes reading as well as changing.
func (f *finder) Current(ref fhir.Ref) (*fhir.Resource, error) {
	f.asked, f.about = true, ref
	v := f.pl.v
	_, e, exists, mine, err := f.pl.current(v.hold.EntryID(ref.Type, ref.ID))
	if err != nil {
		return nil, f.fail(err)
	}
	if !exists || !mine {
		return nil, notThere(ref)
	}
	for _, act := range []grant.Action{grant.ActRead, grant.ActUpdate} {
		switch v.decide(act, record.Meta{Type: ref.Type, Section: e.Section}) {
		case grant.Allowed:
		case grant.Forbidden:
			return nil, record.Errorf(record.Forbidden, "this grant does not include reading and changing %s, which a patch needs", ref.Type)
		case grant.Ended:
			return nil, f.fail(errUnauthorized)
		default:
			return nil, notThere(ref)
		}
	}
	f.show(ref, e.Version)
	if e.Header.Deleted {
		return nil, gone(e)
	}
	r, err := fhir.Parse(e.Body, fhir.Limits{})
	if err != nil {
		return nil, f.fail(rows.Damaged("entry"))
	}
	return r, nil
}

// found is an entry that a condition matched.
type found struct {
	ref     fhir.Ref
	version record.Version
}

// find searches the record as the plan has it.
func (pl *planner) find(_ context.Context, typ, query, base string) ([]found, error) {
	return nil, record.Safef(record.Unsupported, "conditions are not there yet")
}
