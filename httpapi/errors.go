package httpapi

import (
	"fmt"
	"net/http"
	"strconv"

	"carehold/httpapi/oauth"
	"carehold/httpapi/oauth/dpop"
	"carehold/httpapi/problem"
	"carehold/record"
)

// answerError answers a request with an error, in the way of its door.
func (s *Server) answerError(e *event, r *http.Request, err error) {
	row := problem.Of(err)
	status := row.Status
	var told *oauth.Error
	if e.door == DoorOAuth {
		told = oauth.ErrorOf(err).To(r)
		status = told.Status
	}
	h := e.Header()
	// What a handler had prepared was for another answer.
	for _, name := range []string{"Etag", "Last-Modified", "Location", "Content-Location", "Content-Length"} {
		h.Del(name)
	}
	h.Set("Cache-Control", "no-store")
	if status == http.StatusUnauthorized {
		h["Www-Authenticate"] = s.challenges(e, r, err)
	}
	if status == http.StatusTooManyRequests && refusedTooOften(r) {
		h.Set("Connection", "close") // in HTTP/2, net/http says so with GOAWAY
	}
	if h.Get("Retry-After") == "" {
		switch status {
		case http.StatusServiceUnavailable:
			h.Set("Retry-After", "1")
		case http.StatusTooManyRequests: // a grant's requests for today, a record's room
			h.Set("Retry-After", "3600")
		}
	}
	var body []byte
	switch e.door {
	case DoorFHIR:
		h.Set("Content-Type", "application/fhir+json; fhirVersion=4.0")
		body = problem.Outcome(err, e.id)
		if scheme, _, _ := token(r); status == http.StatusUnauthorized && scheme == schemeDPoP {
			body = problem.OutcomeOf(e.id, problem.Issue{Severity: "error", Code: row.Issue, Diagnostics: needsProof})
		}
	case DoorHolder, DoorLink:
		h.Set("Content-Type", "application/json")
		body = problem.HolderBody(err, e.id)
	case DoorOAuth:
		h.Set("Pragma", "no-cache")
		h.Set("Content-Type", "application/json")
		body = told.Body()
	case DoorHealth:
		h.Set("Content-Type", "text/plain; charset=utf-8")
		body = fmt.Appendf(nil, "%s\n", record.SafeText(err))
	case DoorApp:
		if status == http.StatusUnauthorized { // the session has ended, or there never was one
			h.Del("Www-Authenticate")
			s.signIn(e, r)
			return
		}
		s.web.Problem(e, r, status, e.id, record.SafeText(err), "")
		return
	default:
		at := ""
		if row.Kind == problem.Misdirected {
			at = s.public.String()
		}
		s.web.Problem(e, r, status, e.id, "", at)
		return
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	e.WriteHeader(status)
	e.Write(body)
}

// needsProof is the text of every 401 of the scheme DPoP at /fhir, whatever is wrong.
const needsProof = "this needs a token that is valid now, as Authorization: DPoP …, and in the header DPoP a proof by the key that it is bound to (RFC 9449): " +
	"made for this request's method and address, with the token's hash as ath and what the header DPoP-Nonce of this answer says as nonce, and used once"

// challenges are what a 401 asks for. RFC 6750 §3.1: no error code where nothing was
// tried. RFC 9449 §7.1: the FHIR interface takes either scheme, and says so (RFC 9728 §5.1:
// and where it is described); a bound token that came as Bearer is to come as DPoP. RFC 6749
// §5.2, for a client that did not show who it is.
//
// They depend on the request, and on its proof, alone. A token that is unknown, ran out or
// is bound gets the same, or they would tell which it is.
func (s *Server) challenges(e *event, r *http.Request, err error) []string {
	const bearer = `Bearer realm="carehold"`
	scheme, _, tried := token(r)
	switch {
	case e.door == DoorOAuth:
		return []string{`Basic realm="carehold"`}
	case scheme == schemeDPoP:
		return []string{challengeDPoP(proofCode(err))}
	case e.door != DoorFHIR && !tried:
		return []string{bearer}
	case e.door != DoorFHIR:
		return []string{bearer + `, error="invalid_token"`}
	case !tried:
		return []string{bearer + `, resource_metadata="` + s.public.String() + oauth.PathResource + `"`, challengeDPoP("")}
	}
	return []string{bearer + `, error="invalid_token"`, challengeDPoP("invalid_token")}
}

func challengeDPoP(code string) string {
	if code != "" {
		code = `error="` + code + `", `
	}
	return `DPoP realm="carehold", ` + code + `algs="` + dpop.Algorithms() + `"`
}
