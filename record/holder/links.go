package holder

import (
	"context"
	"slices"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/audit"
	"carehold/record/keys"
)

// NewLink is a SMART Health Link before it is made: its files are sealed and sent
// first, so that it is whole the moment it opens anything. Destroy it.
type NewLink struct {
	url    crypto.Credential
	access crypto.Credential
	outer  crypto.Key // seals its files once more, where it has a passcode
	Key    crypto.Key // seals its files; it is in the link, and not in its URL
}

// PrepareLink draws the secrets of a link.
func PrepareLink() *NewLink {
	return &NewLink{url: crypto.NewCredential(crypto.Link), outer: crypto.NewKey(), Key: crypto.NewKey()}
}

// ID is the name that its files are kept under.
func (l *NewLink) ID() crypto.CapsuleID { return l.url.CapsuleID() }

// Segment is the last part of its URL: its token without what says that it is one, for
// a server here refuses tokens in URLs.
func (l *NewLink) Segment() string { return l.url.Token()[len("chdl_"):] }

// AccessToken is a token of the link's grant that one of its files can hand on: it
// opens nothing before the link is made, and ends with it.
func (l *NewLink) AccessToken() string {
	if l.access.IsZero() {
		l.access = crypto.NewCredential(crypto.Access)
	}
	return l.access.Token()
}

// Guard is file n as it is sent where the link has a passcode: sealed once more, under
// a key that the passcode opens.
func (l *NewLink) Guard(n int, jwe []byte) []byte { return keys.SealLinkFile(l.outer, l.ID(), n, jwe) }

// LinkSegment is how long it is.
const LinkSegment = 49

// Destroy overwrites its secrets.
func (l *NewLink) Destroy() {
	l.outer.Destroy()
	l.url.Destroy()
	l.access.Destroy()
	l.Key.Destroy()
}

// LinkRequest is what a person decides of a link.
type LinkRequest struct {
	GrantRequest
	Passcode crypto.Secret // zero: none
	Tries    int           // of a wrong one, in all; 0: DefaultTries
	Direct   bool          // one file, by GET
	Summary  bool          // one made of the record as it is when it is opened
}

// DefaultTries is how often a wrong passcode may be given, in a link's whole life.
const DefaultTries = 10

// MaxPasscode is how many characters a passcode has at most.
const MaxPasscode = 200

// mostTries is the most there may be: a passcode of six digits is not to be guessed.
const mostTries = 100

// Link makes a link for a new grant. The grant's own requests are its openings.
func (h *Holder) Link(ctx context.Context, l *NewLink, req LinkRequest) (Issued, error) {
	return change(ctx, h, func(d *draft) (Issued, error) {
		if req.Tries == 0 {
			req.Tries = DefaultTries
		}
		switch {
		case req.Direct && (!req.Passcode.IsZero() || req.Summary):
			return Issued{}, record.Safef(record.Invalid, "a link to one file has neither a passcode nor a summary that is made when it is opened")
		case req.Tries < 1 || req.Tries > mostTries:
			return Issued{}, record.Safef(record.Invalid, "a passcode may be tried 1 to %d times", mostTries)
		case req.Passcode.Characters() > MaxPasscode:
			return Issued{}, record.Safef(record.Invalid, "a passcode has at most %d characters", MaxPasscode)
		case len(req.Label) > maxLabel:
			return Issued{}, errLabel
		}
		g, err := d.grantOf(req.GrantRequest)
		if err != nil {
			return Issued{}, err
		}
		if g.Sensitive() && (req.Passcode.IsZero() || l.access.IsZero()) {
			return Issued{}, errLinkSensitive
		}
		held := d.add(g)
		gen := d.ring.gens[held.gen]
		c := keys.LinkCapsule{Person: d.ring.person, Grant: g.ID, Audit: keys.AuditKey(gen.audit, g.ID), Tries: uint32(req.Tries), Salt: crypto.RandomID(), Until: g.Until}
		s := keys.LinkSecrets{Key: l.Key}
		if !req.Passcode.IsZero() {
			c.Flags |= keys.LinkPasscode
			s.Outer = l.outer
		}
		if req.Direct {
			c.Flags |= keys.LinkDirect
		}
		if req.Summary {
			c.Flags |= keys.LinkSummary
			s.Grant = keys.GrantKey(gen.grants, g.ID)
			defer s.Grant.Destroy()
		}
		defer c.Audit.Destroy()
		capsule := keys.SealLink(l.url, c, s, req.Passcode)
		d.capsules = append(d.capsules, capsule)
		held.tokens = append(held.tokens, token{capsule: capsule.ID, label: req.Label, until: g.Until, created: d.now.Truncate(time.Second), kind: crypto.Link, flags: c.Flags})
		if !l.access.IsZero() {
			d.token(held, l.access, "of the link", g.Until)
		}
		d.did(audit.Grant, "made a link that gives "+describeGrant(g), g.ID)
		return Issued{Grant: g, Token: l.Segment(), Until: g.Until}, nil
	})
}

var errLinkSensitive error = record.Safef(record.Unprocessed,
	"sensitive sections are for a link with a passcode and live access only, where they open to a key of the reader's alone: leave them out, or give them to one person, as a grant")

// Links are the grants that links were made for, the newest first.
func (h *Holder) Links() []Granted {
	return slices.DeleteFunc(h.Grants(), func(g Granted) bool {
		return !g.Link()
	})
}

// Link reports whether the grant was made for a link.
func (g Granted) Link() bool {
	return slices.ContainsFunc(g.Tokens, func(t TokenInfo) bool { return t.Link })
}
