package change

import (
	"io"

	"carehold/record/fhir"
)

// Verb is what a change does.
type Verb uint8

const (
	Create Verb = iota + 1
	Update
	Patch
	Delete
	Read   // GET Type/id, or Type/id/_history/v
	Head   // HEAD of the same
	Search // GET of anything else
	Exists // a conditional create that found one: nothing is written, the answer is 200
	Absent // a conditional delete that found none: nothing is written, the answer is 204
)

// Change is one thing to do to the record, in the order to do it.
type Change struct {
	Index       int // of the entry in the bundle
	Verb        Verb
	Ref         fhir.Ref       // type and id; Create has the id newID gave
	Resource    *fhir.Resource // for Create and Update; its references are rewritten
	IfMatch     string
	IfNoneMatch string
	IfNoneExist string
	FullURL     string
	URL         string // of the request, as sent
	Err         error  // batch only: why this entry cannot be done; the others can
}

// Limits bounds what ParseBundle takes. A zero field means the default.
type Limits struct {
	Bytes    int64 // of the whole bundle; default 256 MiB
	Entries  int   // default 10,000
	Resource fhir.Limits
}

// Bundle is a bundle taken apart, its resources' bytes as they came.
type Bundle struct {
	Type    string
	Entries []Entry
	Ignored map[string]int // what was there and means nothing here: "link", "entry.search" …
}

// Entry is one entry of a bundle.
type Entry struct {
	Index    int
	FullURL  string
	Resource *fhir.Resource // nil when there is none or it was refused
	Err      error          // why the resource was refused
	Request  *Request       // nil when there is none
}

// Request is Bundle.entry.request.
type Request struct {
	Method, URL                       string
	IfMatch, IfNoneMatch, IfNoneExist string
	IfModifiedSince                   string
}

// Finder answers conditional references and conditional requests from what the
// caller may see. query is what comes after the question mark.
type Finder interface {
	Find(typ, query string) ([]fhir.Ref, error)
}

func ParseBundle(b []byte, lim Limits) (*Bundle, error) { return nil, nil }

// Plan orders a transaction or a batch. newID makes the id of a created
// resource; find may be nil, and then nothing conditional is possible.
func Plan(b *Bundle, newID func(typ string) string, find Finder) ([]Change, error) { return nil, nil }

// Import is what importing a bundle would do.
type Import struct {
	Changes  []Change // all Update
	Patients []PatientSummary
	Refused  []Refusal
	Counts   map[string]int // by type, of Changes
	Dangling int            // references that point to nothing in the bundle, kept as they are
	Ignored  map[string]int
}

// PatientSummary is enough to ask "is that you?".
type PatientSummary struct{ Name, BirthDate, NHSNumber string }

// Refusal says why an entry is not imported.
type Refusal struct {
	Index  int
	Ref    fhir.Ref
	Reason string
}

// PlanImport plans putting everything a bundle holds into one person's record.
func PlanImport(b *Bundle, source, patientID string) (*Import, error) { return nil, nil }

// ReadSource reads a Bundle, a single resource or NDJSON.
func ReadSource(r io.Reader, lim Limits) ([]*Bundle, error) { return nil, nil }
