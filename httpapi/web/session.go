package web

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"time"

	"carehold/crypto"
	"carehold/record"
)

// The session's cookie. __Host- means: of this host alone, over TLS alone (RFC 6265bis
// §4.1.3.2); a server that is tried out on its own machine, without TLS, cannot have it.
const (
	SessionCookie      = "__Host-carehold"
	sessionCookiePlain = "carehold"
)

// CookieName is the session cookie's name at this server.
func (p *Pages) CookieName() string {
	if p.secure {
		return SessionCookie
	}
	return sessionCookiePlain
}

// SetSession gives a browser its session, until the session's end.
func (p *Pages) SetSession(w http.ResponseWriter, token string, until, now time.Time) {
	http.SetCookie(w, &http.Cookie{Name: p.CookieName(), Value: token, Path: "/", MaxAge: max(1, int(until.Sub(now)/time.Second)),
		HttpOnly: true, Secure: p.secure, SameSite: http.SameSiteStrictMode}) // a page of another site cannot even look, or keep it open
}

// DropSession takes it away again, and what the browser kept of the pages.
func (p *Pages) DropSession(w http.ResponseWriter) {
	http.SetCookie(w, &http.Cookie{Name: p.CookieName(), Path: "/", MaxAge: -1, HttpOnly: true, Secure: p.secure, SameSite: http.SameSiteStrictMode})
	w.Header().Set("Clear-Site-Data", `"cache"`)
}

// Session is the credential of a browser's session; record.Unauthorized for anything
// else. Destroy it.
func (p *Pages) Session(r *http.Request) (crypto.Credential, error) {
	found := r.CookiesNamed(p.CookieName())
	if len(found) != 1 {
		return crypto.Credential{}, record.Unauthorized
	}
	c, err := crypto.ParseToken(found[0].Value)
	if err != nil || c.Kind() != crypto.Session {
		c.Destroy()
		return crypto.Credential{}, record.Unauthorized
	}
	return c, nil
}

// Visit is what a handler of the person's screens knows of the request beside its View.
// It is no authority: that is the View.
type Visit struct {
	Until time.Time // when the session ends at the latest
	Form  string    // what each form brings, so that no other page can send one

	// Person is whose record it is: the keys that a page then asks for must be of it.
	Person string
}

type visitKey struct{}

// WithVisit has a request know its visit.
func WithVisit(r *http.Request, v Visit) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), visitKey{}, &v))
}

// VisitOf is the visit of a request; nil without a session.
func VisitOf(r *http.Request) *Visit {
	if r == nil {
		return nil
	}
	v, _ := r.Context().Value(visitKey{}).(*Visit)
	return v
}

// FormWord is the word that the forms of a session bring: a MAC under its token, so that
// it is another in each session, and says nothing of it.
func FormWord(token string) string {
	mac := hmac.New(sha256.New, []byte(token))
	mac.Write([]byte("carehold form"))
	return hex.EncodeToString(mac.Sum(nil)[:16])
}

// FormField is the field of a form that holds it, and FormHeader where a script puts it
// that sends no form.
const (
	FormField  = "form"
	FormHeader = "X-Carehold-Form"
)

// Sent reports whether what was sent as a form's word is this visit's.
func (v *Visit) Sent(word string) bool {
	return v != nil && hmac.Equal([]byte(v.Form), []byte(word))
}
