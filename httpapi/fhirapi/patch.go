package fhirapi

import (
	"bytes"
	"io"
	"mime"
	"net/http"

	"carehold/httpapi/message"
	"carehold/httpapi/problem"
	"carehold/record"
	"carehold/record/change"
	"carehold/record/grant"
	"carehold/record/store"
)

// Patch changes an entry by a JSON Patch: the result is an update. FHIR R4 §3.1.0.6.
// Without an id it is the one entry that a condition finds: "works exactly as
// specified for conditional update", but that there is nothing to create when it
// finds none, which is 404.
func (a *API) Patch(w http.ResponseWriter, r *http.Request, v *store.View) error {
	c := change.Change{Verb: change.Patch}
	if r.PathValue("id") == "" {
		typ, err := resourceType(r)
		if err != nil {
			return err
		}
		c.Ref.Type = typ
		c.Query, err = conditional(r)
		if err != nil {
			return err
		}
		return a.patch(w, r, v, c)
	}
	if err := changing(r); err != nil {
		return err
	}
	if err := notHere(r, message.ImportHeaderName); err != nil {
		return err
	}
	var err error
	if c.Ref, err = reference(r); err != nil {
		return err
	}
	return a.patch(w, r, v, c)
}

func (a *API) patch(w http.ResponseWriter, r *http.Request, v *store.View, c change.Change) (err error) {
	w.Header().Set("Accept-Patch", change.PatchType) // RFC 5789 §3.1
	if err := heeds(r.Header, "If-Match"); err != nil {
		return err
	}
	if c.IfMatch, err = ifMatch(r.Header["If-Match"]); err != nil {
		return err
	}
	if err := v.May(r.Context(), c.Ref, grant.ActUpdate); err != nil {
		return err
	}
	switch typ, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); typ {
	case change.PatchType:
	case jsonTypes[0]:
		return change.ErrFHIRPathPatch
	default:
		return record.Safef(problem.MediaType, "a patch is a JSON Patch, sent as "+change.PatchType)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	if len(bytes.TrimSpace(body)) == 0 {
		return record.Safef(record.Invalid, "the body is empty: send a JSON Patch, an array of operations (RFC 6902)")
	}
	if c.Patch, err = change.ParseJSONPatch(body); err != nil {
		return err
	}
	res, hints, err := a.apply(r, v, c)
	if err != nil {
		return err
	}
	return a.wrote(w, r, res, hints)
}
