package store

import (
	"context"
	"errors"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/audit"
	"carehold/record/grant"
	"carehold/record/keys"
	"carehold/record/kv"
	"carehold/record/rows"
)

// Answered is the person's answer to a request, opened by whoever made it. Close it.
type Answered struct {
	Yes    bool
	Words  string    // what the person says to it
	Client string    // whose grant it is; "" for somebody without a client
	Scope  string    // what was granted of what was asked, as a token response says it
	Ends   time.Time // of the grant; zero: until it is stopped
	Bound  bool      // to a key, which must be shown with the token

	v       *View
	request crypto.Credential
	row     rows.Capsule
}

// errUnanswered: of a request that was not answered, or that is none, or whose answer
// was fetched.
var errUnanswered error = record.Safef(record.NotFound, "there is no answer to this request: it may not have been answered yet, or have run out; ask again if it takes longer than a day")

// ErrFetched: there was a yes, and its token was made; as far as this server remembers,
// which it does until it is started again.
var ErrFetched error = record.Safef(record.NotFound, "the answer to this request was fetched before, and is shown once")

// ErrAnother: something is in the answer's place that is none. Whoever saw the code can
// have put it there, and no other answer will come.
var ErrAnother error = record.Safef(record.NotFound, "somebody has put something else in the place of the answer to this request: ask again")

// Answer looks for the answer to a request, with what whoever asked has kept of it;
// record.NotFound while there is none, and, as ErrFetched, when there is none any more. A yes whose grant was stopped or suspended since is
// ErrGrant. To look takes nothing away; what is fetched is fetched once.
func (s *Store) Answer(ctx context.Context, request crypto.Credential) (*Answered, error) {
	if request.IsZero() || request.Kind() != crypto.Request {
		return nil, errUnanswered
	}
	now, err := s.checkClock()
	if err != nil {
		return nil, err
	}
	id := request.CapsuleID()
	row, err := s.capsule(id)
	if errors.Is(err, errNoCapsule) {
		if s.asks.wasTaken(id, now) {
			return nil, ErrFetched
		}
		return nil, errUnanswered
	}
	if err != nil {
		return nil, err
	}
	said, err := keys.OpenAnswer(request, row.Capsule)
	if err != nil || !s.ownedBy(row, said.Person) {
		said.Destroy()
		return nil, ErrAnother
	}
	if !now.Before(said.Until) {
		said.Destroy()
		return nil, errUnanswered
	}
	a := &Answered{Yes: said.Yes(), Words: said.Words, Scope: said.Scope, request: request, row: row}
	if !a.Yes {
		return a, nil
	}
	a.v = &View{s: s, person: said.Person, capsule: id, kind: crypto.Request, minting: true,
		token: keys.TokenCapsule{Person: said.Person, Grant: said.Grant, Key: said.Key, Audit: said.Audit, Until: said.Until}}
	if err := a.v.load(ctx, now); err != nil {
		a.Close()
		return nil, asGrant(err)
	}
	g, err := a.grant()
	if err != nil {
		a.Close()
		return nil, err
	}
	a.Client, a.Ends, a.Bound = g.Client, g.Until, g.Bound != [32]byte{}
	return a, nil
}

// grant is the grant that was made for the request. Another is not for whoever asked:
// a session, which has the key of the person's own grant, answers for nobody.
func (a *Answered) grant() (grant.Grant, error) {
	g, err := a.v.full()
	if err == nil && (g.Self || g.Asked != a.row.ID) {
		err = errUnanswered
	}
	return g, err
}

// Close overwrites the keys of the answer.
func (a *Answered) Close() {
	if a.v != nil {
		a.v.Close()
	}
}

// CodeFor is what an authorization code is bound to.
type CodeFor struct {
	Client    string
	Bound     [32]byte // key that the client announced (dpop_jkt); zeros: none
	Redirect  string
	Challenge [32]byte // of PKCE, S256
	Nonce     string   // OpenID's
}

const (
	codeLasts   = time.Minute
	maxRedirect = 2 << 10
	maxNonce    = 512
)

// Code makes the authorization code for a client's request, once.
func (a *Answered) Code(ctx context.Context, f CodeFor) (crypto.Credential, error) {
	switch {
	case !a.Yes:
		return crypto.Credential{}, errUnanswered
	case f.Redirect == "" || len(f.Redirect) > maxRedirect || f.Challenge == [32]byte{}:
		return crypto.Credential{}, record.Safef(record.Invalid, "a code is for a redirect URI of at most %d characters and a code challenge", maxRedirect)
	case len(f.Nonce) > maxNonce:
		return crypto.Credential{}, record.Safef(record.Invalid, "a nonce has at most %d characters", maxNonce)
	}
	code := crypto.NewCredential(crypto.Code)
	err := a.collect(ctx, func(now time.Time) (record.Capsule, error) {
		g, err := a.grant()
		if err != nil {
			return record.Capsule{}, err
		}
		if f.Client == "" || g.Client != f.Client || g.Bound != [32]byte{} && g.Bound != f.Bound {
			return record.Capsule{}, errForeign
		}
		t := a.v.token
		t.Until = now.Add(codeLasts).Truncate(time.Second)
		t.Terms = keys.Terms{Client: f.Client, Bound: f.Bound, Scope: a.Scope}
		key := code.CapsuleKey()
		defer key.KEK.Destroy()
		return keys.SealCode(key, keys.Code{TokenCapsule: t, Redirect: f.Redirect, Challenge: f.Challenge, Nonce: f.Nonce}), nil
	})
	return code, err
}

// Token makes the token of somebody who asked without a client, once. It lasts as long
// as the grant.
func (a *Answered) Token(ctx context.Context) (crypto.Credential, time.Time, error) {
	if !a.Yes {
		return crypto.Credential{}, time.Time{}, errUnanswered
	}
	token, until := crypto.NewCredential(crypto.Access), time.Time{}
	err := a.collect(ctx, func(time.Time) (record.Capsule, error) {
		g, err := a.grant()
		if err != nil {
			return record.Capsule{}, err
		}
		if !g.Suits("", g.Bound) {
			return record.Capsule{}, errForeign
		}
		t := a.v.token
		t.Until, t.Terms = g.Until, keys.Terms{Bound: g.Bound}
		until = t.Until
		key := token.CapsuleKey()
		defer key.KEK.Destroy()
		return keys.SealToken(key, t), nil
	})
	if err == nil {
		a.v.s.asks.tookIt(a.row.ID, a.v.s.time())
	}
	return token, until, err
}

// collect logs that the answer was fetched, puts what make makes of it, and takes the
// answer away: code.go has the order.
func (a *Answered) collect(ctx context.Context, make func(now time.Time) (record.Capsule, error)) error {
	s, v := a.v.s, a.v
	leave, err := s.turnOf(ctx, a.request, crypto.Request)
	if err != nil {
		return err
	}
	defer leave()
	switch now, err := s.capsule(a.row.ID); {
	case errors.Is(err, errNoCapsule) || err == nil && now.Check != a.row.Check:
		return errUnanswered // another request was first
	case err != nil:
		return err
	}
	var capsule record.Capsule
	err = v.retry(ctx, func() error {
		now, err := s.checkClock()
		if err != nil {
			return err
		}
		if capsule, err = make(now); err != nil {
			return err
		}
		return v.commit(ctx, audit.Event{Action: audit.Collected}, func(tx kv.Tx, p *person, _ *audit.Event) error {
			return p.dropAsk(tx, a.row.ID)
		})
	})
	if errors.Is(err, errForeign) {
		err = v.fail(ctx, audit.NotTheirs)
	}
	if err != nil {
		return asGrant(err)
	}
	ctx = context.WithoutCancel(ctx) // from here on it is done, or was never
	if err := s.putCapsule(ctx, v.person, capsule); err != nil {
		return err
	}
	won, err := s.fetch(ctx, a.row)
	if err == nil && !won {
		err = errors.Join(s.dropCapsule(ctx, capsule.ID), errUnanswered)
	}
	return err
}
