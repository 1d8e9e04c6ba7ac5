package fhir

import (
	"bytes"
	"slices"
)

// Without returns the resource's bytes without some of its values, and without what then
// holds nothing: an array, a meta. Nodes that are none of its, and the resource itself,
// are passed over. What holds none of them has its bytes as they were.
//
// In an array that goes beside another (FHIR R4 §2.6.2.3: _given beside given) null
// stands in for a value, so that the others stay beside theirs.
func (r *Resource) Without(values []Node) []byte {
	c := cutter{r: r}
	for _, n := range values {
		if n.r == r && n.n > 0 {
			c.cut = append(c.cut, n.n)
		}
	}
	if len(c.cut) == 0 {
		return r.raw
	}
	slices.Sort(c.cut)
	c.out.Grow(len(r.raw))
	c.write(0)
	return c.out.Bytes()
}

type cutter struct {
	r   *Resource
	cut []int32 // in order
	out bytes.Buffer
}

// whole reports whether nothing of a value goes.
func (c *cutter) whole(n int32) bool {
	i, _ := slices.BinarySearch(c.cut, n)
	return i == len(c.cut) || c.cut[i] >= c.r.nodes[n].next
}

// write writes what is left of a value, and reports whether that is something.
func (c *cutter) write(n int32) (left bool) {
	d := &c.r.nodes[n]
	if c.whole(n) {
		c.out.Write(c.r.raw[d.start:d.end])
		return true
	}
	if _, gone := slices.BinarySearch(c.cut, n); gone {
		return false
	}
	beside := d.kind == '[' && n > 0 && bytes.HasPrefix(c.r.name(c.r.owner(n)), []byte("_"))
	start := c.out.Len()
	c.out.WriteByte(d.kind)
	some := false // something was written, if only a null
	c.r.children(n, func(x int32) bool {
		before := c.out.Len()
		if some {
			c.out.WriteByte(',')
		}
		if at := &c.r.nodes[x]; at.nameEnd > 0 {
			c.out.Write(c.r.raw[at.nameStart:at.start])
		}
		switch {
		case c.write(x):
			left = left || c.r.nodes[x].kind != 'n'
		case beside:
			c.out.WriteString("null")
		default:
			c.out.Truncate(before)
			return true
		}
		some = true
		return true
	})
	c.out.WriteByte(d.kind + 2) // ] and } come two after theirs
	if !left && n > 0 {
		c.out.Truncate(start)
	}
	return left || n == 0
}
