package fhirapi

import (
	"net/http"
	"strings"

	"carehold/httpapi/message"
	"carehold/record"
	"carehold/record/change"
	"carehold/record/fhir"
	"carehold/record/grant"
	"carehold/record/store"
)

// Create makes an entry under an id of this server's; the client's is ignored.
// FHIR R4 §3.1.0.8. With If-None-Exist it makes none when there is one already
// (§3.1.0.8.1), and answers with that: 200.
func (a *API) Create(w http.ResponseWriter, r *http.Request, v *store.View) error {
	if err := changing(r); err != nil {
		return err
	}
	if err := heeds(r.Header, "If-None-Exist"); err != nil {
		return err
	}
	if err := notHere(r, message.ImportHeaderName); err != nil {
		return err
	}
	typ := r.PathValue("type")
	if err := storable(typ); err != nil {
		return err
	}
	c := change.Change{Verb: change.Create, Ref: fhir.Ref{Type: typ}}
	var err error
	if c.Query, err = ifNoneExist(r); err != nil {
		return err
	}
	if err := v.May(r.Context(), fhir.Ref{Type: typ, ID: v.NewID(typ)}, grant.ActCreate); err != nil {
		return err
	}
	if c.Resource, err = resource(r, typ); err != nil {
		return err
	}
	res, hints, err := a.apply(r, v, c)
	if err != nil {
		return err
	}
	return a.wrote(w, r, res, hints)
}

// ifNoneExist is the condition of a conditional create; "" for none.
func ifNoneExist(r *http.Request) (string, error) {
	switch none := r.Header["If-None-Exist"]; len(none) {
	case 0:
		return "", nil
	case 1:
		if before, _, ok := strings.Cut(none[0], "?"); ok && before != "" && !strings.Contains(before, "=") {
			return "", record.Safef(record.Invalid, "If-None-Exist holds what would follow the question mark of a search, and no type: identifier=system|value")
		}
		return condition(strings.TrimPrefix(none[0], "?"))
	}
	return "", record.Safef(record.Invalid, "there is more than one If-None-Exist")
}
