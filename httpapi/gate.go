package httpapi

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"carehold/crypto"
	"carehold/record"
)

// pathCookie is where a device trades its session for the cookie of the person's pages:
// the one row at which there may be an older cookie beside the token.
const pathCookie = "/holder/v1/cookie"

var tokenAnywhere = regexp.MustCompile(crypto.TokenPattern)

// gate refuses what no route takes, before it is looked at closer. No text here
// repeats what was sent.
func (s *Server) gate(r *http.Request) error {
	if tokenInURL(r.URL) {
		return record.Safef(record.Invalid, "a token was sent in the URL, where logs and histories keep it: "+
			"stop it now, and send a new one in the Authorization header")
	}
	switch auth := r.Header["Authorization"]; {
	case len(auth) > 1:
		return record.Safef(record.Invalid, "there is more than one Authorization header")
	case len(auth) == 1 && doorOf(r.URL.Path) == DoorApp:
		return record.Safef(record.Invalid, "the person's pages take a session's cookie, and no Authorization header")
	case len(auth) == 1 && len(r.CookiesNamed(s.web.CookieName())) > 0 && !(r.Method == http.MethodPost && r.URL.Path == pathCookie):
		return record.Safef(record.Invalid, "there are both a session cookie and an Authorization header; send one of them")
	}
	switch doorOf(r.URL.Path) {
	case DoorLink:
		return nil // the link is all the authority there is, and no browser adds to it
	case DoorOAuth:
		return nil // so is what the form says
	case DoorFHIR:
		if s.shared(r) { // and the token, for a page of a registered client's
			return nil
		}
	}
	if r.URL.Path == "/oauth/authorize" {
		return nil // a client's page sends the person here, by POST too, and nothing that comes along is believed
	}
	if err := s.crossOrigin.Check(r); err != nil {
		return record.Safef(record.Forbidden, "a page of another site may not change anything here")
	}
	return nil
}

// tokenInURL finds a token, or the parameter that RFC 6750 §2.3 puts one in, in
// whatever way it is encoded.
func tokenInURL(u *url.URL) bool {
	if tokenAnywhere.MatchString(u.Path) || tokenAnywhere.MatchString(u.RawQuery) {
		return true
	}
	for pair := range strings.FieldsFuncSeq(u.RawQuery, func(c rune) bool { return c == '&' || c == ';' }) {
		name, value, _ := strings.Cut(pair, "=")
		name, value = unescape(name), unescape(value)
		if strings.EqualFold(name, "access_token") || tokenAnywhere.MatchString(name) || tokenAnywhere.MatchString(value) {
			return true
		}
	}
	return false
}

func unescape(s string) string {
	if t, err := url.QueryUnescape(s); err == nil {
		return t
	}
	return s
}

// The schemes that a token comes under.
const (
	schemeBearer = "Bearer"
	schemeDPoP   = "DPoP"
)

// token is the text after Bearer or DPoP in the Authorization header, and whether a
// token was tried at all. RFC 6750 §2.1, RFC 9449 §7.1; the scheme's letters are in any
// case (RFC 9110 §11.1).
func token(r *http.Request) (scheme, text string, tried bool) {
	auth := r.Header["Authorization"]
	if len(auth) != 1 {
		return "", "", false
	}
	scheme, text, _ = strings.Cut(auth[0], " ")
	for _, known := range []string{schemeBearer, schemeDPoP} {
		if strings.EqualFold(scheme, known) {
			return known, text, true
		}
	}
	return "", "", false
}

// credential reads the request's credential, which must be of one of the kinds.
// Everything else is the same error.
func credential(r *http.Request, kinds string) (crypto.Credential, error) {
	_, text, tried := token(r)
	if !tried {
		return crypto.Credential{}, record.Unauthorized
	}
	c, err := crypto.ParseToken(text)
	if err != nil || !strings.ContainsRune(kinds, rune(c.Kind())) {
		return crypto.Credential{}, record.Unauthorized
	}
	return c, nil
}
