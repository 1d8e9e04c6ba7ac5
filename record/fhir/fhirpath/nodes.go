package fhirpath

// this is $this.
type this struct{}

func (this) eval(_ *state, f frame, to []Value) ([]Value, error) { return append(to, f.this...), nil }

func orThis(n node) node {
	if n == nil {
		return this{}
	}
	return n
}

// index is $index.
type index struct{}

func (index) eval(_ *state, f frame, to []Value) ([]Value, error) {
	return append(to, integer(f.index)), nil
}

// literal is a value that is written out.
type literal struct{ Value }

func (l literal) eval(_ *state, _ frame, to []Value) ([]Value, error) {
	return append(to, l.Value), nil
}

// nothing is {}.
type nothing struct{}

func (nothing) eval(_ *state, _ frame, to []Value) ([]Value, error) { return to, nil }

// environment is %resource and its like.
type environment func(*state) Value

func (e environment) eval(s *state, _ frame, to []Value) ([]Value, error) {
	if v := e(s); v.Node.Valid() || v.made != nil {
		to = append(to, v)
	}
	return to, nil
}

// some is exists() and empty(), which stop at the first item.
type some struct {
	of  node
	not bool
}

func (n *some) truth(s *state, f frame) (tri, error) {
	all, err := firstOf(n.of, s, f, s.take())
	is := triOf(len(all) > 0 != n.not)
	s.give(all)
	return is, err
}

func (n *some) eval(s *state, f frame, to []Value) ([]Value, error) {
	is, err := n.truth(s, f)
	return is.append(to), err
}

// first is first().
type first struct{ of node }

func (n *first) eval(s *state, f frame, to []Value) ([]Value, error) {
	return firstOf(n.of, s, f, to)
}

// firstOf adds the first item of a node, and does not look for more of a path.
func firstOf(n node, s *state, f frame, to []Value) ([]Value, error) {
	had := len(to)
	var err error
	if p, ok := n.(*path); ok {
		to, err = p.walk(s, f, to, true)
	} else {
		to, err = n.eval(s, f, to)
	}
	if len(to) > had+1 {
		clear(to[had+1:])
		to = to[:had+1]
	}
	return to, err
}

// memo is a node that is the same for each item of the collection that it is
// evaluated for: in element.all(path.startsWith(%resource.type)), the type.
type memo struct {
	of node
	at int
}

func (m *memo) eval(s *state, f frame, to []Value) ([]Value, error) {
	if !s.memo[m.at].known {
		all, err := m.of.eval(s, f, nil)
		if err != nil {
			return to, err
		}
		s.memo[m.at] = memory{true, all}
	}
	all := s.memo[m.at].values
	return append(to, all...), s.spend(len(all))
}

// remember makes a memo of a node that is inside a function's argument, and does
// not depend on the item.
func (p *parser) remember(n node) node {
	switch n.(type) {
	case *path, *call, *first:
		if p.lambda > 0 && closed(n) {
			p.memos++
			return &memo{n, p.memos - 1}
		}
	}
	return n
}

// closed reports whether a node is the same whatever $this is.
func closed(n node) bool {
	switch n := n.(type) {
	case environment, literal, nothing, *memo:
		return true
	case *path:
		return n.head != nil && closed(n.head)
	case *first:
		return closed(n.of)
	case *call:
		if n.in == nil || !closed(n.in) {
			return false
		}
		for _, a := range n.args {
			if !n.fn.each && !closed(a) {
				return false
			}
		}
		return true
	}
	return false
}
