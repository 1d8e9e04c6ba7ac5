package oauth

import (
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
	x, err := a.byCode(v, q.Code)
	if err != nil {
		return err
	}
	return sendJSON(w, http.StatusOK, x.coded())
}

// How many codes one person's sessions may try.
const (
	guessEvery = 6 * time.Second
	guessBurst = 20
	maxGuesses = 4096 // persons that are remembered
)
