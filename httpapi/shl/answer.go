package shl

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"

	"carehold/httpapi/problem"
	"carehold/record"
	"carehold/record/store"
)

// refused answers a passcode that was another; every other error is passed on.
func refused(w http.ResponseWriter, err error) error {
	wrong, ok := errors.AsType[store.WrongPasscode](err)
	if !ok {
		return err
	}
	// RFC 9110 §15.5.2 asks for a challenge; the standard has no name for this one.
	w.Header().Set("WWW-Authenticate", "Passcode")
	return sendJSON(w, http.StatusUnauthorized, map[string]int{"remainingAttempts": wrong.Remaining})
}

// nothing is said in the words of a link: whoever opens one knows of no token.
func nothing(err *error) {
	if record.KindOf(*err) == record.NotFound {
		*err = Nothing
	}
}

// Nothing is the error of every link that opens nothing.
var Nothing error = record.Safef(problem.NoLink, "this link opens nothing")

func sendJSON(w http.ResponseWriter, status int, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	return sent(w.Write(b))
}

// sendFile answers with a file as it comes from the disk, part by part.
func sendFile(w http.ResponseWriter, write func(io.Writer) error) error {
	w.Header().Set("Content-Type", "application/jose")
	return write(line{w})
}

// line tells a client that went away from a fault of ours.
type line struct{ http.ResponseWriter }

func (l line) Write(p []byte) (int, error) {
	n, err := l.ResponseWriter.Write(p)
	return n, sent(n, err)
}

func sent(_ int, err error) error {
	if err != nil {
		return record.Safef(record.Unavailable, "the client went away before the end of the answer")
	}
	return nil
}
