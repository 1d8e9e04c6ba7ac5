package fhirapi

import (
	"io"
	"mime"
	"net/http"

	"carehold/httpapi/message"
	"carehold/httpapi/problem"
	"carehold/record"
	"carehold/record/change"
	"carehold/record/fhir"
	"carehold/record/store"
)

// PatchTypes are the media types that a PATCH is let through with: the one that is
// done, and those of a FHIRPath Patch, which is told that it is not.
var PatchTypes = append([]string{change.PatchType}, jsonTypes[:3]...)

// Patch changes an entry by a JSON Patch: the result is an update. FHIR R4 §3.1.0.6.
func (a *API) Patch(w http.ResponseWriter, r *http.Request, v *store.View) error {
	if _, err := ask(r); err != nil {
		return err
	}
	if err := notHere(r, message.ImportHeaderName); err != nil {
		return err
	}
	ref, err := reference(r)
	if err != nil {
		return err
	}
	return a.patch(w, r, v, change.Change{Verb: change.Patch, Ref: ref})
}

// PatchWhere patches the one entry that a condition finds: "works exactly as
// specified for conditional update" (FHIR R4 §3.1.0.6), but that there is nothing
// to create when it finds none: 404.
func (a *API) PatchWhere(w http.ResponseWriter, r *http.Request, v *store.View) error {
	typ, err := resourceType(r)
	if err != nil {
		return err
	}
	query, err := conditional(r)
	if err != nil {
		return err
	}
	return a.patch(w, r, v, change.Change{Verb: change.Patch, Ref: fhir.Ref{Type: typ}, Query: query})
}

func (a *API) patch(w http.ResponseWriter, r *http.Request, v *store.View, c change.Change) (err error) {
	w.Header().Set("Accept-Patch", change.PatchType) // RFC 5789 §3.1
	if err := notHere(r, "If-None-Match", "If-None-Exist"); err != nil {
		return err
	}
	if c.IfMatch, err = ifMatch(r.Header["If-Match"]); err != nil {
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
	if c.Patch, err = change.ParseJSONPatch(body); err != nil {
		return err
	}
	res, hints, err := a.apply(r, v, c)
	if err != nil {
		return err
	}
	return a.wrote(w, r, res, hints)
}
