package fhirapi

import (
	"net/http"

	"carehold/record"
	"carehold/record/store"
)

// Read serves the newest version. FHIR R4 §3.1.0.2.
func (a *API) Read(w http.ResponseWriter, r *http.Request, v *store.View) error {
	return a.read(w, r, v, 0)
}

func (a *API) read(w http.ResponseWriter, r *http.Request, v *store.View, at record.Version) error {
	if _, _, err := query(r); err != nil {
		return err
	}
	ref, err := reference(r)
	if err != nil {
		return err
	}
	e, err := v.Read(r.Context(), ref, at)
	if err != nil {
		return err
	}
	version(w.Header(), e.Version, e.Header.Time)
	if noneMatch(r.Header["If-None-Match"], e.Version) {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	return write(w, http.StatusOK, e.Body)
}
