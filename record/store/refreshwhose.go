package store

import (
	"context"

	"carehold/crypto"
	"carehold/record/audit"
)

// RefreshOf is the client that a refresh token was given to, for a request that does not
// say who asks: SMART App Launch 2.2 has no client_id among the parameters of a public
// app's refresh. It logs nothing and spends nothing: the token is still to be used, which
// finds out all else, or to be refused, with Unnamed.
func (s *Store) RefreshOf(token crypto.Credential) (client string, err error) {
	v, _, _, err := s.presentRefresh(token)
	if err != nil {
		return "", err
	}
	defer v.Close()
	if v.token.Client == "" {
		return "", ErrGrant
	}
	return v.token.Client, nil
}

// Unnamed refuses a refresh token that was presented by nobody, where its client has to
// show who it is: whoever has it is somebody else, which the person reads. ErrGrant, if it
// could be logged.
func (s *Store) Unnamed(ctx context.Context, token crypto.Credential) error {
	v, _, _, err := s.presentRefresh(token)
	if err != nil {
		return err
	}
	defer v.Close()
	return v.fail(ctx, audit.NotTheirs)
}
