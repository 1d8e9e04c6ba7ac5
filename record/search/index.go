package search

import (
	"encoding/binary"
	"sync"

	"carehold/record/fhir"
	"carehold/record/fhir/r4"
)

// Place is a parameter's place in r4.Params of the resource type, for Lookup; -1
// when the type has no such parameter.
func Place(resourceType, code string) int {
	for i, p := range r4.Params(resourceType) {
		if p.Code == code {
			return i
		}
	}
	return -1
}

// Index is all search values of a resource, for all parameters of its type but
// those that Entry has.
func Index(r *fhir.Resource) []byte {
	x := indexers.Get().(*indexer)
	defer x.done()
	x.collect(r)
	for param := range x.found {
		x.param(param)
	}
	x.close()
	return append(make([]byte, 0, len(x.w.b)), x.w.b...)
}

// indexer makes one index.
type indexer struct {
	plan   *plan
	root   fhir.Node
	found  [][]found // by parameter
	at     []spot      // by parameter
	w      writer
	dir    []byte
	last   int   // the parameter last written to dir
	tuples [][]found // scratch
}

// spot is where the values of a parameter lie.
type spot struct{ from, size int }

var indexers = sync.Pool{New: func() any { return new(indexer) }}

// done leaves nothing of the resource behind.
func (x *indexer) done() {
	x.w.reset()
	clear(x.dir)
	for i := range x.found {
		clear(x.found[i])
	}
	for i := range x.tuples {
		clear(x.tuples[i])
	}
	x.root = fhir.Node{}
	indexers.Put(x)
}

func (x *indexer) collect(r *fhir.Resource) {
	x.plan, x.root = planOf(r.Type()), r.Root()
	n := len(x.plan.kinds)
	x.found = sized(x.found, n)
	x.at = append(x.at[:0], make([]spot, n)...)
	x.dir, x.last = x.dir[:0], -1
	take := func(param int, v found) { x.found[param] = append(x.found[param], v) }
	x.plan.root.walk(x.root, func(param int, n fhir.Node, e *element) { take(param, found{node: n, of: e}) })
	for _, o := range x.plan.others {
		o.eval(r, take)
	}
}

// sized is n empty lists in the memory of those there were.
func sized(lists [][]found, n int) [][]found {
	for len(lists) < n {
		lists = append(lists, nil)
	}
	lists = lists[:n]
	for i := range lists {
		lists[i] = lists[i][:0]
	}
	return lists
}

// param writes the values of a parameter, unless another has the same: patient and
// subject mostly are.
func (x *indexer) param(param int) {
	values := x.found[param]
	if len(values) == 0 {
		return
	}
	k := x.plan.kinds[param]
	if k == compositeKind {
		x.composite(param)
		return
	}
	for i := range param {
		if x.plan.kinds[i] == k && same(x.found[i], values) {
			x.at[param] = x.at[i]
			x.list(param, true)
			return
		}
	}
	from := len(x.w.b)
	for _, v := range values {
		x.w.write(k, v)
	}
	x.at[param] = spot{from, len(x.w.b) - from}
	x.list(param, false)
}

func same(a, b []found) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !a[i].node.Same(b[i].node) || !a[i].node.Valid() {
			return false
		}
	}
	return true
}

// composite writes a tuple for each value of the composite's own expression in
// which every component has something.
func (x *indexer) composite(param int) {
	from := len(x.w.b)
	for _, on := range x.found[param] {
		parts := x.plan.tuples[param][on.of.typ]
		if len(parts) == 0 {
			continue
		}
		if !x.parts(parts, on.node) {
			continue
		}
		if len(x.w.b) == from {
			x.w.byte(byte(len(parts)))
		}
		before := len(x.w.b)
		for i := range parts {
			if !x.part(parts[i].kind, x.tuples[i]) {
				x.w.b = x.w.b[:before]
				break
			}
		}
	}
	if size := len(x.w.b) - from; size > 1 {
		x.at[param] = spot{from, size}
		x.list(param, false)
	} else {
		x.w.b = x.w.b[:from]
	}
}

// parts finds what each component has; false when one has nothing.
func (x *indexer) parts(parts []part, on fhir.Node) bool {
	x.tuples = sized(x.tuples, len(parts))
	for i := range parts {
		from := on
		if parts[i].atRoot {
			from = x.root
		}
		parts[i].from.walk(from, func(_ int, n fhir.Node, e *element) {
			x.tuples[i] = append(x.tuples[i], found{node: n, of: e})
		})
		if len(x.tuples[i]) == 0 {
			return false
		}
	}
	return true
}

// part writes a component as a block: its length, and its values. Most are short,
// and one that is not is written again after a longer length.
func (x *indexer) part(k kind, values []found) bool {
	for _, reserved := range [...]int{1, binary.MaxVarintLen32} {
		from := len(x.w.b)
		x.w.b = append(x.w.b, make([]byte, reserved)...)
		for _, v := range values {
			x.w.write(k, v)
		}
		size := len(x.w.b) - from - reserved
		if size == 0 {
			return false
		}
		if reserved > 1 || size < 0x80 {
			x.w.b[from] = byte(size)
			for i := 0; i < reserved-1; i++ { // a number may end in zeros
				x.w.b[from+i] = byte(size>>(7*i)) | 0x80
				x.w.b[from+i+1] = byte(size >> (7 * (i + 1)) & 0x7f)
			}
			return true
		}
		x.w.b = x.w.b[:from]
	}
	return true
}

// list adds a parameter that has values to the directory.
func (x *indexer) list(param int, elsewhere bool) {
	a := x.at[param]
	if a.size == 0 {
		return
	}
	head := uint64(param-x.last-1) << 1
	if elsewhere {
		head |= 1
	}
	x.dir = binary.AppendUvarint(x.dir, head)
	x.dir = binary.AppendUvarint(x.dir, uint64(a.size))
	if elsewhere {
		x.dir = binary.AppendUvarint(x.dir, uint64(a.from))
	}
	x.last = param
}

// close puts the directory and its length at the end.
func (x *indexer) close() {
	x.w.b = append(x.w.b, x.dir...)
	if n := len(x.dir); n < 255 {
		x.w.byte(byte(n))
	} else {
		x.w.b = append(binary.LittleEndian.AppendUint32(x.w.b, uint32(n)), 255)
	}
}

// Canonical converts a number with a UCUM unit. ok is false for a unit that package
// ucum does not know. (To compare with Quantity.Canonical.)
func Canonical(d Decimal, code string) (a Amount, unit string, ok bool) { return Amount{}, "", false }
