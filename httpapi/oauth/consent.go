package oauth

import (
	"crypto/subtle"
	"net/http"
	"time"

	"carehold/crypto"
	"carehold/httpapi/message"
	"carehold/record"
	"carehold/record/holder"
	"carehold/record/store"
)

// A person answers an app in one of two places: in the browser that the app sent here,
// which has the request's secret in a cookie, or on another device, with the code. The
// page of the person's is another package's; here it learns what is asked, as a device
// learns it by Lookup. The answer itself comes from the device's keys, as always.

// Consent is a request that waits, for the page on which the person answers it.
type Consent struct {
	holder.Request
	Code string // under which a device finds it
	Tab  string // where this browser waits for the answer; "": another one does
}

func (x *waiting) consent() Consent {
	m := x.coded()
	return Consent{Code: x.typed, Request: holder.Request{ID: x.id, Question: x.question, Expires: m.Expires,
		App: holder.App{Name: m.Client.Name, Organisation: m.Client.Organisation, URI: m.Client.URI, Host: m.Client.Host, Verified: m.Client.Verified, Redirect: m.Redirect}}}
}

// coded is what a device is told of a request.
func (x *waiting) coded() message.Coded {
	return message.Coded{
		ID: message.ID(x.id), Question: x.question.Marshal(), Expires: x.until.UTC().Truncate(time.Second), Redirect: whereTo(x.redirect),
		Client: message.App{ID: x.client.ID, Name: x.client.Name, Organisation: x.client.Organisation, URI: x.client.URI, Host: x.client.Host(), Verified: x.client.Verified},
	}
}

// Brought is the request that this very browser brought in a tab. Nobody else's link to
// the page leads to a request of theirs: the browser has to have its secret.
func (a *API) Brought(r *http.Request, tab string) (Consent, bool) {
	secret, ok := a.request(r, tab)
	if !ok {
		return Consent{}, false
	}
	defer secret.Destroy()
	c, ok := a.Named(secret.CapsuleID())
	c.Tab = tab
	return c, ok
}

// Named is the request with an id.
func (a *API) Named(id crypto.CapsuleID) (Consent, bool) {
	x, ok := a.waiting.get(a.now(), id)
	if !ok || !a.now().Before(x.until) {
		return Consent{}, false
	}
	return x.consent(), true
}

// Typed is the request with the code that the person typed. It counts as a guess.
func (a *API) Typed(v *store.View, text string) (Consent, error) {
	x, err := a.byCode(v, text)
	if err != nil {
		return Consent{}, err
	}
	return x.consent(), nil
}

func (a *API) byCode(v *store.View, text string) (*waiting, error) {
	if !a.guesses.Take(v.Grant().Person, a.now()) {
		return nil, record.Safef(record.TooMany, "too many codes were tried: wait a minute")
	}
	code, ok := parseTyped(text)
	if !ok {
		return nil, errNoCode
	}
	x, ok := a.waiting.find(a.now(), func(x *waiting) bool {
		return subtle.ConstantTimeCompare([]byte(x.typed), []byte(code)) == 1
	})
	if !ok || !a.now().Before(x.until) {
		return nil, errNoCode
	}
	return x, nil
}
