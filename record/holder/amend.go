package holder

import (
	"context"
	"slices"
	"strings"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/audit"
	"carehold/record/grant"
)

// Amend is what is to change of a grant. Who it is for, and which app or key alone can
// use it, does not change: that is another decision, and another grant.
type Amend struct {
	Lasts time.Duration // from now, or
	Until time.Time     // until then, or
	Open  bool          // until it is stopped; or none of them: as it was

	Add, Drop record.SectionSet
	Scopes    []grant.Scope // nil: as they were

	Unbound bool // as of GrantRequest
}

// Amend makes a grant longer or shorter, wider or narrower, and returns it as it is
// then. Tokens with an end of their own keep that end.
//
// A grant that loses a section loses its key: an epoch begins, and what is written from
// then on it cannot read, whoever has a copy of the disk. Less time, and fewer verbs, are
// the certificate's to say, which the server reads on each request: a new row will do.
// So it does for a grant that gains something.
func (h *Holder) Amend(ctx context.Context, id record.GrantID, a Amend) (Granted, error) {
	return change(ctx, h, func(d *draft) (Granted, error) {
		g := d.ring.find(id)
		if g == nil || g.grant.Self || !g.ended.IsZero() {
			return Granted{}, errNoGrant
		}
		next, err := a.of(g.grant, d.now)
		if err != nil {
			return Granted{}, err
		}
		if g.isLink() && !next.shortens(g.grant) {
			return Granted{}, errLinkStays
		}
		was := g.grant
		if changes := next.from(was); changes != "" {
			if g.paused.IsZero() && !d.live[id].Suspended { // else its row is made when it goes on, and opens nothing till then
				d.rows[id] = true
				d.renew = d.renew || next.loses(was)
				d.live[id] = LiveGrant{Grant: id, Until: next.Until}
			}
			g.grant = next.Grant
			d.did(audit.Amend, "changed the grant to "+name(was.To)+": "+changes, id)
		} else if d.changed {
			d.renewed()
		}
		return g.shown(d.live, d.now), nil
	})
}

var errLinkStays error = record.Safef(record.Unprocessed,
	"a link has its end and its contents in itself, and so has who opened it: it can be ended sooner, or stopped; for anything else make another")

// isLink reports whether a grant was made for a link.
func (g *held) isLink() bool {
	return slices.ContainsFunc(g.tokens, func(t token) bool { return t.kind == crypto.Link })
}

// amended is a grant as it is to be.
type amended struct{ grant.Grant }

// of makes the change.
func (a Amend) of(g grant.Grant, now time.Time) (amended, error) {
	ends := 0
	for _, said := range []bool{a.Lasts != 0, !a.Until.IsZero(), a.Open} {
		if said {
			ends++
		}
	}
	switch {
	case ends > 1 || a.Lasts < 0:
		return amended{}, record.Safef(record.Invalid, "say how long a grant lasts, or until when, or that it is open, and only one of them")
	case a.Lasts > 0:
		g.Until = now.Add(a.Lasts).Truncate(time.Second)
	case !a.Until.IsZero():
		g.Until = a.Until.UTC().Truncate(time.Second)
	case a.Open:
		g.Until = time.Time{}
	}
	switch {
	case g.Ended(now):
		return amended{}, record.Safef(record.Invalid, "that is over already: to end it now, stop it")
	case a.Add&a.Drop != 0:
		return amended{}, record.Safef(record.Invalid, "a section is either added or taken away")
	case grant.With(0)&a.Drop != 0:
		return amended{}, record.Safef(record.Invalid, "every grant includes identity and providers")
	}
	had := g.Sections
	g.Sections = had&^a.Drop | a.Add
	if g.Sections == grant.With(0) && had != g.Sections {
		return amended{}, record.Safef(record.Invalid, "nothing would be left of it: stop it instead")
	}
	if a.Scopes != nil {
		g.Scopes = slices.Clone(a.Scopes)
	}
	if err := g.Check(); err != nil {
		return amended{}, err
	}
	return amended{g}, Suits(g, a.Unbound)
}

// shortens reports whether nothing changes but that it ends sooner.
func (n amended) shortens(was grant.Grant) bool {
	return n.Sections == was.Sections && grant.FormatScopes(n.Scopes) == grant.FormatScopes(was.Scopes) &&
		(n.Until.Equal(was.Until) || !n.Until.IsZero() && (was.Until.IsZero() || n.Until.Before(was.Until)))
}

// loses reports whether it had a key that it is to have no more.
func (n amended) loses(was grant.Grant) bool {
	held := func(g grant.Grant) record.SectionSet {
		if g.WriteOnly() {
			return 0
		}
		return g.Sections
	}
	return held(was)&^held(n.Grant) != 0
}

// from says what is other than it was, for the log.
func (n amended) from(was grant.Grant) string {
	var said []string
	if lost := was.Sections &^ n.Sections; lost != 0 {
		said = append(said, "no longer "+lost.String())
	}
	if gained := n.Sections &^ was.Sections; gained != 0 {
		said = append(said, "now "+gained.String()+" too")
	}
	if scopes := grant.FormatScopes(n.Scopes); scopes != grant.FormatScopes(was.Scopes) {
		said = append(said, "now "+scopes)
	}
	if !n.Until.Equal(was.Until) {
		said = append(said, ends(n.Until))
	}
	return strings.Join(said, "; ")
}

// ends is until when, in words.
func ends(until time.Time) string {
	if until.IsZero() {
		return "until you stop it"
	}
	return "until " + When(until) + " UTC"
}

// Suits demands that sensitive sections go to who asked only where their tokens can be
// bound to a key of their own, which they have shown. Of an app, the person can say that
// they go to it all the same: it may show a key later.
func Suits(g grant.Grant, unbound bool) error {
	if !g.Constrained() || g.Bound != [32]byte{} || unbound && g.Client != "" {
		return nil
	}
	if g.Client == "" {
		return record.Errorf(record.Unprocessed, "who asked has named no key of their own, so what they would get for %s could be used by whoever copies it",
			g.Sections&record.SensitiveSections)
	}
	return record.Errorf(record.Unprocessed, "this app has shown no key of its own, and a token for %s opens nothing unless it is bound to one (DPoP): leave them out, or say that you want it all the same",
		g.Sections&record.SensitiveSections)
}
