package oauth

import (
	"encoding/base64"
	"net/http"
	"strings"
	"time"

	"carehold/crypto"
	"carehold/httpapi/oauth/clients"
)

// pushed is a request that a client has pushed: RFC 9126.
type pushed struct {
	asked
	until time.Time
}

const (
	requestURI  = "urn:ietf:params:oauth:request_uri:"
	pushedLasts = 90 * time.Second
)

// Push takes what a client will ask, and gives a name for it. RFC 9126 §2.
func (a *API) Push(w http.ResponseWriter, r *http.Request) error {
	p, err := form(r)
	if err != nil {
		return err
	}
	by, err := a.authenticate(r, p, pathPAR)
	if err != nil {
		return err
	}
	if by.segment {
		return refuse(unauthorized, "a grant to a system is not asked for in a browser")
	}
	if p["request_uri"] != "" {
		return refuse(invalidRequest, "request_uri is what you get from here (RFC 9126 §2.1)")
	}
	if p["client_id"] != "" && p["client_id"] != by.client.ID {
		return refuse(invalidRequest, "client_id is another than whom you have shown to be")
	}
	redirect, ok := by.client.Redirect(p["redirect_uri"])
	if !ok {
		return refuse(invalidRequest, "redirect_uri is not registered for this client, letter for letter")
	}
	q, wrong := a.examine(by.client, redirect, p, nil)
	if wrong != nil {
		return wrong
	}
	proof, err := a.proof(w, r, by, pathPAR, q.bound)
	if err != nil {
		return err
	}
	if proof != [32]byte{} { // RFC 9449 §10.1: the same as dpop_jkt
		q.bound = proof
	}
	name, now := crypto.RandomID(), a.now()
	until, on, shares := now.Add(pushedLasts), a.pushed, byAddress(a.config.From(r), maxPushedEach, maxPushedWide)
	if by.known() { // nobody else takes its room
		on, shares = a.known, []share{{by.client.ID, maxKnownOfClient}}
	}
	if err := on.put(now, name, &pushed{q, until}, until, shares...); err != nil {
		return err
	}
	return sendJSON(w, http.StatusCreated, struct {
		URI     string `json:"request_uri"`
		Expires int    `json:"expires_in"`
	}{requestURI + base64.RawURLEncoding.EncodeToString(name[:]), int(pushedLasts.Seconds())})
}

// known reports whether this is a client that whoever runs the server registered, and that
// showed a secret or a key: anybody can say that they are a public one.
func (by caller) known() bool { return by.client.Verified && by.client.Auth != clients.Public }

// pushedBy finds what a client has pushed. What else is in the URL is not looked at (RFC
// 9101 §6.3): it was not the client who signed or sent it. A browser may come with it
// twice, until the request is answered.
func (a *API) pushedBy(r *http.Request, p params) (q asked, name [16]byte, err error) {
	text, ours := strings.CutPrefix(p["request_uri"], requestURI)
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if !ours || err != nil || len(b) != len(name) {
		return q, name, refuse(invalidRequest, "the app brought a request that is not from here")
	}
	copy(name[:], b)
	x, ok := a.pushed.get(a.now(), name)
	if !ok {
		x, ok = a.known.get(a.now(), name)
	}
	if !ok || x.client.ID != p["client_id"] {
		return q, name, refuse(invalidRequest, "the app brought a request that has run out, was answered, or was not its own")
	}
	// As it is registered now.
	c, err := a.config.Clients.Get(r.Context(), x.client.ID)
	if err != nil {
		return q, name, err
	}
	if _, ok := c.Redirect(x.redirect); !ok {
		return q, name, refuse(invalidRequest, "the app wants you sent to an address that is not registered for it")
	}
	q = x.asked
	q.client = c
	return q, name, nil
}
