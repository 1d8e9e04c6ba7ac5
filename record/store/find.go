package store

import (
	"context"
	"strings"

	"carehold/record"
	"carehold/record/fhir"
	"carehold/record/grant"
	"carehold/record/kv"
	"carehold/record/rows"
	"carehold/record/search"
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
	if err == nil {
		return nil
	}
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
	// Strict: a condition that is left out makes a request for one resource one for
	// all of them.
	q, err := search.Parse(typ, query, search.Options{Base: f.base, Strict: true})
	if err != nil {
		return nil, f.fail(err)
	}
	var refs []fhir.Ref
	err = v.s.engine.View(kv.Partition(v.person), func(r kv.Reader) error {
		p, d, err := v.directory(r)
		if err != nil {
			return err
		}
		if p.Head.Dir != f.pl.dir {
			return errStale
		}
		pass, err := v.pass(f.ctx, r, p.Head.Dir, d, q)
		if err != nil {
			return err
		}
		defer pass.close()
		found, err := q.Run(pass.all)
		if err != nil {
			return err
		}
		matches, _, err := found.Page(nil, enough)
		for _, i := range matches {
			refs = append(refs, fhir.Ref{Type: typ, ID: strings.Clone(pass.all[i].Ref.ID)})
			f.show(refs[len(refs)-1], pass.more[i].stamp.Version())
		}
		return err
	})
	return refs, f.fail(err)
}

// enough is how many a condition needs to find: two are too many already.
const enough = 2

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
