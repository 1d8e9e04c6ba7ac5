package fhirapi

import (
	"fmt"
	"net/http"

	"carehold/record"
	"carehold/record/change"
	"carehold/record/store"
)

// transaction makes all of the changes or none. FHIR R4 §3.1.0.11.2.
func (a *API) transaction(w http.ResponseWriter, r *http.Request, v *store.View, plan []change.Change, opt store.ApplyOptions) error {
	for _, c := range plan {
		switch c.Verb {
		case change.Read, change.Head, change.Search:
			return record.Safef(record.Unsupported, "reads inside a transaction are not supported: send a batch, or read afterwards").
				At(fmt.Sprintf("Bundle.entry[%d].request.method", c.Index))
		}
	}
	var results []store.Result
	if len(plan) > 0 {
		var err error
		if results, err = v.Apply(r.Context(), plan, opt); err != nil {
			return err
		}
	}
	if len(results) != len(plan) {
		return record.Safef(record.Internal, "%d changes had %d results", len(plan), len(results))
	}
	p := preferences(r.Header["Prefer"])
	responses := make([]response, len(plan))
	for i, res := range results {
		responses[i] = response{plan[i].Index, a.result(res, p)}
	}
	return a.respond(w, "transaction-response", responses)
}
