package httpapi

import (
	"net/http"
	"strings"
)

// A page of another site may use the doors for programs when it is a registered client's
// (carehold client add --origin): it brings its token itself, and no browser adds to it.
// The pages of authorizing are never for scripts of others (RFC 9700 §2.6).

// shared reports whether a request is of a page whose client is registered.
func (s *Server) shared(r *http.Request) bool {
	origin := r.Header["Origin"]
	if len(origin) != 1 {
		return false
	}
	switch doorOf(r.URL.Path) {
	case DoorFHIR, DoorOAuth:
		return s.oauth.Allowed(origin[0])
	}
	return false
}

// exposed are the headers of answers that a page may read.
var exposed = strings.Join([]string{"DPoP-Nonce", "WWW-Authenticate", "ETag", "Last-Modified", "Location", "Content-Location", "Retry-After", "X-Progress",
	"X-Request-Id", "Accept-Ranges", "Content-Range", "Content-Disposition", "Tus-Resumable", "Upload-Offset", "Upload-Length"}, ", ")

// taken are the headers of requests that a page may send.
var taken = strings.Join([]string{"Authorization", "DPoP", "Accept", "Content-Type", "If-Match", "If-None-Match", "If-None-Exist", "If-Modified-Since", "Prefer", "Range",
	"X-Request-Id", "X-Correlation-Id", "X-Security-Context", "Tus-Resumable", "Upload-Offset", "Upload-Length", "Upload-Metadata"}, ", ")

func opened(h http.Header, origin string) {
	h.Set("Access-Control-Allow-Origin", origin)
	h.Set("Access-Control-Expose-Headers", exposed)
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	h.Add("Vary", "Origin")
}

// preflight reports whether a browser asks what such a page may send.
func (s *Server) preflight(r *http.Request) bool {
	return r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != "" && s.shared(r)
}

func (s *Server) answerPreflight(e *event, r *http.Request) {
	if e.err = s.charge(e, clientAddress(r, s.config.TrustedProxies), RateOrdinary); e.err != nil {
		return
	}
	h := e.Header()
	h.Set("Access-Control-Allow-Methods", "GET, HEAD, POST, PUT, PATCH, DELETE")
	h.Set("Access-Control-Allow-Headers", taken)
	h.Set("Access-Control-Max-Age", "600")
	e.WriteHeader(http.StatusNoContent)
}
