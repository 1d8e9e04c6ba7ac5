package store

import (
	"context"
	"strings"
	"time"

	"carehold/record"
	"carehold/record/audit"
	"carehold/record/change"
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
	about  fhir.Ref            // what was asked for last
	types  []string            // that were searched
	found  map[string][]string // by type: Type/id/_history/n, each once
	read   []string            // the same, of what is patched
	seen   map[string]bool
	passes map[string]*pass // by the types that they have
	took   time.Duration    // looking
	broken error            // a fault, or errStale, which no plan can make something else of
}

// show keeps what was shown. What could not be named in the log is not shown.
func (f *finder) show(to *[]string, ref fhir.Ref, version record.Version) error {
	f.about = fhir.Ref{}
	name := named(ref, version)
	if f.seen == nil {
		f.seen = make(map[string]bool)
	}
	if f.seen[name] {
		return nil
	}
	if len(*to) == audit.MaxEntries {
		return record.Safef(record.TooLarge, "the conditions of this request find more than %d entries, which is as much as one may be shown: send fewer", audit.MaxEntries)
	}
	f.seen[name], *to = true, append(*to, name)
	return nil
}

// search notes that a type was searched.
func (f *finder) search(typ string) {
	if _, again := f.found[typ]; again {
		return
	}
	if f.found == nil {
		f.found = make(map[string][]string)
	}
	f.types, f.found[typ] = append(f.types, typ), nil
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
	f.asked, f.about = true, fhir.Ref{}
	v := f.pl.v
	if err := v.left(); err != nil {
		return nil, f.fail(err)
	}
	if err := f.ctx.Err(); err != nil { // nobody waits for it any more
		f.broken = err
		return nil, err
	}
	began := time.Now()
	defer func() { f.took += time.Since(began) }()
	if f.took > patience {
		return nil, record.Safef(record.TooLarge, "the conditions of this request take too long, and the person can change nothing meanwhile: send fewer, or simpler ones")
	}
	if !grant.Covers(v.grant, grant.ActSearch, typ) {
		return nil, record.Errorf(record.Forbidden, "this grant does not include searching %s, which a condition needs", typ)
	}
	// Condition, strictly: one that is left out makes a request for one resource one for
	// all of them.
	q, err := search.Parse(typ, query, search.Options{Base: f.base, Condition: true})
	if err != nil {
		return nil, f.fail(err)
	}
	pass, err := f.pass(q.Reads())
	if err != nil {
		return nil, f.fail(err)
	}
	found, err := q.Run(pass.all)
	if err != nil {
		return nil, f.fail(err)
	}
	matches, _, err := found.Page(nil, enough)
	if err != nil {
		return nil, f.fail(err)
	}
	f.search(typ)
	refs, names := make([]fhir.Ref, len(matches)), f.found[typ]
	for n, i := range matches {
		refs[n] = fhir.Ref{Type: typ, ID: strings.Clone(pass.all[i].Ref.ID)}
		if err := f.show(&names, refs[n], pass.more[i].stamp.Version()); err != nil {
			return nil, err
		}
	}
	f.found[typ] = names
	return refs, nil
}

// pass is what a condition goes through. A plan may have a thousand conditions, and
// nobody changes the record meanwhile: it is brought together once.
func (f *finder) pass(types []string) (*pass, error) {
	key := strings.Join(types, ",") // "" for all
	for _, k := range []string{key, ""} {
		if p := f.passes[k]; p != nil {
			return p, nil
		}
	}
	if len(f.passes) == maxPasses {
		f.close()
		key, types = "", nil
	}
	v := f.pl.v
	var p *pass
	err := v.s.engine.View(kv.Partition(v.person), func(r kv.Reader) error {
		person, d, err := v.directory(r)
		if err == nil && person.Head.Dir != f.pl.dir {
			err = errStale
		}
		if err == nil {
			p, err = v.pass(f.ctx, r, f.pl.dir, d, types)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	if f.passes == nil {
		f.passes = make(map[string]*pass)
	}
	f.passes[key] = p
	return p, nil
}

// maxPasses is how many are held at a time: of one more, it is all types.
const maxPasses = 4

// patience is how long the conditions of one plan may be looked for: it has the
// person's turn to write, and a grant that is to be stopped waits for it.
const patience = 5 * time.Second

func (f *finder) close() {
	for _, p := range f.passes {
		p.close()
	}
	clear(f.passes)
}

// enough is how many a condition needs to find: two are too many already.
const enough = 2

// Current is the newest version of what is to be patched. A patch that fails, and
// one that does not, tells what is there: so it takes reading as well as changing.
func (f *finder) Current(ref fhir.Ref) (*fhir.Resource, error) {
	f.asked, f.about = true, ref
	if err := writable(change.Patch, ref); err != nil {
		return nil, f.fail(err)
	}
	v := f.pl.v
	_, e, exists, mine, err := f.pl.current(v.hold.EntryID(ref.Type, ref.ID))
	if err != nil {
		return nil, f.fail(err)
	}
	if !exists || !mine {
		return nil, notThere(ref)
	}
	for _, act := range []grant.Action{grant.ActRead, grant.ActUpdate} {
		switch v.decide(act, v.about(e)) {
		case grant.Allowed:
		case grant.Forbidden:
			if grant.Covers(v.grant, grant.ActRead, ref.Type) && grant.Covers(v.grant, grant.ActUpdate, ref.Type) {
				return nil, v.mayNotChange(act, e)
			}
			return nil, record.Errorf(record.Forbidden, "this grant does not include reading and changing %s, which a patch needs", ref.Type)
		case grant.Ended:
			return nil, f.fail(errUnauthorized)
		default:
			return nil, notThere(ref)
		}
	}
	if err := f.show(&f.read, ref, e.Version); err != nil {
		return nil, err
	}
	switch {
	case e.Header.Deleted:
		return nil, gone(e)
	case e.Header.Content != nil:
		return nil, record.Errorf(record.Unprocessed, "%s is a document, which a patch cannot change: send it anew with PUT", ref)
	}
	r, err := fhir.Parse(e.Body, fhir.Limits{})
	if err != nil {
		return nil, f.fail(rows.Damaged("entry"))
	}
	return r, nil
}
