package store

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/audit"
	"carehold/record/grant"
	"carehold/record/keys"
	"carehold/record/kv"
)

// Tokens are what a client is given: for a code, for a refresh token, or for the one it
// presents itself with.
type Tokens struct {
	Access  crypto.Credential
	Until   time.Time         // of the access token
	Refresh crypto.Credential // zero: none
	Scope   string            // what the access token is for: never more than the grant, as it is now
	Patient string            // FHIR id of the record's Patient; "" of a grant to add only
	Subject string            // OpenID's name of the person, for this client; "" likewise
	Nonce   string            // OpenID's, of the code
	Said    time.Time         // when the code was made, for a yes of the person's; zero: not of a code
	Bound   [32]byte          // the key the access token is bound to; zeros: none
	Grant   grant.Grant       // as the person signed it
}

const (
	accessLasts  = 10 * time.Minute
	backendLasts = 5 * time.Minute
	onlineLasts  = 12 * time.Hour      // refresh tokens of online_access
	refreshIdle  = 90 * 24 * time.Hour // unused, a refresh token is over
	mintsDaily   = 1000                // times a day that a grant's client fetches tokens
)

// mint is one fetching of tokens, for a View that stands on its grant.
type mint struct {
	by     Presented
	action audit.Action
	query  string                 // of the event
	may    func(grant.Grant) bool // nil: whatever Suits says
	lasts  time.Duration          // of the access token

	scope  string // what the secret is for
	narrow string // what is asked of that; "": all
	free   bool   // of what is asked that is had which there is, and the rest is no error

	next  func(now time.Time, told string) *keys.Refresh                               // the refresh token to give along; nil: none
	place func(tx kv.Tx, p *person, e *audit.Event, id crypto.CapsuleID) (bool, error) // decides in the commit; false: it was a replay
}

// tokens logs, makes and puts them.
func (v *View) tokens(ctx context.Context, m mint) (t Tokens, err error) {
	s := v.s
	if !s.daily.take(mints, v.token.Grant, s.time(), mintsDaily) {
		return t, record.Safef(record.TooMany, "tokens of this grant were fetched %d times today: use each until it runs out, and try again tomorrow", mintsDaily)
	}
	var capsules []record.Capsule
	good := false
	err = v.retry(ctx, func() error {
		now, err := s.checkClock()
		if err != nil {
			return err
		}
		g, err := v.suited(m.by.Bound)
		if err != nil {
			return err
		}
		if m.may != nil && !m.may(g) {
			return errForeign
		}
		t, capsules, err = v.prepare(m, g, now)
		if err != nil {
			return err
		}
		id := v.capsule // of a token that goes on
		if !t.Refresh.IsZero() {
			id = t.Refresh.CapsuleID()
		}
		return v.commit(ctx, audit.Event{Action: m.action, Query: m.query}, func(tx kv.Tx, p *person, e *audit.Event) (err error) {
			good, err = m.place(tx, p, e, id)
			if err == nil && !good {
				e.Action = audit.Replayed
				p.strike(tx, v.token.Grant)
			}
			return err
		})
	})
	switch {
	case errors.Is(err, errForeign):
		err = v.fail(ctx, audit.NotTheirs)
	case errors.Is(err, errNoScope):
		err = v.fail(ctx, audit.NoVerb)
	case errors.Is(err, errIdle):
		err = v.fail(ctx, audit.Expired)
	case errors.Is(err, ErrUnbound):
		_ = v.refuse(ctx, audit.NotTheirs) // and the client hears what to do
	case err == nil && !good:
		s.stopped(v.person, v.token.Grant)
		err = ErrGrant
	}
	if err == nil {
		err = s.putCapsules(context.WithoutCancel(ctx), v.person, capsules)
	}
	if err != nil {
		return Tokens{}, asGrant(err)
	}
	return t, nil
}

// errNoScope: nothing is left of what the secret was for.
var errNoScope = errors.New("no scope is left")

// errIdle: the refresh token was not used for too long.
var errIdle = errors.New("unused for too long")

// prepare makes tokens for the grant as it is.
func (v *View) prepare(m mint, g grant.Grant, now time.Time) (t Tokens, capsules []record.Capsule, err error) {
	scope, err := m.asked(g)
	if err != nil {
		return t, nil, err
	}
	t = Tokens{Access: crypto.NewCredential(crypto.Access), Until: now.Add(m.lasts).Truncate(time.Second), Scope: scope, Bound: m.by.Bound, Grant: g}
	if !g.Until.IsZero() && g.Until.Before(t.Until) {
		t.Until = g.Until
	}
	if v.hold != nil {
		t.Patient, t.Subject = v.PatientID(), v.hold.Subject(v.token.Client)
	}
	behind := v.token
	behind.Until, behind.Terms = t.Until, keys.Terms{Client: v.token.Client, Bound: m.by.Bound, Scope: scope}
	if behind.Client == "" { // of nobody's by name: it is narrowed by nothing but its key
		behind.Scope = ""
	}
	key := t.Access.CapsuleKey()
	defer key.KEK.Destroy()
	capsules = append(capsules, keys.SealToken(key, behind))
	if t.Scope == "" { // longer than a token can say: it has all of the grant
		t.Scope = grant.FormatScopes(g.Scopes)
	}
	if m.next == nil {
		return t, capsules, nil
	}
	if r := m.next(now, t.Scope); r != nil {
		t.Refresh = crypto.NewCredential(crypto.Refresh)
		until, terms := r.Until, r.Terms
		r.TokenCapsule = v.token
		r.Until, r.Terms = until, terms
		key := t.Refresh.CapsuleKey()
		defer key.KEK.Destroy()
		capsules = append(capsules, keys.SealRefresh(key, *r))
	}
	return t, capsules, nil
}

// asked is what the access token is for. It is never empty but where the grant has more
// scopes than a token can say, and none of them is to be left out: an empty scope is all
// of the grant.
func (m mint) asked(g grant.Grant) (string, error) {
	scope := m.scope
	if m.narrow != "" {
		have := g
		if m.scope != "" {
			have.Scopes = grant.ScopesIn(m.scope)
		}
		if scope = m.narrow; m.free {
			if m.scope != "" {
				g.Scopes = grant.Intersect(g.Scopes, have.Scopes)
			}
		} else if !within(m.narrow, m.scope, have) {
			return "", ErrScope
		}
	}
	if scope == "" {
		if all := grant.FormatScopes(g.Scopes); len(all) <= keys.MaxScope {
			return all, nil
		}
		return "", nil
	}
	asked, err := grant.ParseRequested(scope)
	if err != nil {
		return "", ErrScope
	}
	told := grant.Granted(asked, g)
	switch {
	case told == "" && m.free:
		return "", ErrScope
	case told == "":
		return "", errNoScope
	case sayable(told):
		return told, nil
	case len(scope) > keys.MaxScope:
		return "", ErrScope
	}
	return scope, nil // the grant narrows it all the same
}

// sayable reports whether a token has room for these scopes.
func sayable(scope string) bool {
	_, err := grant.ParseRequested(scope)
	return err == nil && len(scope) <= keys.MaxScope
}

// within reports whether every scope that is asked for is one of those there are, as it
// stands there, or within them.
func within(asked, scope string, have grant.Grant) bool {
	r, err := grant.ParseRequested(asked)
	if err != nil {
		return false
	}
	words := append(strings.Fields(scope), strings.Fields(grant.Granted(grant.Requested{Asked: r.Asked}, have))...)
	for _, word := range strings.Fields(asked) {
		if !slices.Contains(words, word) {
			return false
		}
	}
	return true
}

// says reports whether a word is among scopes.
func says(scope, word string) bool { return slices.Contains(strings.Fields(scope), word) }
