package oauth

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"carehold/httpapi/problem"
	"carehold/record"
)

// Error is an error as OAuth puts it: RFC 6749 §5.2 and §4.1.2.1.
type Error struct {
	Code   string // invalid_grant
	Status int
	Err    *record.Error // with words that are safe to show and to log
}

func (e *Error) Error() string { return e.Code + ": " + e.Err.Error() }

func (e *Error) Unwrap() error { return e.Err }

// The codes.
const (
	invalidRequest   = "invalid_request"
	invalidClient    = "invalid_client"
	invalidGrant     = "invalid_grant"
	invalidScope     = "invalid_scope"
	invalidTarget    = "invalid_target" // RFC 8707
	unauthorized     = "unauthorized_client"
	accessDenied     = "access_denied"
	unsupportedGrant = "unsupported_grant_type"
	unsupportedType  = "unsupported_response_type"
	loginRequired    = "login_required"        // OpenID Connect
	noRequestObject  = "request_not_supported" // OpenID Connect
	noDetails        = "invalid_authorization_details"
	unavailable      = "temporarily_unavailable"
	serverError      = "server_error"
)

// refuse makes an error of 400. That of a client that did not show who it is may become a
// 401: To says when.
func refuse(code, format string, args ...any) *Error {
	kind, status := record.Invalid, http.StatusBadRequest
	switch code {
	case invalidClient:
		kind = record.Unauthorized
	case invalidGrant: // counted as a guess, as a token that opens nothing is
		kind = record.Unauthorized
	case unavailable:
		kind, status = record.Unavailable, http.StatusServiceUnavailable
	}
	return &Error{code, status, record.Safef(kind, format, args...)}
}

// ErrorOf is any error as OAuth puts it.
func ErrorOf(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	row := problem.Of(err)
	safe := &record.Error{Kind: row.Kind, Safe: record.SafeText(err)}
	switch {
	case row.Status == http.StatusTooManyRequests || row.Status == http.StatusServiceUnavailable:
		return &Error{unavailable, row.Status, safe}
	case row.Status >= 500:
		safe.Safe = row.Text
		return &Error{serverError, row.Status, safe}
	case row.Status == http.StatusUnauthorized:
		return &Error{invalidClient, http.StatusBadRequest, safe}
	}
	return &Error{invalidRequest, row.Status, safe}
}

// To is the error as it answers a request. A client that came by the Authorization header,
// and in vain, gets 401 and a challenge; to one that said in the body who it is, or nowhere,
// it is 400: where there is a challenge, strict clients do not read the body (RFC 6749 §5.2).
func (e *Error) To(r *http.Request) *Error {
	if e.Code != invalidClient || len(r.Header["Authorization"]) == 0 {
		return e
	}
	return &Error{e.Code, http.StatusUnauthorized, e.Err}
}

// Body is the error as JSON: RFC 6749 §5.2.
func (e *Error) Body() []byte {
	b, err := json.Marshal(struct {
		Error       string `json:"error"`
		Description string `json:"error_description,omitempty"`
	}{e.Code, e.description()})
	if err != nil { // strings always encode
		panic("oauth: encoding an error")
	}
	return b
}

// description is the text in the characters that error_description may have: %x20-21,
// %x23-5B, %x5D-7E (RFC 6749 §5.2).
func (e *Error) description() string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '"' || r == '“' || r == '”':
			return '\''
		case r == '§':
			return 'S'
		case r == '…':
			return '.'
		case r < ' ' || r > '~' || r == '\\':
			return '?'
		}
		return r
	}, e.Err.Safe)
}
