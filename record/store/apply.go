package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"carehold/record"
	"carehold/record/change"
	"carehold/record/entry"
	"carehold/record/fhir"
	"carehold/record/filing"
	"carehold/record/grant"
	"carehold/record/kv"
	"carehold/record/rows"
)

// Apply carries out changes in their order, all of them or none, and returns
// what came of each. It is one entry in the log. Updating an entry with what it
// already holds writes nothing, so importing the same source twice adds nothing.
func (v *View) Apply(ctx context.Context, changes []change.Change, opt ApplyOptions) ([]Result, error) {
	return v.ApplyPlan(ctx, func(change.Finder) ([]change.Change, error) { return changes, nil }, opt)
}

// ApplyPlan is Apply for changes that depend on what is there: a condition, a
// reference with a query, a patch. plan makes them while nobody else can change
// the record, from the record as it is then; it is called again when the record
// moved on all the same (an epoch began), so it keeps nothing between calls.
//
// What its Finder found is named in the log, whether the changes are made or not.
func (v *View) ApplyPlan(ctx context.Context, plan func(find change.Finder) ([]change.Change, error), opt ApplyOptions) (results []Result, err error) {
	unlock, err := v.turn(ctx)
	if err != nil {
		return nil, err
	}
	v.writing = true
	defer func() {
		v.writing = false
		unlock()
	}()
	err = v.retry(ctx, func() error {
		results, err = v.apply(ctx, plan, opt)
		return err
	})
	return results, err
}

// turn waits for the turn to write. What the grant was when the View was opened is
// looked at again before anything is planned (directory).
func (v *View) turn(ctx context.Context) (unlock func(), err error) {
	if v.grant.Self {
		return v.s.writers.lock(ctx, v.person)
	}
	return v.s.writers.lockFor(ctx, v.person, v.token.Grant)
}

func (v *View) apply(ctx context.Context, plan func(change.Finder) ([]change.Change, error), opt ApplyOptions) ([]Result, error) {
	pl, err := v.newPlanner()
	if err != nil {
		return nil, err
	}
	pl.base, pl.origin, pl.ownExport = opt.Base, opt.Origin, opt.OwnExport
	find := &finder{pl: pl, ctx: ctx, base: opt.Base}
	defer find.close()
	changes, err := plan(find)
	find.close() // before anything is written: it may be much
	switch {
	case find.broken != nil:
		return nil, find.broken
	case err != nil && !find.asked:
		return nil, err // nothing of the record was looked at
	case err != nil:
		return nil, v.logRefused(ctx, find, err, find.about)
	}
	if !opt.Origin.IsZero() && !pl.whole {
		return nil, record.Safef(record.Forbidden, "only a grant to everything can import")
	}
	for _, c := range changes {
		if c.Resource != nil {
			pl.room += 2 * len(c.Resource.Bytes())
		}
	}
	work := make([]*draft, len(changes))
	for i, c := range changes {
		if err := ctx.Err(); err != nil {
			return nil, err // nobody waits for it any more
		}
		if work[i], err = pl.draft(c); err != nil {
			return nil, v.logRefused(ctx, find, atEntry(changes, i, err), tried(v, changes, i)...)
		}
	}
	if err := pl.file(work); err != nil {
		return nil, err
	}
	var ops []op
	results := make([]Result, len(changes))
	for i, w := range work {
		o, res, err := pl.finish(w, opt.Origin)
		if err != nil {
			return nil, v.logRefused(ctx, find, atEntry(changes, i, err), tried(v, changes, i)...)
		}
		results[i] = res
		if o != nil {
			ops = append(ops, *o)
			pl.results[w.id] = res
		}
	}
	moved, along, err := pl.alongWith(ctx, work)
	if refusedAlong(err) {
		return nil, v.logRefused(ctx, find, err, tried(v, changes, len(changes)-1)...)
	}
	if err != nil {
		return nil, err
	}
	ops = append(ops, moved...)
	if err := pl.readAll(find, work, results); err != nil {
		i := slices.Index(work, pl.reading)
		return nil, v.logRefused(ctx, find, atEntry(changes, i, err), tried(v, changes, i)...)
	}
	done, also := v.told(find, work, results, opt)
	also = append(also, along...)
	if len(ops) == 0 { // all was so already; that it was asked is logged all the same
		err = v.commit(ctx, done, nil, also...)
	} else {
		if err = v.write(ctx, ops, pl.dir, done, also...); err == nil {
			v.s.searched.add(v.person, v.grant.ID, pl.searched)
		}
	}
	if errors.Is(err, errFull) && find.asked { // that it came so far tells what the conditions found
		return nil, v.logRefused(ctx, find, err, tried(v, changes, len(changes)-1)...)
	}
	if err == nil {
		pl.claimed(ctx, work)
	}
	return results, err
}

// named is how the log names a version.
func named(ref fhir.Ref, version record.Version) string {
	return ref.String() + "/_history/" + version.String()
}

// atEntry says which entry of several an error is about, by its place in what was
// sent: whoever sent a thousand must be able to mend the one.
func atEntry(changes []change.Change, i int, err error) error {
	e, ok := errors.AsType[*record.Error](err)
	if !ok || len(changes) < 2 || e.Kind == record.Unauthorized {
		return err
	}
	path := fmt.Sprintf("Bundle.entry[%d].resource", changes[i].Index)
	if v := changes[i].Verb; v == change.Read || v == change.Head {
		path = fmt.Sprintf("Bundle.entry[%d].request", changes[i].Index)
	}
	if _, inside, ok := strings.Cut(e.Path, "."); ok {
		path += "." + inside // Observation.subject is Bundle.entry[3].resource.subject
	}
	return e.At(path)
}

// file files what is new, all of it together: a letter and the file it points to
// go to one place.
func (pl *planner) file(work []*draft) error {
	var items []filing.Item
	var fresh []*draft
	settled := make(map[fhir.Ref]record.Section)
	for _, w := range work {
		switch {
		case w.res == nil: // deleted, read or found
		case w.fresh:
			items = append(items, filing.Item{Ref: w.ref, Resource: w.res, Targets: targets(w.res)})
			fresh = append(fresh, w)
		default:
			settled[w.ref] = w.was.Section
		}
	}
	var failed error
	known := func(ref fhir.Ref) (record.Section, bool) {
		if s, here := settled[ref]; here {
			return s, true
		}
		_, e, _, exists, mine, err := pl.head(ref)
		if err != nil && failed == nil {
			failed = err // not "unknown": it could be what decides for a sensitive section
		}
		ok := err == nil && exists && mine
		if ok {
			settled[ref] = e.Section
		}
		return e.Section, ok
	}
	for i, f := range filing.File(items, known) {
		fresh[i].filed = f
	}
	return failed
}

// targets are the entries of this record that a resource refers to.
func targets(r *fhir.Resource) []fhir.Ref {
	var refs []fhir.Ref
	for _, x := range r.References() {
		if t := fhir.ParseReference(x.Value); t.Form == fhir.Relative {
			refs = append(refs, t.Ref)
		}
	}
	return refs
}

// finish turns a draft into what is written, and what is answered. The op is nil
// when nothing changes.
func (pl *planner) finish(w *draft, origin entry.Origin) (*op, Result, error) {
	v := pl.v
	switch w.verb {
	case change.Exists:
		return nil, pl.existing(w), nil
	case change.Absent, change.Read, change.Head:
		return nil, Result{Ref: w.ref, Deleted: w.verb == change.Absent, Unchanged: true}, nil
	}
	res := Result{Ref: w.ref, Time: pl.now, Section: w.was.Section, Created: !w.exists || w.was.Header.Deleted}
	if err := pl.ownWords(w); err != nil {
		return nil, res, err
	}
	h := entry.Header{Type: w.ref.Type, ID: w.ref.ID, Time: pl.now, Origin: origin,
		Author: authorOf(v.grant),
		Why:    w.was.Header.Why, Moved: w.was.Header.Moved}
	if w.fresh {
		res.Section, h.Why = w.filed.Section, w.filed.Why.Rule
		m := record.Meta{Type: w.ref.Type, Section: res.Section}
		decided := v.decide(grant.ActCreate, m)
		if decided == grant.Depends {
			if decided = v.decideOn(grant.ActCreate, m, factsOf(w.ref, w.res.Bytes())); decided == grant.Hidden {
				return nil, res, v.outside("creating", w.ref.Type)
			}
		}
		switch decided {
		case grant.Allowed:
		case grant.Ended:
			return nil, res, errUnauthorized
		case grant.Forbidden:
			return nil, res, record.Errorf(record.Forbidden, "this grant does not include creating %s", w.ref.Type)
		default:
			return nil, res, record.Errorf(record.Forbidden, notFiledHere, res.Section, w.filed.Why, res.Section)
		}
	}
	next := w.was.Version + 1
	if w.verb == change.Delete {
		res.Created, res.Deleted = false, true
		if w.was.Header.Deleted { // FHIR R4 §3.1.0.7.1: deleting again changes nothing
			res.Unchanged, res.Version, res.Time = true, w.was.Version, w.was.Header.Time
			return nil, res, nil
		}
		h.Deleted = true
		res.Version = next
		return v.oneVersion(w, res, h, nil), res, nil
	}
	unchanged, err := pl.unchanged(w, origin)
	if err != nil {
		return nil, res, err
	}
	if unchanged {
		res.Unchanged, res.Created = true, false
		res.Version, res.Time, res.Body, res.Apart = w.was.Version, w.was.Header.Time, w.was.Body, w.was.Header.Content != nil
		return nil, res, nil
	}
	if err := pl.keepWords(w); err != nil {
		return nil, res, err
	}
	if err := v.takes(w.res); err != nil {
		return nil, res, err
	}
	res.Version = next
	meta := fhir.Meta{ID: w.ref.ID, VersionID: next.String(), LastUpdated: pl.now}
	if w.apart != nil {
		o, err := pl.withContent(w, res, h, meta)
		if err != nil {
			return nil, res, err
		}
		res.Body, res.Apart = o.versions[0].json, true
		return o, res, nil
	}
	res.Body = w.res.With(meta)
	return v.oneVersion(w, res, h, res.Body), res, nil
}

// takes refuses what is larger than a record takes. What is read may be larger by
// fhir.Room: id and meta go in here, and half of the room is for what the person says
// about an entry that somebody else made as large as it may be, whoever writes it then.
func (v *View) takes(r *fhir.Resource) error {
	bytes, values := wordsRoom(r)
	if len(r.Bytes())-bytes > fhir.MaxBytes || r.Values()-values > fhir.MaxValues {
		return record.Safef(record.TooLarge, "a resource has at most %d bytes and %d values: send what is large in it as a Binary of its own", fhir.MaxBytes, fhir.MaxValues)
	}
	return nil
}

// unchanged reports whether a change says nothing new: it is what is kept, or it
// is an import of what was imported before and has been edited here since. A
// second import must not undo what a person corrected.
func (pl *planner) unchanged(w *draft, origin entry.Origin) (bool, error) {
	if !w.exists || w.was.Header.Deleted {
		return false, nil
	}
	if w.apart != nil || w.was.Header.Content != nil {
		return pl.sameContent(w, w.was), nil
	}
	if same(w.was.Body, w.res) {
		return true, nil
	}
	if origin.IsZero() || !w.was.Header.Origin.IsZero() {
		return false, nil
	}
	unchanged := false
	err := pl.v.history(w.old, func(_ kv.Reader, _ rows.Version, old Entry) (bool, error) {
		if old.Header.Origin.IsZero() {
			return true, nil
		}
		unchanged = !old.Header.Deleted && same(old.Body, w.res) // what the last import brought
		return false, nil
	})
	return unchanged, err
}

// same reports whether a resource says what is kept already, but for what the
// server itself sets.
func same(kept []byte, r *fhir.Resource) bool {
	old, err := fhir.Parse(kept, fhir.Limits{})
	return err == nil && bytes.Equal(old.Stripped(), r.Stripped())
}

func (v *View) oneVersion(w *draft, res Result, h entry.Header, json []byte) *op {
	at := rows.NewStamp(w.old.Stamp.Generation(), res.Version)
	return &op{id: w.id, old: w.old, at: at,
		versions: []version{{at: at, section: res.Section, header: h, json: json}}}
}
