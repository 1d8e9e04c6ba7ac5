package httpapi

import (
	"fmt"
	"net/http"
	"strconv"

	"carehold/httpapi/problem"
	"carehold/record"
)

// answerError answers a request with an error, in the way of its door.
func (s *Server) answerError(e *event, r *http.Request, err error) {
	row := problem.Of(err)
	h := e.Header()
	// What a handler had prepared was for another answer.
	for _, name := range []string{"Etag", "Last-Modified", "Location", "Content-Location", "Content-Length"} {
		h.Del(name)
	}
	h.Set("Cache-Control", "no-store")
	if row.Status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", challenge(r))
	}
	if row.Status == http.StatusTooManyRequests && refusedTooOften(r) {
		h.Set("Connection", "close") // in HTTP/2, net/http says so with GOAWAY
	}
	if h.Get("Retry-After") == "" {
		switch row.Status {
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
	case DoorHolder, DoorLink:
		h.Set("Content-Type", "application/json")
		body = problem.HolderBody(err, e.id)
	case DoorHealth:
		h.Set("Content-Type", "text/plain; charset=utf-8")
		body = fmt.Appendf(nil, "%s\n", record.SafeText(err))
	default:
		at := ""
		if row.Kind == problem.Misdirected {
			at = s.public.String()
		}
		s.web.Problem(e, row.Status, e.id, at)
		return
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	e.WriteHeader(row.Status)
	e.Write(body)
}

// challenge is what a 401 asks for. RFC 6750 §3.1: no error code where nothing
// was tried.
func challenge(r *http.Request) string {
	if _, tried := bearer(r); !tried {
		return `Bearer realm="carehold"`
	}
	return `Bearer realm="carehold", error="invalid_token"`
}
