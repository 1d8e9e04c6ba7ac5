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
//	its place, and its capsule     used again within ten minutes, because its answer was
//	                               lost: one more of its successors is made, and the
//	                               first used will count
//	the same, later                used again by somebody else, or kept for too long
//	its place, another capsule     a successor of the same token, and a sibling was used
//	an earlier place               an old one
//
// The last three are of two who have the tokens of one client, and one of them is a thief:
// the grant is stopped (RFC 9700 §4.14.2), also where the token's own time is over. So a
// client may try again at once what got no answer, and fifty requests at once do no harm; a
// thief is found out when both have used theirs, or has ten minutes for what was used.

// retries is how long after its first use a token is taken again.
const retries = 10 * time.Minute

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
	if v.ended(now) {
		return Tokens{}, v.late(ctx, r.Number, now)
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
			at := s.time()
			good, first := follows(*c, r.Number, v.capsule, at)
			switch {
			case !good:
				return false, nil
			case at.Sub(c.Used) > refreshIdle:
				return false, errIdle
			case !first:
				return true, nil // its ten minutes are from the first time
			}
			c.Place, c.Last, c.Used = r.Number, v.capsule, at
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
// time. One that is not replaced is always used for the first time.
func follows(c rows.RefreshChain, number uint32, id crypto.CapsuleID, now time.Time) (good, first bool) {
	if number == 0 || number > c.Place {
		return true, true
	}
	return number == c.Place && id == c.Last && now.Sub(c.Used) <= retries, false
}

// late is what comes of a token whose own time is over. Its grant may go on, with another
// who has its successors: then it is a replay as before.
func (v *View) late(ctx context.Context, number uint32, now time.Time) error {
	if err := asGrant(v.load(ctx, now)); err != nil {
		return err
	}
	good := true
	err := v.s.engine.View(kv.Partition(v.person), func(r kv.Reader) error {
		c, err := readChain(r, v.token.Grant)
		if err == nil && c != nil {
			good, _ = follows(*c, number, v.capsule, now)
		}
		return err
	})
	switch {
	case err != nil:
		return err
	case !good:
		return v.replayed(ctx)
	}
	return v.fail(ctx, audit.Expired)
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
