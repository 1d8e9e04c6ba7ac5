package web

import "net/http"

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
