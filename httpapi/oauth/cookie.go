package oauth

import (
	"crypto/rand"
	"encoding/hex"
	"net/http"
	"regexp"
	"time"

	"carehold/crypto"
)

// The secret of a request is in a cookie of its own, named by the request, so that tabs
// of one browser wait side by side and none ends another. __Host- means: of this host
// alone, over TLS alone (RFC 6265bis §4.1.3.2); a server that is tried out on its own
// machine, without TLS, cannot have that.
const cookieName = "carehold-request"

// tabs are the names of requests within a browser.
var tabs = regexp.MustCompile(`^[0-9a-f]{16}$`)

func (a *API) cookie(tab string) string {
	if a.secure {
		return "__Host-" + cookieName + "-" + tab
	}
	return cookieName + "-" + tab
}

func (a *API) setCookie(w http.ResponseWriter, tab, token string) {
	a.keepCookie(w, tab, token, a.now().Add(waitsFor+lingers))
}

func (a *API) dropCookie(w http.ResponseWriter, tab string) {
	http.SetCookie(w, &http.Cookie{Name: a.cookie(tab), Path: "/", MaxAge: -1, HttpOnly: true, Secure: a.secure, SameSite: http.SameSiteLaxMode})
}

// request is the credential of the request that a browser asks about. Destroy it.
func (a *API) request(r *http.Request, tab string) (crypto.Credential, bool) {
	if !tabs.MatchString(tab) {
		return crypto.Credential{}, false
	}
	found := r.CookiesNamed(a.cookie(tab))
	if len(found) != 1 {
		return crypto.Credential{}, false
	}
	c, err := crypto.ParseToken(found[0].Value)
	if err != nil || c.Kind() != crypto.Request {
		c.Destroy()
		return crypto.Credential{}, false
	}
	return c, true
}

func newTab() string {
	b := make([]byte, 8)
	rand.Read(b)
	return hex.EncodeToString(b)
}

// keepCookie keeps the secret of a request that waits for longer.
func (a *API) keepCookie(w http.ResponseWriter, tab, token string, until time.Time) {
	http.SetCookie(w, &http.Cookie{Name: a.cookie(tab), Value: token, Path: "/", MaxAge: int(until.Sub(a.now()) / time.Second),
		HttpOnly: true, Secure: a.secure, SameSite: http.SameSiteLaxMode})
}
