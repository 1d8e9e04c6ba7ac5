package fhirapi

import (
	"net/http"

	"carehold/httpapi/message"
	"carehold/record"
	"carehold/record/change"
	"carehold/record/fhir"
	"carehold/record/grant"
	"carehold/record/store"
)

// Update writes the next version of an entry, or its first under an id that the
// client chose, which only a grant to everything may. FHIR R4 §3.1.0.4.
func (a *API) Update(w http.ResponseWriter, r *http.Request, v *store.View) error {
	if err := changing(r); err != nil {
		return err
	}
	if err := notHere(r, message.ImportHeaderName); err != nil {
		return err
	}
	return a.update(w, r, v, fhir.Ref{Type: r.PathValue("type"), ID: r.PathValue("id")}, "")
}

// UpdateWhere updates the one entry that a condition finds, or creates one when it
// finds none. FHIR R4 §3.1.0.4.3.
func (a *API) UpdateWhere(w http.ResponseWriter, r *http.Request, v *store.View) error {
	query, err := conditional(r)
	if err != nil {
		return err
	}
	return a.update(w, r, v, fhir.Ref{Type: r.PathValue("type")}, query)
}

func (a *API) update(w http.ResponseWriter, r *http.Request, v *store.View, ref fhir.Ref, query string) error {
	if err := storable(ref.Type); err != nil {
		return err
	}
	if err := heeds(r.Header, "If-Match", "If-None-Match"); err != nil {
		return err
	}
	match, err := ifMatch(r.Header["If-Match"])
	if err != nil {
		return err
	}
	none, err := ifNoneMatchAny(r.Header["If-None-Match"])
	if err != nil {
		return err
	}
	may := []grant.Action{grant.ActUpdate}
	if query != "" { // it may come to a create
		may = append(may, grant.ActCreate)
	}
	if err := v.May(r.Context(), ref, may...); err != nil {
		return err
	}
	res, err := resource(r, ref.Type)
	if err != nil {
		return err
	}
	if query == "" && res.ID() != ref.ID { // a missing id is as wrong as another one
		return record.Safef(record.Invalid, "the resource's id must be the id in the URL").At(ref.Type + ".id")
	}
	if isSubsetted(res.Root().Get("meta")) { // FHIR R4 §3.1.1.5.8: what was left out must not be lost by it
		return record.Safef(record.Unprocessed, "this is a part of a resource, as its tag SUBSETTED says: read the whole, change that, and send it").At(ref.Type + ".meta.tag")
	}
	result, hints, err := a.apply(r, v, change.Change{Verb: change.Update, Ref: ref, Query: query, Resource: res, IfMatch: match, IfNoneMatch: none})
	if err != nil {
		return err
	}
	return a.wrote(w, r, result, hints)
}
