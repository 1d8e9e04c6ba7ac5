package store

import (
	"context"

	"carehold/record"
	"carehold/record/audit"
	"carehold/record/change"
	"carehold/record/entry"
	"carehold/record/grant"
	"carehold/record/kv"
	"carehold/record/rows"
)

// maxReads is what the reads of one transaction may bring, in bytes.
const maxReads = 2 * maxPageBytes

// readAll carries out the reads of a transaction, which come last and see what it
// changes (FHIR R4 §3.1.0.11.2). Nothing is written yet: one that fails fails all.
func (pl *planner) readAll(find *finder, work []*draft, results []Result) (err error) {
	size, count := 0, len(find.read)
	for i, w := range work {
		if w.verb != change.Read && w.verb != change.Head {
			continue
		}
		if err := find.ctx.Err(); err != nil {
			return err
		}
		pl.reading = w
		if results[i], err = pl.read(find.ctx, w); err != nil {
			return err
		}
		// What could not be named in the log is not shown.
		if count++; count > audit.MaxEntries {
			return record.Safef(record.TooLarge, "a transaction reads at most %d entries: read the others afterwards", audit.MaxEntries)
		}
		if size += len(results[i].Body); size > maxReads {
			return record.Safef(record.TooLarge, "the reads of this transaction are more than one answer may bring: read afterwards")
		}
	}
	return nil
}

// read is View.read, with what the transaction is about to write laid over what
// is there.
func (pl *planner) read(ctx context.Context, w *draft) (Result, error) {
	v := pl.v
	if res, written := pl.results[w.id]; written && (w.version == 0 || w.version == res.Version) {
		written := Entry{Ref: w.ref, Section: res.Section, Body: res.Body} // deleted: nothing to match by
		act, m := w.readAs(), record.Meta{Type: w.ref.Type, Section: res.Section}
		if err := pl.readable(w, v.decideFor(act, m, &written)); err != nil {
			return Result{}, err
		}
		if res.Deleted {
			return Result{}, gone(Entry{Ref: w.ref, Header: entry.Header{Time: res.Time}})
		}
		return Result{Ref: w.ref, Version: res.Version, Time: res.Time, Section: res.Section, Unchanged: true, Body: res.Body, Apart: res.Apart}, nil
	}
	l, e, exists, mine, err := pl.current(w.id)
	if err != nil {
		return Result{}, err
	}
	if !exists || !mine || w.version > e.Version {
		return Result{}, notThere(w.ref)
	}
	if w.version != 0 && w.version != e.Version {
		pl.opened -= len(e.Body) // the newest is not held
		err := v.s.engine.View(kv.Partition(v.person), func(r kv.Reader) (err error) {
			if e, mine, err = v.version(ctx, r, l, w.version); err != nil {
				return pl.orStale(r, err)
			}
			return nil
		})
		if err == nil && !mine {
			err = rows.Damaged("entry")
		}
		if err == nil {
			err = pl.hold(len(e.Body))
		}
		if err != nil {
			return Result{}, err
		}
	}
	decided, err := pl.decideOlder(ctx, w, l, &e)
	if err == nil {
		err = pl.readable(w, decided)
	}
	if err != nil {
		return Result{}, err
	}
	if e.Header.Deleted {
		return Result{}, gone(e)
	}
	return Result{Ref: w.ref, Version: e.Version, Time: e.Header.Time, Section: e.Section, Unchanged: true, Body: e.Body, Apart: e.Header.Content != nil}, nil
}

// decideOlder decides on a version that was written before the transaction: the newest
// there was, or an older one.
func (pl *planner) decideOlder(ctx context.Context, w *draft, l line, e *Entry) (grant.Decision, error) {
	m := record.Meta{Type: w.ref.Type, Section: e.Section}
	d := pl.v.decide(w.readAs(), m)
	if d != grant.Depends {
		return d, nil
	}
	if res, written := pl.results[w.id]; written { // what it is now is what it is about to be
		now := Entry{Ref: w.ref, Section: res.Section, Body: res.Body}
		if d := pl.v.decideFor(w.readAs(), m, &now); d != grant.Allowed {
			return d, nil
		}
	}
	return pl.seen(ctx, w.readAs(), l, e.Version, m)
}

// readAs is what reading takes.
func (w *draft) readAs() grant.Action {
	if w.version > 0 {
		return grant.ActVersion
	}
	return grant.ActRead
}

func (pl *planner) readable(w *draft, decided grant.Decision) error {
	switch decided {
	case grant.Allowed:
		return nil
	case grant.Forbidden:
		return record.Errorf(record.Forbidden, "this grant does not include reading %s", w.ref.Type)
	case grant.Ended:
		return errUnauthorized
	}
	return notThere(w.ref)
}
