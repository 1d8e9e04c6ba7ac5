package fhir

import "iter"

// Node is a value inside a resource: the resource itself, an element, or one of an
// array's. The zero Node is no value, and everything asked of it is nothing, so
// that a path can be followed without looking at each step.
type Node struct {
	r *Resource
	n int32
}

// Root is the whole resource.
func (r *Resource) Root() Node { return Node{r, 0} }

// Valid reports whether there is a value.
func (n Node) Valid() bool { return n.r != nil }

// Kind is the JSON's first letter, { [ " t f n, and '0' for every number; '!' when
// there is no value.
func (n Node) Kind() byte {
	if n.r == nil {
		return '!'
	}
	return n.r.nodes[n.n].kind
}

// Resource is the resource that the node is in.
func (n Node) Resource() *Resource { return n.r }

// Name is the member's name, escapes resolved; "" in an array and of the root.
func (n Node) Name() string {
	if n.r == nil || n.r.nodes[n.n].nameEnd == 0 {
		return ""
	}
	return string(n.r.name(n.n))
}

// IsName is Name() == name, and cheaper.
func (n Node) IsName(name string) bool {
	return n.r != nil && n.r.nodes[n.n].nameEnd != 0 && n.r.isName(n.n, name)
}

// Index is the place in an array; -1 for what is in none.
func (n Node) Index() int {
	if n.r == nil {
		return -1
	}
	return int(n.r.nodes[n.n].index)
}

// Parent is the object or the array that the node is in.
func (n Node) Parent() Node {
	if n.r == nil || n.r.nodes[n.n].up < 0 {
		return Node{}
	}
	return Node{n.r, n.r.nodes[n.n].up}
}

// Get is the member of an object with the name.
func (n Node) Get(name string) Node {
	if n.r == nil {
		return Node{}
	}
	c := n.r.member(n.n, name)
	if c < 0 {
		return Node{}
	}
	return Node{n.r, c}
}

// All are an object's members or an array's values, in their order.
func (n Node) All() iter.Seq[Node] {
	return func(yield func(Node) bool) {
		if n.r == nil || n.r.nodes[n.n].kind != '{' && n.r.nodes[n.n].kind != '[' {
			return
		}
		n.r.children(n.n, func(c int32) bool { return yield(Node{n.r, c}) })
	}
}

// Text is a string with its escapes resolved; of a number or a boolean the JSON
// text; "" of everything else.
func (n Node) Text() string {
	switch n.Kind() {
	case '"':
		return n.r.text(n.n)
	case '0', 't', 'f':
		return string(n.Raw())
	}
	return ""
}

// Raw are the bytes of the JSON value. They must not be changed.
func (n Node) Raw() []byte {
	if n.r == nil {
		return nil
	}
	d := &n.r.nodes[n.n]
	return n.r.raw[d.start:d.end]
}

// Values is how many values it is, with all that are in it.
func (n Node) Values() int {
	if n.r == nil {
		return 0
	}
	return int(n.r.nodes[n.n].next - n.n)
}

// Path is where the node is: Observation.category[0].coding[1].code.
func (n Node) Path() string {
	if n.r == nil {
		return ""
	}
	return n.r.path(n.r.typ, n.n)
}

// AppendPath adds Path to a text, at full length: nothing of it is shortened.
func (n Node) AppendPath(to []byte) []byte {
	if n.r == nil {
		return to
	}
	return n.r.appendPath(append(to, n.r.typ...), n.n)
}

// Nodes are all the values of the resource, in the order of its text, the resource
// itself first.
func (r *Resource) Nodes() iter.Seq[Node] {
	return func(yield func(Node) bool) {
		for i := range r.nodes {
			if !yield(Node{r, int32(i)}) {
				return
			}
		}
	}
}

// Element is the name of the member that the node is, or whose array it is in; nil of
// the root. It must not be changed.
func (n Node) Element() []byte {
	if n.r == nil || n.n == 0 {
		return nil
	}
	return n.r.name(n.r.owner(n.n))
}

// Same reports whether both are the same place of the same resource.
func (n Node) Same(m Node) bool { return n.r == m.r && n.n == m.n }

// Holds reports whether m is n, or within it.
func (n Node) Holds(m Node) bool {
	return n.r != nil && n.r == m.r && n.n <= m.n && n.r.nodes[m.n].end <= n.r.nodes[n.n].end
}

// Before reports whether n comes before m in the text of their resource.
func (n Node) Before(m Node) bool { return n.n < m.n }
