package store

import (
	"context"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/audit"
	"carehold/record/keys"
	"carehold/record/kv"
	"carehold/record/rows"
)

// A refresh token that is bound to nothing is replaced when it is used. Which one is the
// next is decided in the commit that logs it, by two things of the grant: the place of the
// newest that was used, and its capsule (rows.RefreshChain).
//
//	the place after it             used for the first time, and now the newest
//	its place, and its capsule     used again, because its answer was lost: one more of
//	                               its successors is made, and the first used will count
//	its place, another capsule     a successor of the same token, and a sibling was used
//	an earlier place               an old one
//
// The last two are of two who have the tokens of one client, and one of them is a thief:
// the grant is stopped (RFC 9700 §4.14.2). So a client may try again what got no answer,
// and fifty requests at once do no harm; a thief is found out when both have used theirs.

// Refresh gives tokens for a refresh token. scope is what the access token shall be for,
// of what the refresh token is: "" for all of it. More is ErrScope.
func (s *Store) Refresh(ctx context.Context, token crypto.Credential, by Presented, scope string) (Tokens, error) {
	v, r, now, err := s.presentRefresh(token)
	if err != nil {
		return Tokens{}, err
	}
	defer v.Close()
	if r.Backend || !v.theirs(by) {
		return Tokens{}, v.fail(ctx, audit.NotTheirs)
	}
	if err := v.stand(ctx, now, by.Bound); err != nil {
		return Tokens{}, err
	}
	m := mint{by: by, action: audit.Refreshed, lasts: accessLasts, scope: r.Scope, narrow: scope,
		place: func(tx kv.Tx, p *person, _ *audit.Event, _ crypto.CapsuleID) (bool, error) {
			c, err := readChain(tx, v.token.Grant)
			switch {
			case err != nil:
				return false, err
			case c == nil || uint64(r.Number) > uint64(c.Place)+1:
				return false, rows.Damaged("refresh token") // it came with the token
			}
			good, first := follows(*c, r.Number, v.capsule)
			if !good {
				return false, nil
			}
			if s.time().Sub(c.Used) > refreshIdle {
				return false, errIdle
			}
			if first {
				c.Place = r.Number
			}
			c.Last, c.Used = v.capsule, s.time()
			return true, p.keepChain(tx, v.token.Grant, *c)
		}}
	if r.Number > 0 {
		m.next = func(now time.Time, _ string) *keys.Refresh {
			next := &keys.Refresh{Number: r.Number + 1}
			next.Terms = r.Terms
			next.Until = refreshUntil(next, now, r.Until)
			return next
		}
	}
	return v.tokens(ctx, m)
}

// follows reports whether a token may be used at this place, and whether it is the first
// time.
func follows(c rows.RefreshChain, number uint32, id crypto.CapsuleID) (good, first bool) {
	if number == 0 || number > c.Place {
		return true, true
	}
	return number == c.Place && id == c.Last, false
}

// Backend gives a token to a client that works for itself, for the token that it was given
// by the person (client_credentials). It is presented each time, and not replaced. Of the
// scopes that are asked for the token has those that were granted.
func (s *Store) Backend(ctx context.Context, token crypto.Credential, by Presented, scope string) (Tokens, error) {
	v, r, now, err := s.presentRefresh(token)
	if err != nil {
		return Tokens{}, err
	}
	defer v.Close()
	if !r.Backend || by.Public || !v.theirs(by) {
		return Tokens{}, v.fail(ctx, audit.NotTheirs)
	}
	if err := v.stand(ctx, now, by.Bound); err != nil {
		return Tokens{}, err
	}
	return v.tokens(ctx, mint{by: by, action: audit.Refreshed, lasts: backendLasts, scope: r.Scope, narrow: scope, free: true,
		place: func(tx kv.Tx, p *person, _ *audit.Event, _ crypto.CapsuleID) (bool, error) {
			return true, p.keepChain(tx, v.token.Grant, rows.RefreshChain{Last: v.capsule, Used: s.time()})
		}})
}

func (s *Store) presentRefresh(token crypto.Credential) (v *View, r keys.Refresh, now time.Time, err error) {
	v, row, now, err := s.present(token, crypto.Refresh, func(k crypto.CapsuleKey, c record.Capsule) (keys.TokenCapsule, error) {
		var err error
		r, err = keys.OpenRefresh(k, c)
		return r.TokenCapsule, err
	})
	if err == nil && row.State != rows.CapsuleOpen {
		v.Close()
		err = ErrGrant
	}
	return v, r, now, err
}

// chainOver reports whether what is kept of a grant's refresh tokens is of no more use.
// One that is suspended goes on.
func (p *person) chainOver(g record.GrantID, now time.Time) bool {
	x, there := p.Live.Find(g)
	return !there || x.Struck || !x.Until.IsZero() && now.After(x.Until.Add(refreshIdle))
}
