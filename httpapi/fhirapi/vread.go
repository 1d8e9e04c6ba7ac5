package fhirapi

import (
	"net/http"

	"carehold/record"
	"carehold/record/store"
)

// VRead serves one version. FHIR R4 §3.1.0.3. What is not a number is no version
// of anything: 404, as for a number that is none.
func (a *API) VRead(w http.ResponseWriter, r *http.Request, v *store.View) error {
	ref, err := reference(r)
	if err != nil {
		return err
	}
	at, ok := parseVersion(r.PathValue("version"))
	if !ok {
		return record.Safef(record.NotFound, "no such version")
	}
	return a.show(w, r, v, ref, at)
}
