package store

import (
	"context"
	"errors"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/audit"
	"carehold/record/keys"
	"carehold/record/kv"
	"carehold/record/rows"
)

// GiveBack ends a token that its client does not need any more (RFC 7009). With what the
// client could go on with, the grant ends: its refresh token, or its access token where
// that is all it has. Of a token that is unknown, over or another client's nothing is
// said: that is nil, too.
func (s *Store) GiveBack(ctx context.Context, token crypto.Credential, by Presented) error {
	v, err := s.presentAny(token)
	if errors.Is(err, ErrGrant) {
		return nil
	}
	if err != nil {
		return err
	}
	defer v.Close()
	now, err := s.checkClock()
	if err != nil {
		return err
	}
	if v.ended(now) {
		return nil
	}
	// Whoever has the token and the client's name may end it, without the key it is bound
	// to: it is of no use to anybody else, and the key may be why it is given back.
	if v.token.Client == "" || v.token.Client != by.Client {
		_ = v.refuse(ctx, audit.NotTheirs)
		return nil
	}
	whole := v.kind == crypto.Refresh
	if !whole {
		err := s.engine.View(kv.Partition(v.person), func(r kv.Reader) error {
			c, err := readChain(r, v.token.Grant)
			whole = c == nil
			return err
		})
		if err != nil {
			return err
		}
	}
	if whole {
		if _, err := v.stop(ctx, audit.GaveBack); err != nil {
			return err
		}
	}
	return s.dropCapsule(ctx, v.capsule)
}

// presentAny opens an access or a refresh token; ErrGrant for all else.
func (s *Store) presentAny(token crypto.Credential) (v *View, err error) {
	if token.Kind() == crypto.Refresh {
		v, _, _, err = s.presentRefresh(token)
		return v, err
	}
	v, row, _, err := s.present(token, crypto.Access, func(k crypto.CapsuleKey, c record.Capsule) (keys.TokenCapsule, error) {
		return keys.OpenToken(k, c)
	})
	if err == nil && row.State != rows.CapsuleOpen {
		v.Close()
		err = ErrGrant
	}
	return v, err
}
