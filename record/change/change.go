package change

import "carehold/record/fhir"

// Verb is what a change does.
type Verb uint8

const (
	Create Verb = iota + 1
	Update
	Delete
	Read   // GET Type/id
	Head   // HEAD of anything
	Search // GET of anything else: a search, a version, a history
	Exists // a conditional create that found one: nothing is written, the answer is 200
	Absent // a conditional delete that found none: nothing is written, the answer is 204
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
	FullURL     string
	URL         string // of the request, as sent
	Err         error  // in a batch: why this entry cannot be done. The others can
}

// Finder answers conditional references and requests from what the caller may
// see. query is what follows the question mark, still percent-encoded.
type Finder interface {
	Find(typ, query string) ([]fhir.Ref, error)
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
