package httpapi

import (
	"errors"
	"net/http"

	"carehold/httpapi/oauth/dpop"
	"carehold/record"
)

// proof is the thumbprint of the key that a request with the scheme DPoP shows: RFC 9449
// §7. Zeros for a request that comes with Bearer, whatever else it brings: the store
// refuses it then for a token that is bound.
//
// The address in a proof is what the client asked for: the public URL, and the path as
// it was sent. The Host header is never looked at.
func (s *Server) proof(e *event, r *http.Request, route *Route) (key [32]byte, err error) {
	scheme, text, _ := token(r)
	if scheme != schemeDPoP {
		return key, nil
	}
	if route.Door != DoorFHIR {
		return key, s.refuse(e, r, record.Unauthorized)
	}
	key, err = s.oauth.Proof(e, r, r.URL.EscapedPath(), text)
	switch {
	case err == nil:
		return key, nil
	case errors.Is(err, dpop.Invalid):
		return key, s.refuse(e, r, err)
	}
	return key, err // nobody can know the first nonce: that is no guess
}

// proofCode is the code of a 401 to who came with the scheme DPoP: of the proof, where
// that was the reason, else of the token.
func proofCode(err error) string {
	switch {
	case errors.Is(err, dpop.UseNonce):
		return string(dpop.UseNonce)
	case errors.Is(err, dpop.Invalid):
		return string(dpop.Invalid)
	}
	return "invalid_token"
}
