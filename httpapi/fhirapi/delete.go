package fhirapi

import (
	"net/http"

	"carehold/httpapi/message"
	"carehold/record/change"
	"carehold/record/store"
)

// Delete writes a version that says the entry is deleted. FHIR R4 §3.1.0.7.
func (a *API) Delete(w http.ResponseWriter, r *http.Request, v *store.View) error {
	if _, _, err := query(r); err != nil {
		return err
	}
	if err := notHere(r, message.ImportHeaderName); err != nil {
		return err
	}
	ref, err := reference(r)
	if err != nil {
		return err
	}
	match, err := ifMatch(r.Header["If-Match"])
	if err != nil {
		return err
	}
	result, err := applyOne(r, v, change.Change{Verb: change.Delete, Ref: ref, IfMatch: match})
	if err != nil {
		return err
	}
	if result.Version > 0 {
		w.Header().Set("ETag", etag(result.Version))
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
