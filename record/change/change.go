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
	Search // GET of anything else: a search, a history, an operation
	Exists // a conditional create that found one: nothing is written, the answer is 200
	Absent // a conditional delete that found none: nothing is written, the answer is 204
	Patch  // planned, it is an Update: a store never sees it
	Invoke // POST of an operation: only in a batch
)

// Change is one thing to do to the record: as it is asked for, or, once it is
// planned, as it is to be done.
type Change struct {
	Index       int            // of the entry in the bundle: answers are given in that order
	Verb        Verb           //
	Ref         fhir.Ref       // asked with a condition, an Update, Delete or Patch has no ID here; planned, it has
	Resource    *fhir.Resource // of Create and Update, planned with its references rewritten; of Invoke
	Patch       *JSONPatch     // of Patch
	Query       string         // the condition, still percent-encoded; of Read and Head, what follows the question mark
	IfMatch     string         // as sent: W/"3"
	IfNoneMatch string
	Since       string         // of GET and HEAD: ifModifiedSince, a FHIR instant
	Version     record.Version // of Read and Head: 0 is the newest
	FullURL     string
	URL         string // of the request, as sent
	Err         error  // in a batch: why this entry cannot be done. The others can

	kept map[string]bool // references that were there before a patch: they stay
}

// conditional reports whether only the record knows what is meant.
func (c *Change) conditional() bool {
	switch c.Verb {
	case Create:
		return c.Query != ""
	case Update, Delete, Patch:
		return c.Ref.ID == ""
	}
	return false
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

// Options are what planning takes beside the record.
type Options struct {
	NewID func(typ string) string // the id of what is created

	// Check refuses what may not be written, as it would be written, or with other ids
	// in its references, which must make no difference to it; nil refuses nothing. It
	// is told the Index of the change, and may be asked of several at the same time.
	Check func(index int, r *fhir.Resource) error
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
