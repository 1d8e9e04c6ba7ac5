package fhirapi

import (
	"net/url"
	"strconv"
	"strings"

	"carehold/record"
	"carehold/record/change"
	"carehold/record/store"
)

// How many entries a page has.
const (
	defaultCount = 50
	maxCount     = store.MaxPage
)

// list is what a request for a list comes to, on its first page or a later one.
type list struct {
	asked  store.Asked
	values url.Values // of the first page
	limit  int
	page   string // the token of this page; "" on the first
	part   part
	self   string // the link to what was asked for
}

// list reads a list's paging: a link to a further page says nothing but which page
// it is, and everything else the list was asked for with is in its token.
func (a *API) list(v *store.View, q *asked, path string) (l list, err error) {
	l.page = q.values.Get("_page")
	l.values = q.values
	if q.values.Has("_page") {
		if l.asked, err = a.openPage(v, q, path); err != nil {
			return l, err
		}
		if l.values, err = url.ParseQuery(l.asked.Query); err != nil {
			return l, record.Safef(record.Internal, "a page's own query cannot be read")
		}
		first := &asked{values: l.values}
		if err := first.parts(); err != nil {
			return l, err
		}
		l.part, l.self = first.part, a.pageLink(path, l.page)
		l.limit, err = pageSize(l.values)
		return l, err
	}
	if l.limit, err = pageSize(l.values); err != nil {
		return l, err
	}
	if q.summary == "count" {
		l.limit = 0
	}
	as := q.applied("_since", "_at", "_summary", "_elements")
	as.Set("_count", strconv.Itoa(l.limit))
	l.asked = store.Asked{Path: path, Query: as.Encode()}
	l.part, l.self = q.part, a.listURL(path)+"?"+as.Encode()
	return l, nil
}

// openPage opens a page's token, beside which there is only how the answer is
// written: a parameter that would be left out is refused.
func (a *API) openPage(v *store.View, q *asked, path string) (store.Asked, error) {
	for name := range q.values {
		if name != "_page" && name != "_format" && name != "_pretty" {
			return store.Asked{}, record.Errorf(record.Invalid, "a link to a further page is complete: follow it as it is, without %s", name).At(name)
		}
	}
	if len(q.values["_page"]) > 1 {
		return store.Asked{}, record.Safef(record.Invalid, "there is more than one _page: follow the link as it is").At("_page")
	}
	as, err := v.OpenPage(q.values.Get("_page"))
	if err == nil && as.Path != path {
		err = record.Safef(record.Invalid, "this is not a page of this list: begin again without _page").At("_page")
	}
	return as, err
}

func (a *API) pageLink(path, token string) string { return a.listURL(path) + "?_page=" + token }

// listURL is where a list is; the whole system's is the base itself.
func (a *API) listURL(path string) string { return strings.TrimSuffix(a.config.Base+"/"+path, "/") }

// links are those of a page: what it is, and of a list of several pages the next and
// the first (FHIR R4 §3.1.0.14). All but the first page's self are sealed. There is no
// previous: a page ends where it is full, so that one that ends where another begins
// is not known without going through the list again; and no last.
func (a *API) links(l list, next string, first func(store.Asked) (string, error)) ([]change.Link, error) {
	links := []change.Link{{Relation: "self", URL: l.self}}
	if next != "" {
		links = append(links, change.Link{Relation: "next", URL: a.pageLink(l.asked.Path, next)})
	}
	if next == "" && l.page == "" {
		return links, nil
	}
	token, err := first(l.asked)
	return append(links, change.Link{Relation: "first", URL: a.pageLink(l.asked.Path, token)}), err
}

// pageSize reads _count: fewer than asked for, never more, and 0 asks for the total
// alone (FHIR R4 §3.1.1.5.3).
func pageSize(values url.Values) (int, error) {
	if !values.Has("_count") {
		return defaultCount, nil
	}
	text := values.Get("_count")
	n, err := strconv.Atoi(text)
	if strings.Trim(text, "0123456789") != "" || text == "" {
		return 0, record.Safef(record.Invalid, "_count is a number: 0, 1, 2 …").At("_count")
	}
	if err != nil {
		n = maxCount
	}
	return min(n, maxCount), nil
}
