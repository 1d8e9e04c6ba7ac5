package store

import (
	"errors"

	"carehold/record/fhir"
	"carehold/record/kv"
)

// ErrFull and ErrSending are told apart from others of their kind by a face that has
// a status for each: there is no room left for this record, and another request is
// writing this upload.
var (
	ErrFull    = errFull
	ErrSending = errSentBusy
)

// ContentOf is the content of a Binary that this View has just read: the reading is
// logged, so this is not logged again. One without data has an empty content.
func (v *View) ContentOf(e Entry) (*Content, error) {
	if e.Header.Content == nil {
		if r, err := fhir.Parse(e.Body, fhir.Limits{}); err == nil && r.Type() == "Binary" && !r.Root().Get("data").Valid() {
			return &Content{Entry: e, v: v}, nil
		}
	}
	return v.content(e)
}

// stillLive reports whether the grant is, now: what began before it was stopped ends
// then.
func (v *View) stillLive(r kv.Reader) error {
	now := v.s.time()
	p, err := v.s.load(r, v.person)
	if errors.Is(err, errNoPerson) || err == nil && (v.ended(now) || !p.Live.Valid(v.token.Grant, now)) {
		return errUnauthorized
	}
	return err
}
