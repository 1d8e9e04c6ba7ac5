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
	passes map[string]*pass // by the types that they have; nil is too much to hold
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
	if f.took >= v.patience() {
		return nil, errLongConditions
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
	for _, step := range q.Follows() {
		for _, to := range step.Types {
			if !v.Searches(to) { // that nothing was found would be taken for what to write by
				return nil, record.Errorf(record.Forbidden, "this grant does not include searching %s, which the condition %s needs", to, step.Parameter)
			}
		}
	}
	ctx, cancel := f.ctx, context.CancelFunc(func() {})
	if !v.grant.Self {
		ctx, cancel = context.WithTimeout(f.ctx, v.patience()-f.took)
	}
	defer cancel()
	list, err := f.matches(ctx, q)
	if err != nil && ctx.Err() != nil && f.ctx.Err() == nil {
		return nil, errLongConditions
	}
	if err != nil {
		return nil, f.fail(err)
	}
	f.search(typ)
	refs, names := make([]fhir.Ref, len(list)), f.found[typ]
	for n, m := range list {
		refs[n] = fhir.Ref{Type: typ, ID: strings.Clone(m.entry.Ref.ID)}
		if err := f.show(&names, refs[n], m.more.stamp.Version()); err != nil {
			return nil, err
		}
	}
	f.found[typ] = names
	return refs, nil
}

var errLongConditions error = record.Safef(record.TooLarge, "the conditions of this request take too long, and the person can change nothing meanwhile: send fewer, or simpler ones, or search first")

// matches are the first that a condition finds.
func (f *finder) matches(ctx context.Context, q *search.Query) (list []match, err error) {
	v := f.pl.v
	err = v.s.engine.View(kv.Partition(v.person), func(r kv.Reader) error {
		person, d, err := v.directory(r)
		if err == nil && person.Head.Dir != f.pl.dir {
			err = errStale
		}
		if err != nil {
			return err
		}
		p, err := v.byIDs(ctx, r, d, q)
		if p != nil {
			defer p.close()
		}
		if err == nil && p == nil {
			p, err = f.pass(ctx, r, d, q.Reads())
		}
		if err != nil {
			return err
		}
		var found *search.Result
		if p != nil {
			found, err = q.RunUntil(ctx, p.all)
		} else if p, found, _, err = v.foundInParts(ctx, r, d, q, nil, enough); p != nil {
			defer p.close()
		}
		if err != nil {
			return err
		}
		first, _, err := found.Page(nil, enough)
		for _, i := range first {
			list = append(list, match{entry: p.all[i], more: p.more[i]})
		}
		return err
	})
	return list, err
}

// pass is what a condition goes through. A plan may have a thousand conditions, and
// nobody changes the record meanwhile: it is brought together once. It is nil when that
// is too much.
func (f *finder) pass(ctx context.Context, r kv.Reader, d *rows.Directory, types []string) (*pass, error) {
	key := strings.Join(types, ",") // "" for all
	for _, k := range []string{key, ""} {
		if p, known := f.passes[k]; known {
			return p, nil
		}
	}
	held := 0
	for _, p := range f.passes {
		if p != nil {
			held += len(p.plain)
		}
	}
	if len(f.passes) == maxPasses || held > mostGathered {
		f.close()
		key, types = "", nil
	}
	v := f.pl.v
	p, err := v.pass(ctx, r, f.pl.dir, d, types)
	if err == nil && p == nil {
		p, err = v.gather(ctx, r, d, types)
	}
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
// person's turn to write, and whoever is to stop its grant waits for it.
func (v *View) patience() time.Duration {
	if v.grant.Self {
		return 5 * time.Second
	}
	return time.Second
}

func (f *finder) close() {
	for _, p := range f.passes {
		if p != nil {
			p.close()
		}
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
	l, e, exists, mine, err := f.pl.current(v.hold.EntryID(ref.Type, ref.ID))
	if err != nil {
		return nil, f.fail(err)
	}
	if !exists || !mine {
		return nil, notThere(ref)
	}
	for _, act := range []grant.Action{grant.ActRead, grant.ActUpdate} {
		decided, err := f.pl.decide(f.ctx, act, l, &e)
		if err != nil {
			return nil, f.fail(err)
		}
		switch decided {
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
