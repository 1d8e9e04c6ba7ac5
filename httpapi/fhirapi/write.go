package fhirapi

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"carehold/httpapi/message"
	"carehold/httpapi/problem"
	"carehold/record"
	"carehold/record/change"
	"carehold/record/fhir"
	"carehold/record/store"
)

// apply does one change: what its condition means is looked up and done while
// nobody else can change the record. What is sent is validated before, and what comes
// of a patch then. hints are what is doubtful about what was written.
func (a *API) apply(r *http.Request, v *store.View, asked change.Change) (res store.Result, hints []problem.Issue, err error) {
	options := change.Options{NewID: v.NewID}
	if asked.Resource != nil {
		if hints, err = checked(asked.Resource); err != nil {
			return res, nil, err
		}
	} else {
		options.Check = func(_ int, res *fhir.Resource) (err error) {
			hints, err = checked(res)
			return err
		}
	}
	plan := func(find change.Finder) ([]change.Change, error) {
		c, err := change.One(asked, options, find)
		if err == nil && asked.Resource != nil && c.Resource != nil {
			err = literal(c, find)
		}
		return []change.Change{c}, err
	}
	if !change.Conditional([]change.Change{asked}) { // it need not be planned again, nor anybody wait for it
		changes, err := plan(nil)
		if err != nil {
			return res, nil, err
		}
		plan = func(change.Finder) ([]change.Change, error) { return changes, nil }
	}
	results, err := v.ApplyPlan(r.Context(), plan, store.ApplyOptions{Base: a.config.Base})
	if err != nil {
		return res, nil, err
	}
	if len(results) != 1 {
		return res, nil, record.Safef(record.Internal, "one change had %d results", len(results))
	}
	return results[0], hints, nil
}

// literal refuses a reference with a query, which only a transaction looks up (FHIR R4
// §3.1.0.11.2): kept as it is, it would point to nothing. An entry that has it already,
// as imports may bring it, can be changed all the same.
func literal(c change.Change, find change.Finder) error {
	var had []fhir.Reference
	for i, r := range unresolved(c.Resource) {
		if i == 0 && c.Verb == change.Update {
			if now, err := find.Current(c.Ref); err == nil {
				had = unresolved(now)
			}
		}
		if !slices.ContainsFunc(had, func(h fhir.Reference) bool { return h.Value == r.Value }) {
			return record.Safef(record.Unprocessed, "a reference with a query can only be sent in a transaction").At(r.Path)
		}
	}
	return nil
}

func unresolved(res *fhir.Resource) []fhir.Reference {
	return slices.DeleteFunc(res.References(), func(r fhir.Reference) bool {
		return r.In != fhir.InReference || fhir.ParseReference(r.Value).Form != fhir.Conditional
	})
}

// storable tells a type that FHIR has and a record does not hold from one that
// there is none of.
func storable(typ string) error {
	reason, ok := change.Storable(typ)
	switch {
	case ok:
		return nil
	case reason == "":
		return noType(typ, "")
	}
	return record.Safef(record.NotAllowed, "%s", reason)
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

// wrote answers a change that was made.
func (a *API) wrote(w http.ResponseWriter, r *http.Request, res store.Result, hints []problem.Issue) error {
	version(w.Header(), res.Version, res.Time)
	w.Header().Set("Location", a.location(res.Ref, res.Version))
	return written(w, status(res), preferences(r.Header["Prefer"]), res, hints)
}

// listing are what a list is asked for with beside its conditions, FHIR R4 §3.1.1.5.
// In a condition for a change they mean nothing: one that holds only these would be
// about every resource of the type.
var listing = []string{"_sort", "_count", "_total", "_include", "_revinclude", "_summary", "_elements", "_contained", "_containedType", "_page"}

// condition is what a request names its resource by instead of an id: the query,
// without how the answer is written, or what If-None-Exist says.
func condition(query string) (string, error) {
	var rest []string
	for part := range strings.SplitSeq(query, "&") {
		name, _, _ := strings.Cut(part, "=")
		name, err := url.QueryUnescape(name)
		if err != nil {
			return "", badQuery()
		}
		plain, _, _ := strings.Cut(name, ":")
		for _, no := range listing {
			if plain == no {
				return "", record.Safef(record.Invalid, "a condition says what a resource is like; this says how to list them").At(plain)
			}
		}
		if part != "" && name != "_format" && name != "_pretty" {
			rest = append(rest, part)
		}
	}
	if len(rest) == 0 {
		return "", record.Safef(record.Invalid, "name one resource by its id, /{type}/{id}, or by a condition, as in ?identifier=system|value")
	}
	return strings.Join(rest, "&"), nil
}

// conditional is the condition of a request to a type, which is no search: all that
// is in its query is the condition.
func conditional(r *http.Request) (string, error) {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return "", badQuery()
	}
	if err := format(r.Header, values); err != nil {
		return "", err
	}
	if err := notHere(r, message.ImportHeaderName); err != nil {
		return "", err
	}
	return condition(r.URL.RawQuery)
}
