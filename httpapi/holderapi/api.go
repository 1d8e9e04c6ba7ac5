package holderapi

import (
	"net/http"
	"net/url"

	"carehold/httpapi/message"
	"carehold/record"
	"carehold/record/change"
	"carehold/record/fhir"
	"carehold/record/store"
)

// API is the door. Its methods serve one path each.
type API struct {
	store   *store.Store
	version string
}

// New makes the door of a store.
func New(s *store.Store, version string) *API { return &API{s, version} }

// answer writes a message.
func answer(w http.ResponseWriter, m any) error {
	w.Header().Set("Content-Type", "application/json")
	if err := message.Write(w, m); err != nil {
		return record.Safef(record.Unavailable, "the client went away before the end of the answer")
	}
	return nil
}

// query reads a query in which only the known parameters may be, each once.
func query(r *http.Request, known ...string) (url.Values, error) {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, record.Safef(record.Invalid, "the query cannot be understood: check its percent-encoding")
	}
	n := 0
	for _, name := range known {
		if len(values[name]) > 1 {
			return nil, record.Safef(record.Invalid, "this parameter is there more than once").At(name)
		}
		n += len(values[name])
	}
	if n != len(values) {
		return nil, record.Safef(record.Invalid, "the query has a parameter that is not known here")
	}
	return values, nil
}

// reference is the type and id in the URL.
func reference(r *http.Request) (fhir.Ref, error) {
	ref := fhir.Ref{Type: r.PathValue("type"), ID: r.PathValue("id")}
	if _, ok := change.Storable(ref.Type); !ok {
		return ref, record.Safef(record.NotFound, "no such resource type")
	}
	return ref, nil
}

func refs(list []fhir.Ref) []string {
	out := make([]string, len(list))
	for i, ref := range list {
		out[i] = ref.String()
	}
	return out
}
