package httpapi

import (
	"errors"
	"net/http"

	"carehold/httpapi/oauth/dpop"
	"carehold/record"
)

// proof is that of the key that a request with the scheme DPoP shows: RFC 9449 §7. It is
// zero for a request that comes with Bearer, whatever else it brings: the store refuses it
// then for a token that is bound. It is not marked as used yet.
//
// The address in a proof is what the client asked for: the public URL, and the path as
// it was sent. The Host header is never looked at.
func (s *Server) proof(e *event, r *http.Request, route *Route) (p dpop.Proof, err error) {
	scheme, text, _ := token(r)
	if scheme != schemeDPoP {
		return p, nil
	}
	if route.Door != DoorFHIR {
		return p, s.refuse(e, r, record.Unauthorized)
	}
	p, err = s.oauth.Proof(e, r, r.URL.EscapedPath(), text)
	return p, s.proofError(e, r, err)
}

// used marks a proof as used, whose token has opened: only that makes it take room. Of two
// requests with one proof, one goes on.
func (s *Server) used(e *event, r *http.Request, p dpop.Proof) error {
	if p.JKT == [32]byte{} {
		return nil // there was none to show
	}
	return s.proofError(e, r, s.oauth.UseProof(r, p))
}

func (s *Server) proofError(e *event, r *http.Request, err error) error {
	if errors.Is(err, dpop.Invalid) {
		return s.refuse(e, r, err)
	}
	return err // nobody can know the first nonce: that is no guess
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
