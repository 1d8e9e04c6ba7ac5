package fhir

import "bytes"

// WithMore returns the resource's bytes with an extension at the end of its own and a tag
// at the end of meta.tag, and no other byte touched. Both are JSON objects; nil for none.
// What holds them is put in where it is not there, written as With writes.
func (r *Resource) WithMore(extension, tag []byte) []byte {
	var set []splice
	insert := func(at int32, parts ...[]byte) {
		set = append(set, splice{int(at), int(at), bytes.Join(parts, nil)})
	}
	gap, colon := r.manner(0)
	comma := []byte{','}
	after := r.nodes[r.typeAt].end
	if r.id >= 0 {
		after = r.nodes[r.id].end
	}
	if extension != nil {
		if n := r.member(0, "extension"); n >= 0 && r.last(n) >= 0 {
			insert(r.nodes[r.last(n)].end, comma, extension)
		} else {
			insert(after, comma, gap, []byte(`"extension"`), colon, []byte{'['}, extension, []byte{']'})
		}
	}
	if tag == nil {
		return apply(r.raw, set)
	}
	list := bytes.Join([][]byte{[]byte(`"tag"`), colon, {'['}, tag, {']'}}, nil)
	switch n := r.tags(); {
	case r.meta < 0:
		insert(after, comma, gap, []byte(`"meta"`), colon, []byte{'{'}, list, []byte{'}'})
	case n >= 0 && r.last(n) >= 0:
		insert(r.nodes[r.last(n)].end, comma, tag)
	default:
		inside, _ := r.manner(r.meta)
		insert(r.nodes[r.last(r.meta)].end, comma, inside, list)
	}
	sortSplices(set)
	return apply(r.raw, set)
}

// WithReference returns the resource's bytes with a reference in a member of the root, an
// object that has none or that is not there yet, and no other byte touched.
func (r *Resource) WithReference(name, to string) []byte {
	gap, colon := r.manner(0)
	reference := bytes.Join([][]byte{[]byte(`"reference"`), colon, quote(to)}, nil)
	if n := r.member(0, name); n >= 0 {
		inside, _ := r.manner(n)
		at := int(r.nodes[n].start) + 1
		return apply(r.raw, []splice{{at, at, bytes.Join([][]byte{inside, reference, {','}}, nil)}})
	}
	after := r.nodes[r.typeAt].end
	if r.id >= 0 {
		after = r.nodes[r.id].end
	}
	return apply(r.raw, []splice{{int(after), int(after), bytes.Join([][]byte{{','}, gap, quote(name), colon, {'{'}, reference, {'}'}}, nil)}})
}

func (r *Resource) tags() int32 {
	if r.meta < 0 {
		return -1
	}
	return r.member(r.meta, "tag")
}

// last is the last child of container n; -1 if it has none.
func (r *Resource) last(n int32) (last int32) {
	last = -1
	r.children(n, func(c int32) bool { last = c; return true })
	return last
}

// Drop returns the resource's bytes without a value, and without what would then hold
// nothing: an array, a meta. The comma in front of it goes too, or the one behind.
func (n Node) Drop() []byte {
	r, x := n.r, n.n
	for {
		up := r.nodes[x].up
		if up <= 0 || r.nodes[up+1].next != r.nodes[up].next { // it has siblings, or is the root's
			break
		}
		x = up
	}
	d, before, behind := &r.nodes[x], int32(-1), r.nodes[x].next
	r.children(d.up, func(c int32) bool {
		if c < x {
			before = c
		}
		return c < x
	})
	from := func(n int32) int32 {
		if at := &r.nodes[n]; at.nameEnd > 0 {
			return at.nameStart
		}
		return r.nodes[n].start
	}
	cut := splice{int(from(x)), int(d.end), nil}
	switch {
	case before >= 0:
		cut.at = int(r.nodes[before].end)
	case behind < r.nodes[d.up].next:
		cut.to = int(from(behind))
	}
	return apply(r.raw, []splice{cut})
}
