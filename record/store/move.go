package store

import (
	"context"
	"errors"
	"slices"

	"carehold/record"
	"carehold/record/audit"
	"carehold/record/entry"
	"carehold/record/fhir"
	"carehold/record/filing"
	"carehold/record/kv"
	"carehold/record/rows"
)

// movedByPerson is the rule of an entry the person filed themself.
const movedByPerson = "person"

// Why tells where an entry is filed, by which rule, and where the table would
// file it as it is now.
func (v *View) Why(ctx context.Context, ref fhir.Ref) (out Info, err error) {
	err = v.own(ctx, audit.Event{Action: audit.Read, Entries: []string{ref.String()}}, func(*audit.Event) error {
		return v.why(ctx, ref, &out, new(Entry))
	})
	return out, err
}

// why is Why, which has not been logged, and the entry.
func (v *View) why(ctx context.Context, ref fhir.Ref, out *Info, found *Entry) error {
	e, err := v.fetch(ctx, ref, 0)
	if err != nil {
		return err
	}
	*found, *out = e, info(e)
	if e.Header.Deleted {
		return nil
	}
	if e.Version > 1 {
		switch first, err := v.fetch(ctx, ref, 1); {
		case err == nil:
			out.First = &first.Header
		case record.KindOf(err) != record.NotFound:
			return err
		}
		if out.Before, out.BeforeAt, err = v.before(ctx, ref, e); err != nil {
			return err
		}
	}
	r, err := fhir.Parse(e.Body, fhir.Limits{})
	if err != nil {
		return rows.Damaged("entry")
	}
	pl, err := v.newPlanner()
	if err != nil {
		return err
	}
	w := &draft{ref: ref, res: r, fresh: true}
	if err := pl.file([]*draft{w}); err != nil {
		return err
	}
	out.Suggested, out.Reason = w.filed.Section, w.filed.Why.String()
	l, _, _, exists, _, err := pl.head(ref)
	if err != nil || !exists || filing.MentionsOnly(ref.Type) {
		return err
	}
	files, unlooked, err := pl.filesOf(ctx, []line{l})
	out.Files = files[:min(len(files), mostFilesOwn)]
	out.MoreFiles = len(files) - len(out.Files) + unlooked
	return err
}

// mostBefore is how many versions of the person's are gone back through to who wrote
// before them.
const mostBefore = 200

// before is the newest version before e, and e is the person's, that they did not write here
// themself: somebody else's, or one that an import brought.
func (v *View) before(ctx context.Context, ref fhir.Ref, e Entry) (*entry.Header, record.Version, error) {
	own := func(h entry.Header) bool { return h.Author.Self && h.Origin.IsZero() }
	if !own(e.Header) {
		return nil, 0, nil
	}
	for n := e.Version - 1; n > 0 && n+mostBefore > e.Version; n-- {
		switch was, err := v.fetch(ctx, ref, n); {
		case record.KindOf(err) == record.NotFound:
			return nil, 0, nil
		case err != nil:
			return nil, 0, err
		case !own(was.Header):
			return &was.Header, n, nil
		}
	}
	return nil, 0, nil
}

// Move files entries in another section, all their versions together. Only the
// person can: no update by anyone changes where an entry is filed. The rows are
// written anew under the next generation, and one commit turns to them. Files that
// the entries are of go along, where that is stricter: the log names them, and those that
// stay, of which Result.Stay is how many there are.
func (v *View) Move(ctx context.Context, refs []fhir.Ref, to record.Section) (results []Result, err error) {
	return v.moveOf(ctx, refs, to, entry.Origin{})
}

// MoveImported is Move for what an import brought and files as its source had it: of the
// files only those go along that the same import brought. The others were there before,
// and an import moves nothing that was.
func (v *View) MoveImported(ctx context.Context, refs []fhir.Ref, to record.Section, id record.ImportID) (results []Result, err error) {
	return v.moveOf(ctx, refs, to, entry.Origin{Import: id})
}

func (v *View) moveOf(ctx context.Context, refs []fhir.Ref, to record.Section, origin entry.Origin) (results []Result, err error) {
	if !to.Valid() {
		return nil, record.Safef(record.Invalid, "there is no such section; the sections are %s", record.SectionNames())
	}
	if !v.grant.Self {
		return nil, v.onlyPerson(ctx)
	}
	unlock, err := v.s.writers.lock(ctx, v.person)
	if err != nil {
		return nil, err
	}
	defer unlock()
	err = v.retry(ctx, func() error {
		results, err = v.move(ctx, refs, to, origin)
		return err
	})
	return results, err
}

func (v *View) move(ctx context.Context, refs []fhir.Ref, to record.Section, origin entry.Origin) ([]Result, error) {
	pl, err := v.newPlanner()
	if err != nil {
		return nil, err
	}
	pl.origin = origin
	stays := movedOrNot(to, false)
	ev := audit.Event{Action: audit.Move, Text: to.String()}
	var ops []op
	var letters []line // of the ops
	var results []Result
	first := 0 // of the results that has files
	seen := make(map[fhir.Ref]bool)
	for _, ref := range refs {
		if seen[ref] {
			continue
		}
		seen[ref] = true
		l, e, _, exists, mine, err := pl.head(ref)
		if err != nil {
			return nil, err
		}
		if !exists || !mine {
			return nil, notThere(ref)
		}
		ev.Entries = append(ev.Entries, ref.String())
		results = append(results, Result{Ref: ref, Version: e.Version, Time: e.Header.Time, Section: to, Unchanged: e.Section == to})
		if e.Section == to {
			continue
		}
		o, err := v.moveOp(l, to, true, movedByPerson, nil)
		if err != nil {
			return nil, err
		}
		ops = append(ops, *o)
		if !filing.MentionsOnly(ref.Type) {
			if len(letters) == 0 {
				first = len(results) - 1
			}
			letters = append(letters, l)
		}
	}
	files, unlooked, err := pl.filesOf(ctx, letters)
	if err != nil {
		return nil, err
	}
	stays.More = uint64(unlooked)
	taken := 0
	for _, f := range files {
		if seen[f.Ref] {
			continue
		}
		seen[f.Ref] = true
		l, goes, own, err := pl.goesAlong(f.Ref, to)
		if err != nil {
			return nil, err
		}
		if !goes {
			continue
		}
		var along *op
		if own = own && taken < mostFilesOwn; own {
			along, err = pl.takeAlong(l, to)
		}
		switch {
		case errors.Is(err, errNotOwn) || !own:
			stays.Entries = append(stays.Entries, f.Ref.String())
		case err != nil:
			return nil, err
		default:
			taken++
			ops = append(ops, *along)
			ev.Entries = append(ev.Entries, f.Ref.String())
		}
	}
	var also []audit.Event
	if stay := len(stays.Entries) + unlooked; stay > 0 {
		results[first].Stay = stay
		also = append(also, stays)
	}
	if len(ops) == 0 {
		return results, v.commit(ctx, ev, nil)
	}
	return results, v.write(ctx, ops, pl.dir, ev, also...)
}

// Imports lists the imports whose entries are still as they were imported.
func (v *View) Imports(ctx context.Context) (list []ImportInfo, err error) {
	err = v.own(ctx, audit.Event{Action: audit.Search}, func(*audit.Event) error {
		list = nil
		at := make(map[record.ImportID]int)
		return v.all(ctx, func(e Entry) {
			o := e.Header.Origin
			if o.IsZero() || e.Header.Deleted {
				return
			}
			i, there := at[o.Import]
			if !there {
				i = len(list)
				at[o.Import] = i
				list = append(list, ImportInfo{ID: o.Import, Source: o.Source, Time: e.Header.Time, Counts: make(map[string]int)})
			}
			list[i].Entries++
			list[i].Counts[e.Ref.Type]++
			if e.Header.Time.Before(list[i].Time) {
				list[i].Time = e.Header.Time
			}
		})
	})
	return list, err
}

// Undo takes an import back: what it brought is deleted, what it changed is again
// as it was, and what was changed since is left alone and named, with the files that
// it is the letter of. Undoing is a new version like any other: nothing is lost.
func (v *View) Undo(ctx context.Context, id record.ImportID) (out Undone, err error) {
	if !v.grant.Self {
		return out, v.onlyPerson(ctx)
	}
	if err := v.left(); err != nil {
		return out, err
	}
	unlock, err := v.s.writers.lock(ctx, v.person)
	if err != nil {
		return out, err
	}
	defer unlock()
	err = v.retry(ctx, func() error {
		out, err = v.undo(ctx, id)
		return err
	})
	return out, err
}

func (v *View) undo(ctx context.Context, id record.ImportID) (Undone, error) {
	var out Undone
	pl, err := v.newPlanner()
	if err != nil {
		return out, err
	}
	ev := audit.Event{Action: audit.Undo}
	var ops []op
	var undone []fhir.Ref // of the ops
	needed := make(map[fhir.Ref]bool)
	found := false
	err = v.scan(ctx, func(l line, e Entry) (bool, error) {
		if e.Header.Origin.Import != id || e.Header.Origin.IsZero() {
			changed, err := v.changedBy(l, id)
			if changed {
				found = true
				if !e.Header.Deleted {
					out.Kept = append(out.Kept, e.Ref)
					r, err := fhir.Parse(e.Body, fhir.Limits{})
					if err != nil {
						return false, err
					}
					for _, ref := range targets(r) {
						needed[ref] = ref.Type == "Binary"
					}
				}
			}
			return true, err
		}
		if found = true; e.Header.Deleted {
			return true, nil
		}
		before, had, err := v.beforeImport(l, id)
		if err != nil {
			return false, err
		}
		h := entry.Header{Type: e.Ref.Type, ID: e.Ref.ID, Time: pl.now, Why: e.Header.Why, Moved: e.Header.Moved,
			Author: authorOf(v.grant)}
		next := e.Version + 1
		at := l.Stamp.At(next)
		back := version{at: at, section: e.Section}
		if had && !before.Header.Deleted {
			if back, err = v.again(before, fhir.Meta{VersionID: next.String(), LastUpdated: pl.now}); err != nil {
				return false, err
			}
			back.at, back.section = at, e.Section
			h.Origin, h.Content = before.Header.Origin, back.header.Content
			out.Restored++
		} else {
			h.Deleted = true
			out.Deleted++
		}
		back.header = h
		ops = append(ops, op{id: l.Entry, old: l, at: at,
			versions: []version{back}})
		undone = append(undone, e.Ref)
		ev.Entries = append(ev.Entries, e.Ref.String()+"/_history/"+next.String())
		return true, nil
	})
	// A letter that stays must not be left without its file.
	for i := len(ops) - 1; i >= 0; i-- {
		if needed[undone[i]] && ops[i].versions[0].header.Deleted {
			out.Kept = append(out.Kept, undone[i])
			out.Deleted--
			ops, ev.Entries = slices.Delete(ops, i, i+1), slices.Delete(ev.Entries, i, i+1)
		}
	}
	switch {
	case err != nil:
		return Undone{}, err
	case !found:
		return Undone{}, record.Safef(record.NotFound, "no import has this id; carehold imports lists them")
	case len(ops) == 0:
		return out, v.commit(ctx, ev, nil)
	}
	return out, v.write(ctx, ops, pl.dir, ev)
}

// changedBy reports whether an older version of an entry is the import's.
func (v *View) changedBy(l line, id record.ImportID) (changed bool, err error) {
	if l.Stamp.Version() == 1 {
		return false, nil
	}
	err = v.history(l, func(_ kv.Reader, ver rows.Version, e Entry) (bool, error) {
		changed = changed || ver.At != l.Stamp && e.Header.Origin.Import == id && !e.Header.Origin.IsZero()
		return !changed, nil
	})
	return changed, err
}

// beforeImport finds the version that an entry had before the import's first. What a
// later import wrote in between was taken back, or the newest would not be the import's.
func (v *View) beforeImport(l line, id record.ImportID) (before Entry, there bool, err error) {
	if l.Stamp.Version() == 1 {
		return before, false, nil
	}
	err = v.history(l, func(_ kv.Reader, ver rows.Version, e Entry) (bool, error) {
		switch {
		case e.Header.Origin.Import == id && !e.Header.Origin.IsZero():
			before, there = Entry{}, false
		case !there:
			before, there = e, true
		}
		return true, nil
	})
	return before, there, err
}
