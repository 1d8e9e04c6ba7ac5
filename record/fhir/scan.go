package fhir

import "carehold/record"

// scan makes the tape of raw, which must be valid JSON, and on the way refuses
// what JSON allows and FHIR does not (FHIR R4 §2.6.2): anything empty, an array
// in an array, a null that fills no gap. It does not recurse.
func scan(raw []byte, lim Limits) (tape, error) {
	t := tape{raw: raw, nodes: make([]node, 0, len(raw)/32+8)}
	var (
		up    int32   = -1 // the container we are in
		open  []int32      // for each container we are in, how many children so far
		nulls []int32      // arrays that hold a null
		i     = skip(raw, 0)
	)
	for {
		for up >= 0 && (raw[i] == '}' || raw[i] == ']') {
			i++
			n := &t.nodes[up]
			n.end, n.next = int32(i), int32(len(t.nodes))
			if n.next == up+1 {
				return t, refuse(t, up, "an object or array must have something in it; leave the element out")
			}
			up, open = n.up, open[:len(open)-1]
			i = skip(raw, i)
		}
		if up < 0 && len(t.nodes) > 0 {
			return t, alignNulls(t, nulls)
		}
		if len(t.nodes) >= lim.Values {
			return t, record.Safef(record.TooLarge, "a resource of more than %d values", lim.Values)
		}

		n := node{up: up, index: -1, next: int32(len(t.nodes)) + 1}
		if up >= 0 {
			if t.nodes[up].kind == '{' {
				n.nameStart = int32(i)
				end, escaped := stringEnd(raw, i)
				n.nameEnd = int32(end)
				if escaped {
					n.escaped = nameEscaped
				}
				i = skip(raw, end)
			} else {
				n.index = open[len(open)-1]
			}
			open[len(open)-1]++
		}
		n.kind, n.start = raw[i], int32(i)
		switch n.kind {
		case '{', '[':
			i++
		case '"':
			end, escaped := stringEnd(raw, i)
			if escaped {
				n.escaped |= valueEscaped
			}
			i = end
		default:
			i = scalarEnd(raw, i)
			if n.kind == '-' || n.kind >= '0' && n.kind <= '9' {
				n.kind = '0'
			}
		}
		n.end = int32(i)
		at := int32(len(t.nodes))
		t.nodes = append(t.nodes, n)

		switch n.kind {
		case '{', '[':
			if n.kind == '[' && n.index >= 0 {
				return t, refuse(t, at, "an array inside an array: FHIR has none")
			}
			if len(open) >= lim.Depth {
				return t, record.Safef(record.Invalid, "objects and arrays are nested more than %d deep", lim.Depth)
			}
			up, open = at, append(open, 0)
		case '"':
			if n.end-n.start == 2 {
				return t, refuse(t, at, "a string must not be empty; leave the element out")
			}
		case 'n':
			if n.index < 0 {
				return t, refuse(t, at, "null stands for no element; leave the element out")
			}
			if len(nulls) == 0 || nulls[len(nulls)-1] != up {
				nulls = append(nulls, up)
			}
		}
		i = skip(raw, i)
	}
}

func refuse(t tape, n int32, text string) error {
	// Scanning may not be done: close what is open, to see the members so far.
	for up := t.nodes[n].up; up >= 0; up = t.nodes[up].up {
		t.nodes[up].next = int32(len(t.nodes))
	}
	return record.Safef(record.Invalid, "%s", text).At(t.path(t.str(0, "resourceType"), n))
}

// skip goes over white space and what separates values.
func skip(raw []byte, i int) int {
	for i < len(raw) {
		switch raw[i] {
		case ' ', '\t', '\n', '\r', ',', ':':
			i++
		default:
			return i
		}
	}
	return i
}

// alignNulls checks every array that holds a null. A null is only there to keep
// a primitive's value and its extensions at the same place of two arrays
// (FHIR R4 §2.6.2.3): in "given" it needs an object in "_given", in "_given" it
// needs a value in "given".
func alignNulls(t tape, arrays []int32) error {
	names := map[int32]map[string]int32{} // of each object concerned, its arrays by name
	for _, a := range arrays {
		up := t.nodes[a].up
		if up < 0 {
			return refuse(t, a+1, "null stands for no element")
		}
		if names[up] == nil {
			names[up] = map[string]int32{}
			t.children(up, func(c int32) bool {
				if t.nodes[c].kind == '[' {
					names[up][string(t.name(c))] = c
				}
				return true
			})
		}
		name := string(t.name(a))
		other, extends := name[min(1, len(name)):], len(name) > 0 && name[0] == '_'
		if !extends {
			other = "_" + name
		}
		b, end := int32(0), int32(0) // the other array's children, none when it is not there
		if o, ok := names[up][other]; ok {
			b, end = o+1, t.nodes[o].next
		}
		for c := a + 1; c < t.nodes[a].next; c = t.nodes[c].next {
			if t.nodes[c].kind == 'n' {
				if b >= end {
					return refuse(t, c, "null only fills a gap beside "+counterpart(extends)+"; leave it out")
				}
				switch kind := t.nodes[b].kind; {
				case extends && (kind == '{' || kind == 'n'), !extends && kind != '{':
					return refuse(t, c, "null only fills a gap beside "+counterpart(extends)+"; leave it out")
				}
			}
			if b < end {
				b = t.nodes[b].next
			}
		}
	}
	return nil
}

func counterpart(extends bool) string {
	if extends {
		return "a value at the same place of the array without the underscore"
	}
	return "an extension at the same place of the array with the underscore"
}
