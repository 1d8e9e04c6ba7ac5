package fhirapi

import (
	"net/http"
	"slices"

	"carehold/record"
)

// conditions are the headers by which a client has a request depend on what there is
// (RFC 9110 §13.1, FHIR R4 §3.1.0.8.1).
//
// Which interaction understands which:
//
//	read, vread      If-None-Match, If-Modified-Since  304
//	create           If-None-Exist                     the one there is, or 412
//	update           If-Match, If-None-Match: *        412
//	patch, delete    If-Match                          412
//
// Every other is refused, for whoever sent it believes that it holds. Three are not
// among these. If-Modified-Since never keeps anything from happening: it is passed over
// where RFC 9110 §13.1.3 says so, which is everywhere but in a read. So is
// If-Unmodified-Since beside an If-Match, the better of the two (§13.1.4). If-Range is
// nothing without Range (§13.1.5), which is for a Binary's own form (range.go).
var conditions = []string{"If-Match", "If-None-Match", "If-None-Exist", "If-Unmodified-Since"}

// heeds refuses the conditions that an interaction does not understand.
func heeds(h http.Header, understood ...string) error {
	for _, name := range conditions {
		switch {
		case len(h[name]) == 0 || slices.Contains(understood, name):
		case name != "If-Unmodified-Since":
			return record.Safef(record.Unsupported, "the header %s is not supported here: nothing was done", name)
		case slices.Contains(understood, "If-Match") && len(h["If-Match"]) > 0:
		case slices.Contains(understood, "If-Match"):
			// A Last-Modified is to the second, in which there may have been two versions.
			return record.Safef(record.Unsupported, "the header If-Unmodified-Since is not supported: nothing was done. Send If-Match with the ETag that you read")
		default:
			return record.Safef(record.Unsupported, "the header If-Unmodified-Since is not supported: nothing was done")
		}
	}
	return nil
}

// changing reads the query of a request that changes what its path names, or makes
// what its body holds. It has nothing but what every request may have: what looks like
// a condition there, and is none, would be about another resource than was meant.
func changing(r *http.Request) error {
	q, err := ask(r)
	if err != nil || len(q.unknown) == 0 {
		return err
	}
	first := q.unknown[0]
	text := "%s would not be heeded here: nothing was done"
	switch {
	case r.PathValue("id") != "":
		text = "the id says which resource this is about, and %s would not be heeded: nothing was done"
	case r.PathValue("type") != "":
		text += ". A condition for a create is the header If-None-Exist"
	}
	return record.Errorf(record.Invalid, text, first).At(first)
}
