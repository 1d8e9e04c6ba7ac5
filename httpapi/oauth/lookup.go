package oauth

import (
	"crypto/subtle"
	"net/http"
	"time"

	"carehold/httpapi/message"
	"carehold/record"
	"carehold/record/store"
)

var errNoCode error = record.Safef(record.NotFound, "no request with this code waits for an answer: it may be mistyped, have been answered or have run out")

// Lookup tells a device what a code stands for. POST /holder/v1/requests/lookup
func (a *API) Lookup(w http.ResponseWriter, r *http.Request, v *store.View) error {
	var q message.Lookup
	if err := message.Read(r.Body, &q); err != nil {
		return err
	}
	if !a.guesses.Take(v.Grant().Person, a.now()) {
		return record.Safef(record.TooMany, "too many codes were tried: wait a minute")
	}
	code, ok := parseTyped(q.Code)
	if !ok {
		return errNoCode
	}
	x, ok := a.waiting.find(a.now(), func(x *waiting) bool {
		return subtle.ConstantTimeCompare([]byte(x.typed), []byte(code)) == 1
	})
	if !ok || !a.now().Before(x.until) {
		return errNoCode
	}
	return sendJSON(w, http.StatusOK, message.Coded{
		ID: message.ID(x.id), Question: x.question.Marshal(), Expires: x.until.UTC().Truncate(time.Second), Redirect: whereTo(x.redirect),
		Client: message.App{ID: x.client.ID, Name: x.client.Name, Organisation: x.client.Organisation, URI: x.client.URI, Host: x.client.Host(), Verified: x.client.Verified},
	})
}

// How many codes one person's sessions may try.
const (
	guessEvery = 6 * time.Second
	guessBurst = 20
	maxGuesses = 4096 // persons that are remembered
)
