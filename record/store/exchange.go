package store

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/audit"
	"carehold/record/keys"
	"carehold/record/kv"
	"carehold/record/rows"
)

// Exchange gives tokens for an authorization code, once. A code that is shown by another
// client, with another redirect, verifier or key is ErrGrant, and as good as before for
// whose it is. One that was exchanged, and is right in all of that, stops its grant:
// either this request or the first one was a thief's.
func (s *Store) Exchange(ctx context.Context, code crypto.Credential, by Presented, redirect, verifier string) (Tokens, error) {
	leave, err := s.turnOf(ctx, code, crypto.Code)
	if err != nil {
		return Tokens{}, err
	}
	defer leave()
	var x keys.Code
	v, row, now, err := s.present(code, crypto.Code, func(k crypto.CapsuleKey, c record.Capsule) (keys.TokenCapsule, error) {
		var err error
		x, err = keys.OpenCode(k, c)
		return x.TokenCapsule, err
	})
	if err != nil {
		return Tokens{}, err
	}
	defer v.Close()
	challenge := sha256.Sum256([]byte(verifier)) // RFC 7636 §4.6
	switch {
	case !v.theirs(by) || redirect != x.Redirect || subtle.ConstantTimeCompare(challenge[:], x.Challenge[:]) != 1:
		return Tokens{}, v.fail(ctx, audit.NotTheirs)
	case row.State != rows.CapsuleOpen:
		return Tokens{}, v.replayed(ctx)
	}
	if err := v.stand(ctx, now, by.Bound); err != nil {
		return Tokens{}, err
	}
	scope := x.Scope
	t, err := v.tokens(ctx, mint{by: by, action: audit.Exchanged, lasts: accessLasts, scope: scope,
		next: func(now time.Time, told string) *keys.Refresh { return firstRefresh(by, scope, told, now) },
		place: func(tx kv.Tx, p *person, _ *audit.Event, id crypto.CapsuleID) (bool, error) {
			if !says(scope, offline) && !says(scope, online) {
				return true, nil
			}
			return true, p.keepChain(tx, v.token.Grant, rows.RefreshChain{Last: id, Used: s.time()})
		}})
	if err != nil {
		return Tokens{}, err
	}
	t.Nonce, t.Said = x.Nonce, x.Until.Add(-codeLasts)
	ctx = context.WithoutCancel(ctx)
	won, err := s.spend(ctx, code, x)
	if err == nil && won {
		return t, nil
	}
	// Nobody has seen them; without the code they are not to be had.
	err = errors.Join(err, s.dropCapsule(ctx, t.Access.CapsuleID()))
	if !t.Refresh.IsZero() {
		err = errors.Join(err, s.dropCapsule(ctx, t.Refresh.CapsuleID()))
	}
	if err != nil {
		return Tokens{}, err
	}
	return Tokens{}, v.replayed(ctx)
}

// The words for a refresh token (SMART App Launch 2.2 §3.0.4).
const (
	offline = "offline_access"
	online  = "online_access"
)

// firstRefresh is the refresh token that comes with a code's tokens; nil where there is
// none. Those of public clients are bound to the client's key, if it has shown one, or
// else replaced each time they are used (RFC 9700 §4.14.2). Those of other clients are
// bound by their client's authentication.
func firstRefresh(by Presented, scope, told string, now time.Time) *keys.Refresh {
	if !says(told, offline) && !says(told, online) {
		return nil
	}
	r := &keys.Refresh{}
	r.Terms = keys.Terms{Client: by.Client, Scope: scope}
	switch unbound := by.Bound == [32]byte{}; {
	case by.Public && unbound:
		r.Number = 1
	case by.Public:
		r.Bound = by.Bound
	}
	r.Until = refreshUntil(r, now, now.Add(onlineLasts))
	return r
}

// refreshUntil is a refresh token's own end. Of online_access it is a time after the code
// was exchanged, whatever follows. Of offline_access those that are replaced need not be
// kept for longer than they may lie unused; the others end with their grant, which the
// person may make longer.
func refreshUntil(r *keys.Refresh, now, online time.Time) time.Time {
	switch {
	case !says(r.Scope, offline):
		return online.Truncate(time.Second)
	case r.Number > 0:
		return now.Add(refreshIdle).Truncate(time.Second)
	}
	return time.Time{}
}

// keepChain writes how far the refresh tokens of a grant have come.
func (p *person) keepChain(tx kv.Tx, g record.GrantID, c rows.RefreshChain) error {
	return p.keep(tx, rows.ChainKey(g), c.Marshal())
}

// chain reads it; nil where the grant's client has no refresh token.
func readChain(r kv.Reader, g record.GrantID) (*rows.RefreshChain, error) {
	row, err := r.Get(rows.ChainKey(g))
	if errors.Is(err, kv.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	c, ok := rows.ParseRefreshChain(row)
	if !ok {
		return nil, rows.Damaged("refresh token")
	}
	return &c, nil
}
