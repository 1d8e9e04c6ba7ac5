package fhirapi

import (
	"net/http"
	"strings"

	"carehold/record"
	"carehold/record/change"
	"carehold/record/fhir"
	"carehold/record/store"
)

// get is what a GET inside a Bundle comes to: target is its URL, relative to the
// base, and header what would be sent with it. It is the same answer as by itself.
func (a *API) get(r *http.Request, v *store.View, target string, header http.Header) (*answer, error) {
	path, raw, _ := strings.Cut(target, "?")
	at := strings.Split(path, "/")
	var ref fhir.Ref
	if path != "" && path != "metadata" && path != "_history" {
		if ref.Type = at[0]; storable(ref.Type) != nil {
			reason, _ := change.Storable(ref.Type)
			return nil, noType(ref.Type, reason)
		}
		if len(at) > 1 && fhir.ValidID(at[1]) {
			ref.ID = at[1]
		}
	}
	n, last := len(at), at[len(at)-1]
	switch {
	case path == "metadata":
		q, err := askOf(header, raw, metadataParams...)
		if err != nil {
			return nil, err
		}
		return a.metadata(q)
	case last == "_history" && (n == 1 || n == 2 || n == 3 && ref.ID != ""):
		q, err := askOf(header, raw, historyParams...)
		if err != nil {
			return nil, err
		}
		return a.history(r, v, q, ref)
	case strings.HasPrefix(last, "$") && (n == 2 || n == 3 && ref.ID != ""):
		q, err := asksOperation(header, raw, last, ref)
		if err != nil {
			return nil, err
		}
		return a.operation(r, v, q, last, ref, nil)
	case n == 2 && ref.ID != "" || n == 4 && ref.ID != "" && at[2] == "_history":
		q, err := askOf(header, raw, shown...)
		if err != nil {
			return nil, err
		}
		version, ok := record.Version(0), true
		if n == 4 {
			version, ok = parseVersion(last)
		}
		if !ok {
			return nil, record.Safef(record.NotFound, "no such version")
		}
		return a.read(r, v, q, ref, version)
	case n == 1 || n == 3 && ref.Type == "Patient" && ref.ID != "" && (last == "*" || storable(last) == nil):
		in := sought{typ: ref.Type}
		if n == 3 {
			in = sought{typ: strings.TrimPrefix(last, "*"), patient: ref.ID}
		}
		q, err := asksFor(header, raw)
		if err != nil {
			return nil, err
		}
		return a.search(r, v, q, in, raw)
	}
	return nil, record.Safef(record.NotFound, "no such path")
}
