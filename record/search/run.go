package search

import (
	"time"

	"carehold/record"
	"carehold/record/fhir"
)

// Entry is what a search sees of a resource.
type Entry struct {
	Ref     fhir.Ref
	ID      record.EntryID
	Updated time.Time // meta.lastUpdated
	Index   []byte    // made by Index
}

// Result is what a search matched, in order.
type Result struct {
	Matches []int // indexes into what was searched
}

// Run matches every entry, which are only those that may be seen, and puts what
// matched in order: by _sort, then by ID.
func (q *Query) Run(all []Entry) (*Result, error) {
	return nil, record.Safef(record.Unsupported, "search is not there yet")
}
