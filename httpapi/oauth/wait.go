package oauth

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/store"
)

// Wait shows the request to the browser that brought it, until it is answered; then it
// sends the browser back to the client.
func (a *API) Wait(w http.ResponseWriter, r *http.Request) error {
	if r.Method == http.MethodHead {
		return errOnlyGet // it is looked at by people, and what answers is used up
	}
	tab := r.URL.Query().Get("r")
	x, secret, ok := a.brought(w, r, tab)
	if !ok {
		return a.over(w, r)
	}
	defer secret.Destroy()
	answered, err := a.store.Answer(r.Context(), secret)
	switch {
	case errors.Is(err, store.ErrAnother):
		return a.end(w, r, x, func() string { return a.refusal(x.asked, errAnother) })
	case errors.Is(err, record.NotFound) && a.now().Before(x.until):
		return a.waitPage(w, r, x)
	case errors.Is(err, record.NotFound):
		return a.end(w, r, x, func() string {
			return a.refusal(x.asked, refuse(accessDenied, "nobody answered within %d minutes", int(waitsFor/time.Minute)))
		})
	case errors.Is(err, store.ErrGrant):
		return a.end(w, r, x, func() string { return a.refusal(x.asked, errTakenBack) })
	case err != nil:
		return err
	}
	defer answered.Close()
	if !answered.Yes {
		return a.end(w, r, x, func() string { return a.refusal(x.asked, refuse(accessDenied, "the person said no")) })
	}
	if !a.waiting.drop(x.id) { // another page of the browser's was first
		return a.over(w, r)
	}
	code, err := answered.Code(r.Context(), store.CodeFor{Client: x.client.ID, Bound: x.bound, Redirect: x.redirect, Challenge: x.challenge, Nonce: x.nonce})
	if errors.Is(err, store.ErrGrant) || errors.Is(err, record.NotFound) {
		return a.leave(w, x, a.refusal(x.asked, errTakenBack))
	}
	if err != nil {
		return err
	}
	defer code.Destroy()
	return a.leave(w, x, a.back(x.redirect, url.Values{"code": {code.Token()}, "state": {x.state}}))
}

// errTakenBack: there was a yes, and it is not good any more, or not for this client.
var errTakenBack = refuse(accessDenied, "what was given was taken back")

// errAnother: who waits hears of it at once, and begins again in the app.
var errAnother = refuse(accessDenied, "somebody else has used the code: begin again, and show the new code to nobody")

var errOnlyGet error = record.Safef(record.NotAllowed, "this is a page for people: GET it")

// end takes the request away, and sends the browser back. Whoever comes second is told
// that it is over.
func (a *API) end(w http.ResponseWriter, r *http.Request, x *waiting, to func() string) error {
	if !a.waiting.drop(x.id) {
		return a.over(w, r)
	}
	return a.leave(w, x, to())
}

func (a *API) leave(w http.ResponseWriter, x *waiting, to string) error {
	a.dropCookie(w, x.tab)
	if x.pushed != [16]byte{} {
		a.known.drop(x.pushed)
		a.pushed.drop(x.pushed) // one use, at the end of it (FAPI 2.0 §5.3.2.2)
	}
	return see(w, to)
}

// brought is the request that this browser brought in a tab, while there is one.
func (a *API) brought(w http.ResponseWriter, r *http.Request, tab string) (x *waiting, secret crypto.Credential, ok bool) {
	if secret, ok = a.request(r, tab); !ok {
		return nil, secret, false
	}
	if x, ok = a.waiting.get(a.now(), secret.CapsuleID()); !ok {
		secret.Destroy()
		a.dropCookie(w, tab)
		return nil, crypto.Credential{}, false
	}
	return x, secret, true
}

// Cancel is the button: the person at the browser does not want to go on.
func (a *API) Cancel(w http.ResponseWriter, r *http.Request) error {
	tab, err := tabIn(r)
	if err != nil {
		return err
	}
	x, secret, ok := a.brought(w, r, tab)
	if !ok {
		return a.over(w, r)
	}
	defer secret.Destroy()
	return a.end(w, r, x, func() string { return a.refusal(x.asked, refuse(accessDenied, "it was cancelled")) })
}

// tabIn is which request a form is about.
func tabIn(r *http.Request) (string, error) {
	body, err := io.ReadAll(r.Body) // the row bounds it
	if err != nil {
		return "", err
	}
	p, twice, err := parse(string(body))
	if err != nil || len(twice) > 0 {
		return "", record.Safef(record.Invalid, "the form cannot be understood")
	}
	return p["r"], nil
}

// Status tells the page's script whether there is something new. It uses nothing up.
func (a *API) Status(w http.ResponseWriter, r *http.Request) error {
	still := false
	if secret, ok := a.request(r, r.URL.Query().Get("r")); ok {
		defer secret.Destroy()
		if x, ok := a.waiting.get(a.now(), secret.CapsuleID()); ok && a.now().Before(x.until) {
			answered, err := a.store.Answer(r.Context(), secret)
			if err == nil {
				answered.Close()
			}
			still = errors.Is(err, record.NotFound) && !errors.Is(err, store.ErrAnother)
		}
	}
	return sendJSON(w, http.StatusOK, map[string]bool{"waiting": still})
}

// sendJSON answers a program. What OAuth answers is for nobody to keep (RFC 6749 §5.1).
func sendJSON(w http.ResponseWriter, status int, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	defer clear(b)
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	h.Set("Pragma", "no-cache")
	w.WriteHeader(status)
	return sent(w.Write(b))
}

func sent(_ int, err error) error {
	if err != nil {
		return record.Safef(record.Unavailable, "the client went away before the end of the answer")
	}
	return nil
}
