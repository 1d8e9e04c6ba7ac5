package fhirapi

import (
	"net/http"

	"carehold/httpapi/message"
	"carehold/record/change"
	"carehold/record/fhir"
	"carehold/record/store"
)

// Delete writes a version that says the entry is deleted. FHIR R4 §3.1.0.7.
func (a *API) Delete(w http.ResponseWriter, r *http.Request, v *store.View) error {
	if err := changing(r); err != nil {
		return err
	}
	if err := notHere(r, message.ImportHeaderName); err != nil {
		return err
	}
	ref, err := reference(r)
	if err != nil {
		return err
	}
	return a.delete(w, r, v, change.Change{Verb: change.Delete, Ref: ref})
}

// DeleteWhere deletes the one entry that a condition finds; several are 412, and
// none is as deleted as it can be. FHIR R4 §3.1.0.7.1.
func (a *API) DeleteWhere(w http.ResponseWriter, r *http.Request, v *store.View) error {
	typ, err := resourceType(r)
	if err != nil {
		return err
	}
	query, err := conditional(r)
	if err != nil {
		return err
	}
	return a.delete(w, r, v, change.Change{Verb: change.Delete, Ref: fhir.Ref{Type: typ}, Query: query})
}

func (a *API) delete(w http.ResponseWriter, r *http.Request, v *store.View, c change.Change) (err error) {
	if err := heeds(r.Header, "If-Match"); err != nil {
		return err
	}
	if c.IfMatch, err = ifMatch(r.Header["If-Match"]); err != nil {
		return err
	}
	result, _, err := a.apply(r, v, c)
	if err != nil {
		return err
	}
	if result.Version > 0 {
		w.Header().Set("ETag", etag(result.Version))
	}
	if p := preferences(r.Header["Prefer"]); p.ret == "OperationOutcome" {
		return written(w, http.StatusOK, p, result, nil)
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
