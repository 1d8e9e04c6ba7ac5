package store

import (
	"context"

	"carehold/record"
	"carehold/record/change"
	"carehold/record/grant"
	"carehold/record/kv"
)

// What a limit lets be changed. The entry has to match as it is, or it does not exist;
// and as it becomes, or it would be moved out of what was shared, or into it by who
// could then see what somebody else put there.

// decide decides on the newest version of an entry, which the plan looked up.
func (pl *planner) decide(ctx context.Context, a grant.Action, l line, e *Entry) (grant.Decision, error) {
	m := pl.v.about(*e)
	if !e.Header.Deleted {
		return pl.v.decideFor(a, m, e), nil
	}
	d := pl.v.decide(a, m)
	if d != grant.Depends {
		return d, nil
	}
	return pl.seen(ctx, a, l, e.Version, m)
}

// seen decides on a version that is not the newest, or says nothing by itself.
func (pl *planner) seen(ctx context.Context, a grant.Action, l line, version record.Version, m record.Meta) (d grant.Decision, err error) {
	err = pl.v.s.engine.View(kv.Partition(pl.v.person), func(r kv.Reader) error {
		s, err := pl.v.seen(ctx, r, l, version, a, m)
		if err != nil {
			return pl.orStale(r, err)
		}
		d = s.of(version)
		return nil
	})
	return d, err
}

// limit has what is outside the limits not exist for a change: an update of it is one of
// an id that is free, and so on.
func (pl *planner) limit(w *draft) (err error) {
	if !w.exists || pl.v.limited() == nil {
		return nil
	}
	act, asks := map[change.Verb]grant.Action{change.Update: grant.ActUpdate, change.Delete: grant.ActDelete, change.Exists: grant.ActSearch}[w.verb]
	if !asks {
		return nil
	}
	if w.may, err = pl.decide(context.Background(), act, w.old, &w.was); w.may == grant.Hidden {
		w.exists = false
	}
	return err
}

// becomes refuses an update of which comes what the grant may not change.
func (pl *planner) becomes(w *draft) error {
	m := pl.v.about(w.was)
	if pl.v.decide(grant.ActUpdate, m) != grant.Depends || w.res == nil {
		return nil
	}
	switch pl.v.decideOn(grant.ActUpdate, m, factsOf(w.ref, w.res.Bytes())) {
	case grant.Allowed:
		return nil
	case grant.Ended:
		return errUnauthorized
	}
	return pl.v.outside("changing", w.ref.Type)
}

// outside says that what was sent is not what the grant lets be written. It is about
// that alone, and tells nothing of the record.
func (v *View) outside(doing, typ string) error {
	return record.Errorf(record.Forbidden, "this grant includes %s %s only with the codes that its scopes name, and what you sent has others: see the scope of your token", doing, typ)
}
