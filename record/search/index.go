package search

import (
	"encoding/binary"
	"slices"
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

// Index is all search values of a resource, for all parameters of its type but _id
// and _lastUpdated, which Entry has, and the special ones. Lookup finds those of one
// parameter without reading the others.
//
//	index     = values directory length      length: a byte, or 4 little endian and 255
//	directory = { step size [from] }         a parameter that has values, in the order of r4.Params
//	  step    = 2 × how many are left out before it, + 1 when its values are those of
//	            an earlier parameter: then from says where they begin; else they follow
//	            the last that were not
//	values    = { value }                    how many is not written: size is
//	value     = head { text | number }       head: which parts follow (values_read.go)
//	text      = n×4+0 bytes | n×4+1 | n×4+2  itself; the place of one earlier; one of commons
//	tuples    = components { { size value… } }
//	contained: as one parameter more (contained.go)
//
// Numbers are base 128 varints, signed ones in zigzag. It lives in memory only, is
// never stored as it is, and means something to this program alone: tables and
// layout may change at will. Whatever the bytes, reading them does not panic.
func Index(r *fhir.Resource) []byte { return indexOf(r, true) }

// indexOf is Index, of what is contained too or without it.
func indexOf(r *fhir.Resource, contained bool) []byte {
	x := indexers.Get().(*indexer)
	defer x.done()
	x.collect(r)
	for param := range x.found {
		x.param(param)
	}
	if contained {
		x.contains()
	}
	x.close()
	return append(make([]byte, 0, len(x.w.b)), x.w.b...)
}

// indexer makes one index.
type indexer struct {
	plan   *plan
	root   fhir.Node
	found  [][]found // by parameter
	at     []spot    // by parameter
	w      writer
	dir    []byte
	last   int       // the parameter last written to dir
	tuples [][]found // by parameter; of composites
	parts  [][]found // scratch
}

// spot is where the values of a parameter lie.
type spot struct{ from, size int }

var indexers = sync.Pool{New: func() any { return new(indexer) }}

// done leaves nothing of the resource behind.
func (x *indexer) done() {
	x.w.reset()
	clear(x.dir)
	for _, lists := range [...][][]found{x.found, x.tuples, x.parts} {
		for _, l := range lists[:cap(lists)] {
			clear(l[:cap(l)])
		}
	}
	x.root = fhir.Node{}
	if cap(x.w.b)+cap(x.w.fold) < 1<<20 {
		indexers.Put(x)
	}
}

func (x *indexer) collect(r *fhir.Resource) {
	x.plan, x.root = planOf(r.Type()), r.Root()
	n := len(x.plan.kinds)
	x.found, x.tuples = sized(x.found, n), sized(x.tuples, n)
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
	lists = slices.Grow(lists[:0], n)[:n]
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
	if x.already(param, x.found) {
		return
	}
	from := len(x.w.b)
	for _, v := range values {
		x.w.write(k, v)
	}
	x.at[param] = spot{from, len(x.w.b) - from}
	x.list(param, false)
}

// already points to the values of an earlier parameter when they are the same.
func (x *indexer) already(param int, lists [][]found) bool {
	for i := range param {
		if x.plan.kinds[i] == x.plan.kinds[param] && same(lists[i], lists[param]) {
			x.at[param] = x.at[i]
			x.list(param, true)
			return true
		}
	}
	return false
}

func same(a, b []found) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !a[i].node.Same(b[i].node) || !a[i].node.Valid() || a[i].kind != b[i].kind || a[i].part != b[i].part {
			return false
		}
	}
	return true
}

// composite writes a tuple for each value of the composite's own expression in
// which every component has something.
func (x *indexer) composite(param int) {
	all := x.tuples[param]
	for _, on := range x.found[param] {
		all = x.tuple(all, x.plan.tuples[param][on.of.typ], on.node)
	}
	x.tuples[param] = all
	if len(all) == 0 || x.already(param, x.tuples) {
		return
	}
	from := len(x.w.b)
	x.w.byte(all[len(all)-1].part + 1)
	// What each tuple repeats (MolecularSequence's chromosome) must not make a large
	// index of a small resource.
	for room := 1<<16 + 4*len(x.root.Raw()); len(all) > 0 && len(x.w.b)-from < room; {
		n := 1
		for n < len(all) && all[n].part >= all[n-1].part {
			n++
		}
		x.writeTuple(all[:n])
		all = all[n:]
	}
	size := len(x.w.b) - from
	if size == 1 {
		size = 0
		x.w.b = x.w.b[:from]
	}
	x.at[param] = spot{from, size}
	x.list(param, false)
}

// tuple adds what the components have to the list, one after the other, unless one
// has nothing. The last is looked at first: there is a code always, a value seldom.
func (x *indexer) tuple(to []found, parts []part, on fhir.Node) []found {
	x.parts = sized(x.parts, len(parts))
	for i := len(parts) - 1; i >= 0; i-- {
		from := on
		if parts[i].atRoot {
			from = x.root
		}
		parts[i].from.walk(from, func(_ int, n fhir.Node, e *element) {
			x.parts[i] = append(x.parts[i], found{node: n, of: e, part: uint8(i), kind: parts[i].kind})
		})
		if len(x.parts[i]) == 0 {
			return to
		}
	}
	for _, values := range x.parts {
		to = append(to, values...)
	}
	return to
}

// writeTuple writes each component as a block: its length, and its values. One that
// has nothing to search for leaves no tuple.
func (x *indexer) writeTuple(all []found) {
	before := len(x.w.b)
	for len(all) > 0 {
		n := 1
		for n < len(all) && all[n].part == all[0].part {
			n++
		}
		if !x.w.block(all[:n]) {
			x.w.b = x.w.b[:before]
			return
		}
		all = all[n:]
	}
}

// block writes the length in a byte, which it mostly fits; when not, everything
// again after a longer one.
func (w *writer) block(values []found) bool {
	for _, reserved := range [...]int{1, binary.MaxVarintLen32} {
		from := len(w.b)
		w.b = append(w.b, make([]byte, reserved)...)
		for _, v := range values {
			w.write(v.kind, v)
		}
		size := len(w.b) - from - reserved
		if size == 0 {
			return false
		}
		if reserved > 1 || size < 0x80 {
			for i := range reserved { // a number may end in zeros
				w.b[from+i] = byte(size>>(7*i)) | 0x80
			}
			w.b[from+reserved-1] &= 0x7f
			return true
		}
		w.b = w.b[:from]
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
