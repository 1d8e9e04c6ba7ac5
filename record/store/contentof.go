package store

import (
	"errors"

	"carehold/record"
	"carehold/record/fhir"
	"carehold/record/grant"
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
			return &Content{Entry: e, v: v, on: v.footing()}, nil
		}
	}
	return v.content(e)
}

// stillLive reports whether the grant is, now: what began before it was stopped ends
// then.
func (v *View) stillLive(r kv.Reader) error {
	_, err := v.living(r)
	return err
}

func (v *View) living(r kv.Reader) (*person, error) {
	now := v.s.time()
	p, err := v.s.load(r, v.person)
	if errors.Is(err, errNoPerson) || err == nil && (v.ended(now) || !p.Live.Valid(v.token.Grant, now)) {
		return nil, errUnauthorized
	}
	return p, err
}

// stillSame is stillLive, and errStale when the grant's row is another by now: by an
// epoch, or as the person changed the grant.
func (v *View) stillSame(r kv.Reader) error {
	p, err := v.living(r)
	if err != nil {
		return err
	}
	if listed, _ := p.Live.Find(v.token.Grant); listed.Row != v.row || p.Account.Signing != v.signing {
		return errStale
	}
	return nil
}

// footing is the grant that something was decided under which then takes its time.
type footing struct {
	row   hash
	grant grant.Grant
}

func (v *View) footing() footing { return footing{v.row, v.grant} }

// errNarrowed is for who is in the middle of an answer.
var errNarrowed error = record.Safef(record.Conflict, "the person changed the grant meanwhile, and it allows less than it did: ask again, for what it allows now")

// moved reports whether the View stands on another row by now than what was decided. An
// epoch cuts nobody off; errNarrowed when the grant has lost anything since, be it what
// is fetched or not: who fetches asks again, and all of it is decided anew.
func (v *View) moved(x *footing) (bool, error) {
	if x.row == v.row {
		return false, nil
	}
	if lost(x.grant, v.grant) {
		return true, errNarrowed
	}
	*x = v.footing()
	return true, nil
}

// lost reports whether a grant does not allow all that it did.
func lost(was, is grant.Grant) bool {
	if was.Sections&^is.Sections != 0 || is.NarrowsFiles() && !was.NarrowsFiles() {
		return true
	}
	had := grant.FormatScopes(was.Scopes)
	return had != grant.FormatScopes(is.Scopes) && had != grant.FormatScopes(grant.Intersect(was.Scopes, is.Scopes))
}
