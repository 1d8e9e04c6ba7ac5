package fhir

import (
	"bytes"
	"slices"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// Meta is what the server says about a version. A zero field leaves the member
// as it came.
type Meta struct {
	ID          string
	VersionID   string
	LastUpdated time.Time
}

// instantLayout is an instant of FHIR with milliseconds, in UTC.
const instantLayout = "2006-01-02T15:04:05.000Z07:00"

// A splice puts text in place of raw[at:to].
type splice struct {
	at, to int
	text   []byte
}

// apply applies splices that are in order and do not overlap.
func apply(raw []byte, splices []splice) []byte {
	size := len(raw)
	for _, s := range splices {
		size += len(s.text) - (s.to - s.at)
	}
	out, done := make([]byte, 0, size), 0
	for _, s := range splices {
		out = append(append(out, raw[done:s.at]...), s.text...)
		done = s.to
	}
	return append(out, raw[done:]...)
}

// With returns the resource's bytes with id, meta.versionId and
// meta.lastUpdated set, and no other byte touched. What is there is replaced in
// its place; what is not is put in after resourceType, written the way the
// resource's own first member is.
func (r *Resource) With(m Meta) []byte { return apply(r.raw, r.setMeta(m)) }

func (r *Resource) setMeta(m Meta) []splice {
	var set []splice
	replace := func(n int32, text string) {
		set = append(set, splice{int(r.nodes[n].start), int(r.nodes[n].end), quote(text)})
	}
	insert := func(at int32, parts ...[]byte) {
		set = append(set, splice{int(at), int(at), bytes.Join(parts, nil)})
	}
	gap, colon := r.manner(0)
	comma := []byte{','}
	after := r.nodes[r.typeAt].end // where id and meta go

	switch {
	case m.ID == "":
	case r.id >= 0:
		replace(r.id, m.ID)
	default:
		insert(after, comma, gap, []byte(`"id"`), colon, quote(m.ID))
	}
	if r.id >= 0 {
		after = r.nodes[r.id].end
	}

	version := func() []byte { return bytes.Join([][]byte{[]byte(`"versionId"`), colon, quote(m.VersionID)}, nil) }
	updated := func() []byte {
		text := m.LastUpdated.UTC().Format(instantLayout)
		return bytes.Join([][]byte{[]byte(`"lastUpdated"`), colon, quote(text)}, nil)
	}
	hasVersion, hasUpdated := m.VersionID != "", !m.LastUpdated.IsZero()
	var both [][]byte // what is missing inside meta
	if hasVersion && r.versionID < 0 {
		both = append(both, version())
	}
	if hasUpdated && r.lastUpdated < 0 {
		both = append(both, updated())
	}
	if hasVersion && r.versionID >= 0 {
		replace(r.versionID, m.VersionID)
	}
	if hasUpdated && r.lastUpdated >= 0 {
		replace(r.lastUpdated, m.LastUpdated.UTC().Format(instantLayout))
	}
	switch {
	case len(both) == 0:
	case r.meta < 0:
		space := []byte(", ")[:len(colon)] // "," or ", " as the colon is ":" or ": "
		insert(after, comma, gap, []byte(`"meta"`), colon, []byte{'{'}, bytes.Join(both, space), []byte{'}'})
	default:
		// In front of meta's first member, so that Stripped can take exactly
		// this away again.
		gap, _ := r.manner(r.meta)
		sep := append([]byte{','}, gap...)
		insert(r.nodes[r.meta+1].nameStart, bytes.Join(both, sep), sep)
	}
	sortSplices(set)
	return set
}

// manner is how object n's first member is written: the white space before it,
// and its colon. A manner that is no human's is not copied.
func (r *Resource) manner(n int32) (gap, colon []byte) {
	first := &r.nodes[n+1]
	gap = r.raw[r.nodes[n].start+1 : first.nameStart]
	if len(gap) > 64 {
		gap = nil
	}
	if string(r.raw[first.nameEnd:first.start]) == ": " {
		return gap, []byte(": ")
	}
	return gap, []byte{':'}
}

// Stripped returns the resource's bytes without id, meta.versionId and
// meta.lastUpdated, and without meta when nothing else is in it. Two versions
// of a resource say the same when these bytes are equal.
func (r *Resource) Stripped() []byte {
	var cut []splice
	dropMeta := false
	if r.meta >= 0 {
		inMeta := r.cut(r.meta, r.versionID, r.lastUpdated)
		if dropMeta = inMeta == nil && (r.versionID >= 0 || r.lastUpdated >= 0); !dropMeta {
			cut = inMeta
		}
	}
	if dropMeta {
		cut = r.cut(0, r.id, r.meta)
	} else {
		cut = append(cut, r.cut(0, r.id, -1)...)
	}
	if len(cut) == 0 {
		return r.raw
	}
	sortSplices(cut)
	return apply(r.raw, cut)
}

// cut takes members a and b out of object n, with the commas they no longer
// need; nil if nothing would be left, or there is nothing to do. What stands
// before the first member that stays goes up to that member; what stands after
// one goes from the comma in front of it.
func (r *Resource) cut(n, a, b int32) []splice {
	var cut []splice
	kept, from := false, int32(-1) // from: where leading members to drop begin
	last := int32(0)               // end of the member before
	for c := n + 1; c < r.nodes[n].next; c = r.nodes[c].next {
		d := &r.nodes[c]
		switch drop := c == a || c == b; {
		case drop && kept:
			comma := last + int32(bytes.IndexByte(r.raw[last:d.nameStart], ','))
			cut = append(cut, splice{int(comma), int(d.end), nil})
		case drop && from < 0:
			from = d.nameStart
		case !drop && !kept:
			if kept = true; from >= 0 {
				cut = append(cut, splice{int(from), int(d.nameStart), nil})
			}
		}
		last = d.end
	}
	if !kept {
		return nil
	}
	return cut
}

func quote(s string) []byte {
	b, _ := jsontext.AppendQuote(nil, s) // the only error is invalid UTF-8, which becomes U+FFFD
	return b
}

// sortSplices orders splices by place; insertions at one place keep their order.
func sortSplices(s []splice) {
	slices.SortStableFunc(s, func(a, b splice) int { return a.at - b.at })
}

// spliced is the tape after splices inside strings: the same nodes elsewhere.
func (t tape) spliced(set []splice) tape {
	grown := make([]int, len(set)+1) // by how much the splices before i make the text longer
	for i, s := range set {
		grown[i+1] = grown[i] + len(s.text) - (s.to - s.at)
	}
	// The nodes begin in the order of the text, so that how many splices are before a
	// place is mostly how many were before the last one, or a few more.
	from := 0
	moved := func(at int32, before int) (int32, int) {
		for before < len(set) && set[before].to <= int(at) {
			before++
		}
		return at + int32(grown[before]), before
	}
	out := tape{raw: apply(t.raw, set), nodes: slices.Clone(t.nodes)}
	for i := range out.nodes {
		d := &out.nodes[i]
		if d.nameEnd > 0 { // else it has no name
			d.nameStart, from = moved(d.nameStart, from)
			d.nameEnd, from = moved(d.nameEnd, from)
		}
		d.start, from = moved(d.start, from)
		var last int
		if d.end, last = moved(d.end, from); last != from {
			d.escaped |= valueEscaped // perhaps: unquote copes with both
		}
	}
	return out
}
