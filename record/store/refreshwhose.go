package store

import "carehold/crypto"

// RefreshOf is the client that a refresh token was given to, for a request that does not
// say who asks: SMART App Launch 2.2 has no client_id among the parameters of a public
// app's refresh. It logs nothing and spends nothing: the token is still to be used, which
// finds out all else.
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
