package store

import (
	"context"

	"carehold/record"
	"carehold/record/keys"
)

// Shared is a grant as the person's own session sees it: what the device said of it when
// the session was opened, and what the live list says of it now.
type Shared struct {
	keys.Noted      // its Grant has an id and nothing else where Unknown
	Live, Suspended bool
	Unknown         bool // it was made after the session was opened, which cannot read what it is
}

// Shared lists the grants that others have and had, but for those that the device did not
// tell of when the session was opened and that are over. It leaves nothing in the log: it
// tells the person what they decided, and nothing of their record.
func (v *View) Shared(ctx context.Context) (all []Shared, err error) {
	if !v.grant.Self {
		return nil, v.onlyPerson(ctx)
	}
	if err := v.stillGood(ctx); err != nil {
		return nil, err
	}
	err = v.readLog(func(x *deriver) error {
		known := map[record.GrantID]bool{}
		for id, n := range x.grants {
			if n.Grant.Self {
				continue
			}
			known[id] = true
			s := Shared{Noted: n}
			if g, there := x.p.Live.Find(id); there && !g.Struck && (g.Until.IsZero() || v.s.time().Before(g.Until)) {
				s.Live, s.Suspended = true, g.Suspended
			}
			all = append(all, s)
		}
		for _, g := range x.p.Live.Grants {
			if !g.Self && !g.Struck && !known[g.Grant] && (g.Until.IsZero() || v.s.time().Before(g.Until)) {
				s := Shared{Live: true, Suspended: g.Suspended, Unknown: true}
				s.Grant.ID, s.Grant.Until = g.Grant, g.Until
				all = append(all, s)
			}
		}
		return nil
	})
	return all, err
}
