package oauth

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"carehold/crypto"
	"carehold/httpapi/oauth/clients"
	"carehold/record"
	"carehold/record/grant"
	"carehold/record/keys"
)

// waitsFor is how long a request waits for the person's answer, and lingers is how long
// after that the browser is still told that nobody answered.
const (
	waitsFor = 15 * time.Minute
	lingers  = 2 * time.Minute
)

// waiting is a request that waits for its answer. What answers it is in the browser's
// cookie: here is nothing that opens anything.
type waiting struct {
	asked
	id       crypto.CapsuleID
	tab      string // which of a browser's requests it is
	typed    string // the code for the person's device
	question keys.Question
	until    time.Time
	pushed   [16]byte // the request_uri it came by, to be used up with it; zeros: none
}

// Authorize begins a request: SMART App Launch 2.2 §2.0.9, by GET and by POST.
func (a *API) Authorize(w http.ResponseWriter, r *http.Request) error {
	if r.Method == http.MethodHead {
		return errOnlyGet // it would begin a request that nobody waits for
	}
	raw := r.URL.RawQuery
	if r.Method == http.MethodPost {
		if raw != "" {
			return a.problem(w, r, "an app sent you here in a way that cannot be understood")
		}
		body, err := io.ReadAll(r.Body) // the row bounds it
		if err != nil {
			return err
		}
		raw = string(body)
	}
	p, twice, err := parse(raw)
	if err != nil {
		return a.problem(w, r, "an app sent you here in a way that cannot be understood")
	}
	q, push, wrong := a.read(r, p, twice)
	switch e := (*Error)(nil); {
	case wrong == nil:
	case errors.As(wrong, &e) && q.redirect != "":
		return a.told(w, r, q, e)
	default:
		return a.notSent(w, r, wrong)
	}
	return a.begin(w, r, q, push)
}

// read finds out what is asked. Without a redirect in what it returns nobody may be sent
// anywhere.
func (a *API) read(r *http.Request, p params, twice map[string]bool) (q asked, push [16]byte, err error) {
	// Who asks, and where to go back: before all else, and never guessed.
	if twice["client_id"] || twice["redirect_uri"] || twice["request_uri"] {
		return q, push, refuse(invalidRequest, "the app says twice who it is, or where you came from")
	}
	if p["client_id"] == "" {
		return q, push, refuse(invalidRequest, "the app does not say who it is")
	}
	if p["request_uri"] != "" {
		return a.pushedBy(r, p)
	}
	c, err := a.config.Clients.Get(r.Context(), p["client_id"])
	if err != nil {
		return q, push, err
	}
	redirect, ok := c.Redirect(p["redirect_uri"])
	if !ok {
		return q, push, refuse(invalidRequest, "the app wants you sent to an address that is not registered for it: compare it, letter for letter, with what \"carehold client list\" shows")
	}
	if c.PAR {
		q = asked{client: c, redirect: redirect}
		if state := p["state"]; !twice["state"] && len(state) <= maxState && visible(state) {
			q.state = state
		}
		return q, push, refuse(invalidRequest, "this client must push its requests first (RFC 9126)")
	}
	q, wrong := a.examine(c, redirect, p, twice)
	if wrong != nil {
		return q, push, wrong
	}
	return q, push, nil
}

// begin keeps the request, gives its secret to the browser, and shows the page that waits.
func (a *API) begin(w http.ResponseWriter, r *http.Request, q asked, push [16]byte) error {
	secret := crypto.NewCredential(crypto.Request)
	defer secret.Destroy()
	now := a.now()
	x := &waiting{asked: q, id: secret.CapsuleID(), tab: newTab(), typed: newTyped(), until: now.Add(waitsFor), pushed: push}
	x.question = keys.Question{Box: secret.BoxKey().Public().Bytes(), To: party(q.client), Scope: q.scope, Client: q.client.ID,
		Bound: q.bound, Verified: q.client.Verified, At: now.UTC().Truncate(time.Second)}
	if err := x.question.Check(); err != nil {
		return a.notSent(w, r, err)
	}
	if err := a.waiting.put(now, x.id, x, x.until.Add(lingers), byAddress(a.config.From(r), maxWaitingEach, maxWaitingWide)...); err != nil {
		return a.told(w, r, q, refuse(unavailable, "%s", record.SafeText(err)))
	}
	a.setCookie(w, x.tab, secret.Token())
	// The address of this page holds what was asked, and a second look at it would ask
	// again: the page that waits has its own. It is at the name that the browser used, by
	// which it keeps the cookie: a machine at home has several.
	return see(w, "/oauth/wait?r="+x.tab)
}

// party is who asks, for the person's eyes. Of an app that nobody registered it is where
// it is from, and only then what it says of itself.
func party(c clients.Client) grant.Party {
	p := grant.Party{Name: cut(c.Title(), 200)}
	if c.Verified {
		p.Organisation = cut(c.Organisation, 200)
	}
	return p
}

// cut keeps a text to so many bytes, whole characters.
func cut(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most-len("…")], "") + "…"
}

// see sends a browser on with GET, whatever it came with: 303, for 307 would send a POST's
// body along (RFC 9700 §4.12).
func see(w http.ResponseWriter, to string) error {
	h := w.Header()
	h.Set("Location", to)
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusSeeOther)
	return nil
}

// told tells a client at once of an error, where the operator registered the address. Of an
// app that nobody registered anybody wrote it: a link to here must not lead there before
// the person has seen whose it is (RFC 9700 §4.11.2).
func (a *API) told(w http.ResponseWriter, r *http.Request, q asked, e *Error) error {
	if !q.client.Verified {
		return a.notSent(w, r, e)
	}
	return see(w, a.refusal(q, e))
}

// notSent tells the person on a page what was wrong, and sends them nowhere.
func (a *API) notSent(w http.ResponseWriter, r *http.Request, err error) error {
	e := ErrorOf(err)
	if e.Status >= 500 && e.Status != http.StatusServiceUnavailable {
		return err
	}
	status := http.StatusBadRequest
	if e.Status == http.StatusServiceUnavailable || e.Status == http.StatusTooManyRequests {
		status = e.Status
	}
	return a.problemOf(w, r, status, e.Err.Safe)
}
