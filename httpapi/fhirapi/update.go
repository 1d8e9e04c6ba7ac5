package fhirapi

import (
	"net/http"

	"carehold/httpapi/message"
	"carehold/record"
	"carehold/record/change"
	"carehold/record/fhir"
	"carehold/record/store"
)

// Update writes the next version of an entry, or its first under an id that the
// client chose, which only a grant to everything may. FHIR R4 §3.1.0.4.
func (a *API) Update(w http.ResponseWriter, r *http.Request, v *store.View) error {
	if _, _, err := query(r); err != nil {
		return err
	}
	if err := notHere(r, message.ImportHeaderName); err != nil {
		return err
	}
	if err := storable(r.PathValue("type")); err != nil {
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
	ref := fhir.Ref{Type: r.PathValue("type"), ID: r.PathValue("id")}
	res, err := resource(r, ref.Type)
	if err != nil {
		return err
	}
	if res.ID() != ref.ID { // a missing id is as wrong as another one
		return record.Safef(record.Invalid, "the resource's id must be the id in the URL").At(ref.Type + ".id")
	}
	result, err := applyOne(r, v, change.Change{Verb: change.Update, Ref: ref, Resource: res, IfMatch: match, IfNoneMatch: none})
	if err != nil {
		return err
	}
	version(w.Header(), result.Version, result.Time)
	if result.Created {
		w.Header().Set("Location", a.location(result.Ref, result.Version))
	}
	return written(w, status(result), preferences(r.Header["Prefer"]), result.Body)
}
