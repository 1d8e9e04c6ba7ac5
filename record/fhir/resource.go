package fhir

import (
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// Resource is a checked resource that keeps the bytes it came in. It does not
// change, and may be used by several goroutines.
type Resource struct {
	tape
	typ    string
	typeAt int32 // nodes; -1 for a member that is not there
	id     int32
	meta   int32

	versionID, lastUpdated int32
}

// Type is the resource type.
func (r *Resource) Type() string { return r.typ }

// ID is the id as sent, or "".
func (r *Resource) ID() string { return r.textAt(r.id) }

// VersionID is meta.versionId as sent, or "".
func (r *Resource) VersionID() string { return r.textAt(r.versionID) }

// LastUpdated is meta.lastUpdated as sent, or "".
func (r *Resource) LastUpdated() string { return r.textAt(r.lastUpdated) }

// Bytes are the bytes the resource came in. They must not be changed.
func (r *Resource) Bytes() []byte { return r.raw }

// Values is how many values the resource holds, as Limits counts them.
func (r *Resource) Values() int { return len(r.nodes) }

func (r *Resource) textAt(n int32) string {
	if n < 0 {
		return ""
	}
	return r.text(n)
}

// Value is the JSON of an element: "category", "subject.reference". It does not
// look inside arrays.
func (r *Resource) Value(path string) (jsontext.Value, bool) {
	n := int32(0)
	for name := range strings.SplitSeq(path, ".") {
		if n = r.member(n, name); n < 0 {
			return nil, false
		}
	}
	return jsontext.Value(r.raw[r.nodes[n].start:r.nodes[n].end]), true
}
