package fhirapi

import (
	"net/http"

	"carehold/httpapi/message"
	"carehold/record"
	"carehold/record/change"
	"carehold/record/fhir"
	"carehold/record/store"
)

// Create makes an entry under an id of this server's; the client's is ignored.
// FHIR R4 §3.1.0.8.
func (a *API) Create(w http.ResponseWriter, r *http.Request, v *store.View) error {
	if _, _, err := query(r); err != nil {
		return err
	}
	if err := notHere(r, "If-None-Exist", message.ImportHeaderName, "If-Match"); err != nil {
		return err
	}
	typ := r.PathValue("type")
	if err := storable(typ); err != nil {
		return err
	}
	res, err := resource(r, typ)
	if err != nil {
		return err
	}
	c := change.Change{Verb: change.Create, Ref: fhir.Ref{Type: typ, ID: v.NewID(typ)}, Resource: res}
	result, err := applyOne(r, v, c)
	if err != nil {
		return err
	}
	version(w.Header(), result.Version, result.Time)
	w.Header().Set("Location", a.location(result.Ref, result.Version))
	return written(w, status(result), preferences(r.Header["Prefer"]), result.Body)
}

// storable tells a type that FHIR has and a record does not hold from one that
// there is none of.
func storable(typ string) error {
	reason, ok := change.Storable(typ)
	switch {
	case ok:
		return nil
	case reason == "":
		return record.Safef(record.NotFound, "no such resource type")
	}
	return record.Safef(record.NotAllowed, "%s", reason)
}

// applyOne makes one change.
func applyOne(r *http.Request, v *store.View, c change.Change) (store.Result, error) {
	results, err := v.Apply(r.Context(), []change.Change{c}, store.ApplyOptions{})
	if err != nil {
		return store.Result{}, err
	}
	if len(results) != 1 {
		return store.Result{}, record.Safef(record.Internal, "one change had %d results", len(results))
	}
	return results[0], nil
}

// status is the HTTP status of what a change did.
func status(r store.Result) int {
	switch {
	case r.Deleted:
		return http.StatusNoContent
	case r.Created:
		return http.StatusCreated
	}
	return http.StatusOK
}
