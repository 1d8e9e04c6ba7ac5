package fhirapi

import (
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"carehold/httpapi/problem"
	"carehold/record"
	"carehold/record/change"
	"carehold/record/fhir"
	"carehold/record/search"
	"carehold/record/store"
)

// Search serves what matches, of a type, of all types, or of what is about a patient
// (a compartment), page by page. FHIR R4 §3.1.1. A POST to _search says in its body
// what a GET says in its URL, or part of it in each (§3.1.1.2).
func (a *API) Search(w http.ResponseWriter, r *http.Request, v *store.View) error {
	in := sought{typ: r.PathValue("type"), patient: r.PathValue("id")}
	if in.typ != "" {
		if _, err := resourceType(r); err != nil {
			return err
		}
	}
	if c := r.PathValue("compartment"); c != "" && c != "Patient" {
		return record.Safef(record.Unsupported, "the one compartment here is the Patient's: /Patient/{id}/{type}")
	}
	raw := r.URL.RawQuery
	if r.Method == http.MethodPost {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return err
		}
		raw = strings.Trim(raw+"&"+string(body), "&")
	}
	q, err := asksFor(r.Header, raw)
	if err != nil {
		return err
	}
	if r.Method == http.MethodPost && q.values.Get("_pretty") == "true" && r.URL.Query().Get("_pretty") == "" {
		w = prettied(w)
	}
	x, err := a.search(r, v, q, in, raw)
	if err != nil {
		return err
	}
	return x.send(w)
}

// sought is where a search looks.
type sought struct {
	typ     string // "" for all
	patient string // whose compartment; "" for no compartment
}

// path is what follows the base in the search's URL.
func (s sought) path() string {
	switch {
	case s.patient == "":
		return s.typ
	case s.typ == "":
		return "Patient/" + s.patient + "/*"
	}
	return "Patient/" + s.patient + "/" + s.typ
}

// asksFor reads what a search has beside its conditions, which search.Parse reads.
func asksFor(header http.Header, raw string) (*asked, error) {
	values, err := url.ParseQuery(raw)
	if err != nil {
		return nil, badQuery()
	}
	if err := format(header, values); err != nil {
		return nil, err
	}
	return &asked{header: header, values: values, prefer: preferences(header["Prefer"])}, nil
}

// search is the answer to a search. raw is its text, with what stands in a body.
func (a *API) search(r *http.Request, v *store.View, q *asked, in sought, raw string) (*answer, error) {
	if err := heeds(q.header); err != nil {
		return nil, err
	}
	token := q.values.Get("_page")
	if q.values.Has("_page") {
		was, err := a.openPage(v, q, in.path())
		if err != nil {
			return nil, err
		}
		raw = was.Query
	}
	query, err := search.Parse(in.typ, raw, search.Options{Base: a.config.Base, Strict: q.prefer.strict})
	if err != nil {
		return nil, err
	}
	if in.patient != "" {
		if err := query.Within(fhir.Ref{Type: "Patient", ID: in.patient}); err != nil {
			return nil, err
		}
	}
	part, err := partOf(query.Summary, query.Elements)
	if err != nil {
		return nil, err
	}
	o := store.SearchOptions{Page: token, Limit: limitOf(query), Asked: store.Asked{Path: in.path(), Query: executed(query)}}
	page, err := v.Search(r.Context(), query, o)
	if err != nil {
		return nil, err
	}
	return a.searchset(v, page, o, part, leftOut(v, query, v.Searches))
}

// searchset is a page of a search as it is answered, with what is to be said of it.
func (a *API) searchset(v *store.View, page store.Page, o store.SearchOptions, part part, issues []problem.Issue) (_ *answer, err error) {
	head := change.BundleHead{Type: "searchset"}
	if head.Links, err = a.links(list{asked: o.Asked, page: o.Page, self: a.self(o.Asked, o.Page)}, page.Next, v.FirstOfSearch); err != nil {
		return nil, err
	}
	if page.Total != store.NotCounted { // FHIR R4 §2.36.3: total is 0..1
		head.Total = &page.Total
	}
	size := 0
	if part.whole() {
		for _, e := range page.Entries {
			size += len(e.Body) + aboutEach
		}
	}
	return &answer{status: http.StatusOK, size: size, stream: func(w io.Writer) error {
		defer page.Release()
		out := change.NewBundleWriter(w, head)
		for _, e := range page.Entries {
			p := part
			if e.Mode == "include" {
				p.elements = nil // §3.1.1.5.9: they are about what was searched
			}
			body, err := p.without(e.Header.Content != nil).of(e.Body)
			if err != nil {
				return err
			}
			if err := out.Entry(change.BundleEntry{FullURL: a.fullURL(e.Ref), Resource: body, Mode: e.Mode}); err != nil {
				return err
			}
		}
		if len(issues) > 0 {
			if err := out.Entry(change.BundleEntry{Resource: problem.OutcomeOf("", issues...), Mode: "outcome"}); err != nil {
				return err
			}
		}
		return out.Close()
	}}, nil
}

// limitOf is how many matches a page has: fewer than asked for, never more, and with
// 0 the total alone (FHIR R4 §3.1.1.5.3).
func limitOf(q *search.Query) int {
	switch {
	case q.Summary == "count":
		return 0
	case q.Count < 0:
		return defaultCount
	}
	return min(q.Count, maxCount)
}

// executed is the search as it was executed, with the page size that there is.
func executed(q *search.Query) string {
	parts := strings.Split(q.Applied(), "&")
	for i, p := range parts {
		if strings.HasPrefix(p, "_count=") {
			parts[i] = "_count=" + strconv.Itoa(min(q.Count, maxCount))
		}
	}
	return strings.Join(parts, "&")
}

// self is the link to what was asked for, FHIR R4 §3.1.1.6: the search as it was
// executed. Of a further page it is the link that led to it.
func (a *API) self(as store.Asked, token string) string {
	switch {
	case token != "":
		return a.pageLink(as.Path, token)
	case as.Query == "":
		return a.listURL(as.Path)
	}
	return a.listURL(as.Path) + "?" + as.Query
}
