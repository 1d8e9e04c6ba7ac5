package oauth

import (
	"net/http"

	"carehold/crypto"
	"carehold/record/store"
)

// Names of RFC 8693, of the one exchange there is: a token that somebody was given in hand,
// or by a link, for one that is bound to their key.
const (
	tokenExchange = "urn:ietf:params:oauth:grant-type:token-exchange"
	accessToken   = "urn:ietf:params:oauth:token-type:access_token"
)

// unregistered reports whether a request is one that no client makes: the token that is
// exchanged is all the authority there is, and says who was given it.
func unregistered(r *http.Request, p params) bool {
	return p["grant_type"] == tokenExchange && p["client_id"] == "" && p["client_secret"] == "" && p["client_assertion"] == "" && p["client_assertion_type"] == "" &&
		len(r.Header["Authorization"]) == 0
}

// bind exchanges a token: RFC 8693 §2.1. It is bound to the key of the proof that must come
// along (RFC 9449 §5), and is good for what the first is good for.
func (a *API) bind(r *http.Request, p params, jkt [32]byte) (t store.Tokens, err error) {
	switch {
	case !unregistered(r, p):
		return t, refuse(unauthorized, "a token is exchanged by whoever was given it, and not by a client: send neither client_id nor another sign of one")
	case p["subject_token"] == "" || p["subject_token_type"] != accessToken:
		return t, refuse(invalidRequest, "subject_token is the token, and subject_token_type is %s", accessToken)
	case p["requested_token_type"] != "" && p["requested_token_type"] != accessToken, p["actor_token"] != "", p["actor_token_type"] != "":
		return t, refuse(invalidRequest, "a token is exchanged for an access token, of whoever has it")
	case p["resource"] != "" && p["resource"] != a.fhir(), p["audience"] != "" && p["audience"] != a.fhir():
		return t, refuse(invalidTarget, "the token is for %s", a.fhir())
	case p["scope"] != "":
		return t, store.ErrScope // it cannot be narrowed: what it may is in the grant
	case jkt == [32]byte{}:
		return t, refuse("invalid_dpop_proof", "what it is exchanged for is bound to a key: send a DPoP proof (RFC 9449)")
	}
	token, err := parseKind(p["subject_token"], crypto.Access)
	if err != nil {
		return t, err
	}
	defer token.Destroy()
	return a.store.Bind(r.Context(), token, jkt)
}
