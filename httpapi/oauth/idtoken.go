package oauth

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"time"

	stdcrypto "crypto"

	"github.com/go-jose/go-jose/v4"

	"carehold/record/store"
)

// idTokenLasts is how long an ID token may be taken for the news that it is.
const idTokenLasts = 10 * time.Minute

// idToken says to a client whose record it was given, by OpenID Connect: RS256, which
// SMART App Launch 2.2 asks of everybody.
func (a *API) idToken(ctx context.Context, client string, t store.Tokens, fhirUser bool) (string, error) {
	key, err := a.signer(ctx)
	if err != nil {
		return "", err
	}
	now := a.now()
	claims := struct {
		Issuer   string `json:"iss"`
		Subject  string `json:"sub"`
		Audience string `json:"aud"`
		Expires  int64  `json:"exp"`
		Issued   int64  `json:"iat"`
		AuthTime int64  `json:"auth_time,omitempty"`
		Nonce    string `json:"nonce,omitempty"`
		FHIRUser string `json:"fhirUser,omitempty"`
	}{a.config.Base, t.Subject, client, now.Add(idTokenLasts).Unix(), now.Unix(), 0, t.Nonce, ""}
	if !t.Said.IsZero() { // the person has just said yes, whatever max_age is; a refresh says nothing of it
		claims.AuthTime = t.Said.Unix()
	}
	if fhirUser && t.Patient != "" {
		claims.FHIRUser = a.fhir() + "/Patient/" + t.Patient
	}
	body, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: key}, (&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		return "", err
	}
	signed, err := s.Sign(body)
	if err != nil {
		return "", err
	}
	return signed.CompactSerialize()
}

// signer is the key that ID tokens are signed with, by its thumbprint's name.
func (a *API) signer(ctx context.Context) (*jose.JSONWebKey, error) {
	key, err := a.store.IDTokenKey(ctx)
	if err != nil {
		return nil, err
	}
	k := &jose.JSONWebKey{Key: key, Algorithm: string(jose.RS256), Use: "sig"}
	sum, err := k.Thumbprint(stdcrypto.SHA256)
	if err != nil {
		return nil, err
	}
	k.KeyID = base64.RawURLEncoding.EncodeToString(sum)
	return k, nil
}

// JWKS publishes the public half: RFC 7517.
func (a *API) JWKS(w http.ResponseWriter, r *http.Request) error {
	key, err := a.signer(r.Context())
	if err != nil {
		return err
	}
	b, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{key.Public()}})
	if err != nil {
		return err
	}
	return a.public(w, b)
}
