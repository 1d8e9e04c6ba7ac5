// Package httpapi is the doors of a Carehold server: what is reachable over
// HTTP, with what, how much and how fast.
//
//	/fhir        Authorization: Bearer, DPoP    FHIR R4, for clinicians' systems and tools
//	/holder/v1   nothing, an invite, a session  the person's own devices
//	/oauth       a client, as it is registered  OAuth 2.0 and SMART App Launch: package oauth
//	/ask         the address is the credential  a form to ask a person for access
//	/            nothing                        a page that says what this is
//	/livez …     nothing                        whether the process lives, and serves
//
// Every route is a row of one table (routes.go); the router, the limits, the
// Allow header and the authorization matrix that is tested are made from it.
// Every error is answered through another (problem.Table). A request goes one
// way:
//
//	event      a request id, one log line when it ends, security headers
//	gate       tokens where none belong, two of them, a page on another origin: 400, 403
//	rate       of the client's address; how many at once
//	route      the table's row: 404, 405 with Allow
//	credential the row's kinds, opened into a View: 401
//	body       the row's media types and size: 415, 413
//	handler    func(w, r, View) error
//
// # What it promises
//
// A token is read from the Authorization header and from nowhere else. Unknown,
// expired, stopped, foreign and malformed tokens are answered in the same bytes,
// and so are entries that are absent and entries outside the grant. Links are
// made from the configured public URL, never from the Host header. A log line or
// a metric holds the route's template, never its path, query or token.
//
// # What it must never do
//
// Decide who may see what: that is the store's View. Decode a resource and encode
// it again. Keep anything of a request when it has ended, but for the counts of
// the rate limits, which are bounded.
package httpapi
