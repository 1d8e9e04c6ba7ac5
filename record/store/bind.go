package store

import (
	"context"

	"carehold/crypto"
	"carehold/record/audit"
	"carehold/record/grant"
	"carehold/record/keys"
	"carehold/record/kv"
	"carehold/record/rows"
)

// Bind gives, for a token that its person handed out, one that is good for ten minutes and
// for one key: who sees that one on its way has nothing. It reaches no more than the first
// does, with one exception, which is what links are made with: a token that opens nothing
// unbound, because its grant has sensitive sections (keys.NeedsKey).
func (s *Store) Bind(ctx context.Context, token crypto.Credential, key [32]byte) (Tokens, error) {
	if key == [32]byte{} {
		return Tokens{}, ErrGrant
	}
	v, row, now, err := s.present(token, crypto.Access, keys.OpenToken)
	if err != nil {
		return Tokens{}, err
	}
	defer v.Close()
	needs := v.token.Client == keys.NeedsKey
	if row.State != rows.CapsuleOpen || v.token.Bound != [32]byte{} || v.token.Client != "" && !needs {
		return Tokens{}, v.fail(ctx, audit.NotTheirs)
	}
	v.token.Client = ""
	if err := v.stand(ctx, now, key); err != nil {
		return Tokens{}, err
	}
	return v.tokens(ctx, mint{by: Presented{Bound: key, Public: true}, action: audit.Exchanged, query: audit.OfToken, lasts: accessLasts,
		may:   func(g grant.Grant) bool { return needs || g.Suits("", [32]byte{}) },
		place: func(kv.Tx, *person, *audit.Event, crypto.CapsuleID) (bool, error) { return true, nil }})
}
