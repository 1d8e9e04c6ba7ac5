package web

import (
	"net/http"
	"strings"
)

// Problem is the page of an error. why is what may be told of it, at the address to use
// instead, for a request that was meant for another name; each may be empty.
func (p *Pages) Problem(w http.ResponseWriter, r *http.Request, status int, requestID, why, at string) {
	key := "problem.wrong"
	switch {
	case at != "":
		key = "problem.address"
	case status == http.StatusNotFound || status == http.StatusGone:
		key, why = "problem.nothing", ""
	case status == http.StatusServiceUnavailable || status == http.StatusTooManyRequests:
		key = "problem.busy"
		if why == "" {
			why = p.T(r, "problem.busy.why")
		}
	case status == http.StatusConflict || status == http.StatusPreconditionFailed:
		key = "problem.conflict"
	case status < 500:
		key = "problem.request"
	}
	if why != "" && why[0] >= 'a' && why[0] <= 'z' { // a sentence
		why = string(why[0]-'a'+'A') + why[1:] + "."
	}
	_ = p.Render(w, r, Page{File: "problem", Title: p.T(r, key), Status: status, Error: true,
		Data: struct{ Why, At, ID string }{why, at, requestID}})
}

// Starting serves what can be served before there is a store: the stylesheet, and a page
// that says so and looks again by itself.
func (p *Pages) Starting(w http.ResponseWriter, r *http.Request) {
	if name, ok := strings.CutPrefix(r.URL.Path, "/static/"); ok && p.static[name] != nil {
		r.SetPathValue("asset", name)
		_ = p.Static(w, r)
		return
	}
	w.Header().Set("Retry-After", "2")
	w.Header().Set("Refresh", "3")
	_ = p.Render(w, r, Page{File: "starting", Title: p.T(r, "starting.title"), Status: http.StatusServiceUnavailable})
}
