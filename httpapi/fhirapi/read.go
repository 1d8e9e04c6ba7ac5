package fhirapi

import (
	"net/http"
	"time"

	"carehold/record"
	"carehold/record/fhir"
	"carehold/record/store"
)

// Read serves the newest version. FHIR R4 §3.1.0.2.
func (a *API) Read(w http.ResponseWriter, r *http.Request, v *store.View) error {
	ref, err := reference(r)
	if err != nil {
		return err
	}
	return a.show(w, r, v, ref, 0)
}

func (a *API) show(w http.ResponseWriter, r *http.Request, v *store.View, ref fhir.Ref, at record.Version) error {
	q, err := ask(r, shown...)
	if err != nil {
		return err
	}
	x, err := a.read(r, v, q, ref, at)
	if err != nil {
		return err
	}
	return x.send(w)
}

// read is the answer to a read or a vread: 304 when the client has it already.
func (a *API) read(r *http.Request, v *store.View, q *asked, ref fhir.Ref, at record.Version) (*answer, error) {
	if err := heeds(q.header, "If-None-Match"); err != nil {
		return nil, err
	}
	if err := q.notCounted(); err != nil {
		return nil, err
	}
	e, err := v.Read(r.Context(), ref, at)
	if err != nil {
		return nil, err
	}
	x := &answer{status: http.StatusOK, etag: etag(e.Version), modified: e.Header.Time, fullURL: a.fullURL(ref)}
	if unmodified(q.header, e.Version, e.Header.Time) {
		x.status = http.StatusNotModified
		return x, nil
	}
	x.body, err = q.part.without(e.Header.Content != nil).of(e.Body)
	return x, err
}

// unmodified is FHIR R4 §3.1.0.1.9.1, a conditional read. Where both are sent,
// If-Modified-Since means nothing (RFC 9110 §13.1.3), nor does one that is no date.
func unmodified(h http.Header, v record.Version, at time.Time) bool {
	if len(h["If-None-Match"]) > 0 {
		return noneMatch(h["If-None-Match"], v)
	}
	since, err := http.ParseTime(h.Get("If-Modified-Since"))
	return err == nil && !at.Truncate(time.Second).After(since) // Last-Modified has no fractions of a second
}
