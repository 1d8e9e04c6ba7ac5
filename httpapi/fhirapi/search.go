package fhirapi

import (
	"net/http"
	"net/url"
	"strconv"

	"carehold/httpapi/problem"
	"carehold/record"
	"carehold/record/change"
	"carehold/record/store"
)

// How many entries a page has.
const (
	defaultCount = 50
	maxCount     = store.MaxPage
)

// Search serves the entries of one type that the grant reaches, page by page.
// FHIR R4 §3.1.1. Parameters that narrow a search are not supported yet; they are
// named in an OperationOutcome in the Bundle, for a filter that is silently left
// out could be believed.
func (a *API) Search(w http.ResponseWriter, r *http.Request, v *store.View) error {
	typ, err := resourceType(r)
	if err != nil {
		return err
	}
	values, unknown, err := query(r, "_count", "_page")
	if err != nil {
		return err
	}
	s, err := a.search(r, v, typ, values, unknown)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", ContentType)
	w.WriteHeader(http.StatusOK)
	return gone(s.write(w))
}

// found is a page on its way out.
type found struct {
	api     *API
	head    change.BundleHead
	entries []store.Entry
	unknown []string
}

func (a *API) search(r *http.Request, v *store.View, typ string, values url.Values, unknown []string) (*found, error) {
	count, err := pageSize(values)
	if err != nil {
		return nil, err
	}
	page, err := v.Search(r.Context(), store.Query{Type: typ, Limit: count, After: values.Get("_page")})
	if err != nil {
		return nil, err
	}
	f := &found{api: a, entries: page.Entries, unknown: unknown}
	f.head = change.BundleHead{Type: "searchset"}
	if page.Total != store.NotCounted { // FHIR R4 §2.36.3: total is 0..1
		f.head.Total = &page.Total
	}
	link := func(relation, cursor string) {
		q := url.Values{"_count": {strconv.Itoa(count)}}
		if cursor != "" {
			q.Set("_page", cursor)
		}
		f.head.Links = append(f.head.Links, change.Link{Relation: relation, URL: a.config.Base + "/" + typ + "?" + q.Encode()})
	}
	link("self", values.Get("_page"))
	if page.Next != "" {
		link("next", page.Next)
	}
	return f, nil
}

func pageSize(values url.Values) (int, error) {
	if !values.Has("_count") {
		return defaultCount, nil
	}
	n, err := strconv.Atoi(values.Get("_count"))
	if err != nil || n < 0 {
		return 0, record.Safef(record.Invalid, "_count is a number from 0 to %d", maxCount)
	}
	// FHIR R4 §3.1.1.4.11: fewer than asked for, never more; and 0 asks for the
	// total alone.
	return min(n, maxCount), nil
}

// write writes the Bundle as it goes: resources are copied, never decoded.
func (f *found) write(w interface{ Write([]byte) (int, error) }) error {
	out := change.NewBundleWriter(w, f.head)
	for _, e := range f.entries {
		if err := out.Entry(change.BundleEntry{FullURL: f.api.fullURL(e.Ref), Resource: e.Body, Mode: "match"}); err != nil {
			return err
		}
	}
	if len(f.unknown) > 0 {
		var issues []problem.Issue
		for _, name := range f.unknown {
			issues = append(issues, problem.Issue{Severity: "warning", Code: "not-supported",
				Diagnostics: "the parameter " + name + " was left out: these are all the entries of the type that this token opens"})
		}
		if err := out.Entry(change.BundleEntry{Resource: problem.OutcomeOf("", issues...), Mode: "outcome"}); err != nil {
			return err
		}
	}
	return out.Close()
}
