package change

import (
	"carehold/record"
	"carehold/record/fhir"
)

// Verb is what a change does.
type Verb uint8

const (
	Create Verb = iota + 1
	Update
	Delete
	Read   // GET Type/id and Type/id/_history/n: the state after the changes
	Head   // HEAD of anything
	Search // GET of anything else: a search, a history, $validate
	Exists // a conditional create that found one: nothing is written, the answer is 200
	Absent // a conditional delete that found none: nothing is written, the answer is 204
	Patch  // planned, it is an Update: a store never sees it
)

// Change is one thing to do to the record.
type Change struct {
	Index       int            // of the entry in the bundle: answers are given in that order
	Verb        Verb           //
	Ref         fhir.Ref       // of Create with the id newID gave; of Search and Head as far as the URL says
	Resource    *fhir.Resource // of Create and Update, its references rewritten
	IfMatch     string         // as sent: W/"3"
	IfNoneMatch string
	IfNoneExist string
	Version     record.Version // of Read and Head: 0 is the newest
	FullURL     string
	URL         string // of the request, as sent
	Err         error  // in a batch: why this entry cannot be done. The others can
}

// Finder answers conditional references and requests from what the caller may
// see, as the record is while nobody else can change it.
type Finder interface {
	// Find is what matches; two are as good as all. query is what follows the
	// question mark, still percent-encoded. A parameter that is unknown or not
	// supported is an error (record.Invalid), whatever Prefer says: a condition
	// that is left out makes a request for one resource one for all of them.
	Find(typ, query string) ([]fhir.Ref, error)
	// Current is the newest version of what is about to be patched. It takes the
	// verbs of reading and of changing: the result shows what was there, and so
	// does whether a test of the patch fails. record.NotFound, Gone, Forbidden as
	// for any read.
	Current(ref fhir.Ref) (*fhir.Resource, error)
}

// Storable reports whether a record can hold resources of the type, and if not
// why (see the package comment).
func Storable(typ string) (reason string, ok bool) {
	switch typ {
	case "Parameters":
		return "Parameters are the arguments of an operation; FHIR gives them no place of their own", false
	case "OperationOutcome":
		return "an OperationOutcome is the answer to one request, not part of a record", false
	case "Subscription":
		return "a Subscription asks a server to send data on; here only a grant does that", false
	}
	return "", fhir.KnownType(typ)
}
