package holder

import (
	"context"
	"slices"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/audit"
	"carehold/record/grant"
	"carehold/record/keys"
)

// GrantRequest is what a person decides.
type GrantRequest struct {
	To       grant.Party
	Sections record.SectionSet // identity and providers are added
	Scopes   []grant.Scope
	Purpose  string
	Lasts    time.Duration // from now, or
	Until    time.Time     // until then, or neither: until stopped
	Daily    uint32        // requests a day; 0: grant.DefaultDaily
	Label    string        // what the token is called

	Client  string // of IssueBackend: the OAuth client that alone can use it
	Beyond  bool   // of Approve: the person gives more than was asked for
	Unbound bool   // sensitive sections, for a client that showed no key of its own
}

// Issued is a token for a grant. It is shown once, and kept nowhere.
type Issued struct {
	Grant grant.Grant
	Token string // chda_…
	Until time.Time
}

// maxLive is how many grants may be live at once: an epoch renews the rows of
// all in one statement.
const maxLive = 180

// Grant gives somebody access, and returns the token that is it.
func (h *Holder) Grant(ctx context.Context, req GrantRequest) (Issued, error) {
	return change(ctx, h, func(d *draft) (Issued, error) {
		g, err := d.grantOf(req)
		if err != nil {
			return Issued{}, err
		}
		d.did(audit.Grant, "gave "+describeGrant(g), g.ID)
		return d.issue(d.add(g), req.Label, g.Until)
	})
}

// grantOf makes the grant that is asked for, if there may be another.
func (d *draft) grantOf(req GrantRequest) (grant.Grant, error) {
	g := grant.Grant{
		ID: crypto.RandomID(), Person: d.ring.person, To: req.To,
		Sections: grant.With(req.Sections), Scopes: req.Scopes, Purpose: req.Purpose,
		From: d.now.Add(-skew).Truncate(time.Second), Until: req.Until.UTC().Truncate(time.Second), Daily: req.Daily,
	}
	switch {
	case req.Sections == 0: // With would make it a grant to the two that everyone has
		return g, record.Safef(record.Invalid, "a grant needs at least one section: %s", record.SectionNames())
	case req.Lasts < 0 || req.Lasts > 0 && !req.Until.IsZero():
		return g, record.Safef(record.Invalid, "say how long a grant lasts or until when, not both")
	case req.Lasts > 0:
		g.Until = d.now.Add(req.Lasts).Truncate(time.Second)
	case req.Until.IsZero():
		g.Until = time.Time{}
	}
	if g.Daily == 0 {
		g.Daily = grant.DefaultDaily
	}
	if err := g.Check(); err != nil {
		return g, err
	}
	if g.Ended(d.now) {
		return g, record.Safef(record.Invalid, "a grant must end after it begins")
	}
	if len(d.live) >= maxLive {
		return g, record.Safef(record.TooMany, "a record has at most %d live grants: end some first", maxLive)
	}
	return g, nil
}

var errNoGrant error = record.Safef(record.NotFound, "there is no live grant of this id")

// IssueToken makes another token for a live grant, for a second device or in
// place of one that was lost. until zero: as long as the grant.
func (h *Holder) IssueToken(ctx context.Context, id record.GrantID, label string, until time.Time) (Issued, error) {
	return change(ctx, h, func(d *draft) (Issued, error) {
		g := d.ring.find(id)
		if g == nil || g.grant.Self || !g.ended.IsZero() {
			return Issued{}, errNoGrant
		}
		if g.grant.Client != "" && !slices.ContainsFunc(g.tokens, func(t token) bool { return t.kind == crypto.Refresh }) {
			return Issued{}, record.Safef(record.Unprocessed, "this grant is an app's, which fetches its tokens itself: no other can be made for it")
		}
		until := until.UTC().Truncate(time.Second)
		switch end := g.grant.Until; {
		case until.Unix() <= 0:
			until = end
		case !until.After(d.now):
			return Issued{}, record.Safef(record.Invalid, "a token must end after it begins")
		case !end.IsZero() && until.After(end):
			until = end
		}
		d.did(audit.Grant, "made another token for "+name(g.grant.To), id)
		if g.grant.Client != "" {
			return d.issueBackend(g, label, until)
		}
		return d.issue(g, label, until)
	})
}

func (d *draft) issue(g *held, label string, until time.Time) (Issued, error) {
	c := crypto.NewCredential(crypto.Access)
	defer c.Destroy()
	if len(label) > maxLabel {
		return Issued{}, errLabel
	}
	d.token(g, c, label, until)
	return Issued{Grant: g.grant, Token: c.Token(), Until: until}, nil
}

// token makes the capsule of a token, and notes it in the keyring.
func (d *draft) token(g *held, c crypto.Credential, label string, until time.Time) {
	gen := d.ring.gens[g.gen]
	t := keys.TokenCapsule{Person: d.ring.person, Grant: g.grant.ID, Until: until,
		Key: keys.GrantKey(gen.grants, g.grant.ID), Audit: keys.AuditKey(gen.audit, g.grant.ID)}
	if g.isLink() && g.grant.Sensitive() {
		t.Client = keys.NeedsKey // a link can be passed on, and its file be read by any program
	}
	key := c.CapsuleKey()
	defer key.KEK.Destroy()
	capsule := keys.SealToken(key, t)
	t.Key.Destroy()
	t.Audit.Destroy()
	d.capsules = append(d.capsules, capsule)
	g.tokens = append(g.tokens, token{capsule: capsule.ID, label: label, until: until, created: d.now.Truncate(time.Second)})
}

// Revoke ends grants. It is over when it returns: the next request is refused,
// and what is written from now on is under keys they never had. Grants that have
// ended already are passed over.
func (h *Holder) Revoke(ctx context.Context, ids ...record.GrantID) error {
	_, err := change(ctx, h, func(d *draft) (struct{}, error) {
		var names []string
		for _, id := range ids {
			g := d.ring.find(id)
			if g == nil || g.grant.Self {
				return struct{}{}, record.Safef(record.NotFound, "there is no grant of this id")
			}
			if !g.ended.IsZero() {
				continue
			}
			d.end(g, Revoked)
			names = append(names, name(g.grant.To))
			d.about = append(d.about, id)
		}
		if names != nil {
			d.did(audit.Revoke, "ended the grant to "+list(names))
		} else if d.changed {
			d.renewed()
		}
		return struct{}{}, nil
	})
	return err
}

// Tidy ends the grants whose time ran out or that were struck, and renews the
// keys of the others, if there is anything to end; it returns those it ended.
// Call it after unlocking.
func (h *Holder) Tidy(ctx context.Context) ([]Granted, error) {
	return change(ctx, h, func(d *draft) ([]Granted, error) {
		if !d.changed {
			return nil, nil
		}
		d.renewed()
		var ended []Granted
		for _, id := range d.ended {
			ended = append(ended, d.ring.find(id).shown(d.live, d.now))
		}
		return ended, nil
	})
}

// renewed says what the change is when tidying is all there was to do.
func (d *draft) renewed() { d.did(audit.Renew, "renewed the keys of this record") }

// Granted is a grant and what became of it.
type Granted struct {
	Grant  grant.Grant
	State  State
	Ended  time.Time // zero while it is live
	Why    EndReason
	Paused time.Time // since when it is suspended; zero while it is not
	Tokens []TokenInfo
}

// State is what a grant is now.
type State uint8

const (
	Live      State = iota + 1
	Struck          // stopped at the server; the next change renews the keys
	Over            // its time ran out; the next change renews the keys
	Ended           // ended, and the keys renewed
	Suspended       // by the person, until they let it go on
)

func (s State) String() string {
	switch s {
	case Live:
		return "live"
	case Struck:
		return "stopped"
	case Over:
		return "ran out"
	case Ended:
		return "ended"
	case Suspended:
		return "suspended"
	}
	return "unknown"
}

// EndReason is why a grant ended. The numbers are part of the format.
type EndReason uint8

const (
	NotEnded  EndReason = 0
	Revoked   EndReason = 1
	RanOut    EndReason = 2
	WasStruck EndReason = 3 // stopped at the server; which of its ways it was, the log says
	Evicted   EndReason = 4
	Lost      EndReason = 5 // the server no longer had it
	Left      EndReason = 6 // the record was restored, or closed to be moved; a move can be cancelled
)

func (r EndReason) String() string {
	switch r {
	case NotEnded:
		return ""
	case Revoked:
		return "you ended it"
	case RanOut:
		return "its time ran out"
	case WasStruck:
		return "it was stopped at the server: from a session, by an app that gave it back, for a code or token that came twice, or when its operator accepted a loss"
	case Evicted:
		return "all keys were made new"
	case Lost:
		return "the server no longer had it"
	case Left:
		return "the record was restored, or closed for a move"
	}
	return "for a reason this version does not know"
}

// TokenInfo says that a token was made.
type TokenInfo struct {
	ID      crypto.CapsuleID
	Label   string
	Until   time.Time // zero: with the grant
	Created time.Time
	Link    bool           // it is a SMART Health Link
	Backend bool           // it is what an organisation's system signs in with, as its client id
	Flags   keys.LinkFlags // what it does; none of one that an earlier version made
}

// Grants lists the grants there are and were, the newest first, without the
// person's own.
func (h *Holder) Grants() []Granted {
	now := h.Now()
	h.mu.Lock()
	defer h.mu.Unlock()
	var list []Granted
	for i := range h.now.ring.grants {
		if g := &h.now.ring.grants[i]; !g.grant.Self {
			list = append(list, g.shown(h.now.live, now))
		}
	}
	slices.Reverse(list)
	return list
}

func (g *held) shown(live map[record.GrantID]LiveGrant, now time.Time) Granted {
	out := Granted{Grant: g.grant, State: Live, Ended: g.ended, Why: g.why, Paused: g.paused}
	l, there := live[g.grant.ID]
	switch {
	case !g.ended.IsZero():
		out.State = Ended
	case g.grant.Ended(now):
		out.State = Over
	case !there || l.Struck:
		out.State = Struck
	case l.Suspended: // whatever the keyring says: this is what keeps it from opening anything
		out.State = Suspended
	}
	for _, t := range g.tokens {
		out.Tokens = append(out.Tokens, TokenInfo{t.capsule, t.label, t.until, t.created, t.kind == crypto.Link, t.kind == crypto.Refresh, t.flags})
	}
	return out
}
