package fhirpath

// operation is the node of a binary operator.
func operation(op string, left, right node) node {
	switch op {
	case "and", "or", "xor", "implies":
		return &logic{op, left, right}
	case "=", "!=":
		return &equation{left, right, op == "!="}
	case "<", ">", "<=", ">=":
		return &comparison{op, left, right}
	case "in":
		return &membership{item: left, of: right}
	case "contains":
		return &membership{item: right, of: left}
	case "|":
		return join(left, right)
	}
	return &arithmetic{op: op, left: left, right: right}
}

// logic is and, or, xor and implies (N1 "Boolean logic").
type logic struct {
	op          string
	left, right node
}

func (n *logic) truth(s *state, f frame) (tri, error) {
	a, err := truth(n.left, s, f)
	if err != nil {
		return isEmpty, err
	}
	// What is to the right does not matter, so it is not evaluated.
	switch {
	case n.op == "and" && a == isFalse:
		return isFalse, nil
	case n.op == "or" && a == isTrue, n.op == "implies" && a == isFalse:
		return isTrue, nil
	}
	b, err := truth(n.right, s, f)
	if err != nil {
		return isEmpty, err
	}
	switch n.op {
	case "and":
		return and(a, b), nil
	case "or":
		return and(a.not(), b.not()).not(), nil
	case "implies":
		return and(a, b.not()).not(), nil
	}
	if a == isEmpty || b == isEmpty {
		return isEmpty, nil
	}
	return triOf(a != b), nil
}

func (n *logic) eval(s *state, f frame, to []Value) ([]Value, error) {
	is, err := n.truth(s, f)
	return is.append(to), err
}

func and(a, b tri) tri {
	switch {
	case a == isFalse || b == isFalse:
		return isFalse
	case a == isTrue && b == isTrue:
		return isTrue
	}
	return isEmpty
}

// isType is the operator and the function is.
type isType struct {
	of  node
	typ typeName
}

func (n *isType) truth(s *state, f frame) (tri, error) {
	all, err := n.of.eval(s, f, s.take())
	defer func() { s.give(all) }()
	switch {
	case err != nil:
		return isEmpty, err
	case len(all) > 1:
		return isEmpty, errMany
	case len(all) == 0:
		return isEmpty, nil
	}
	return triOf(n.typ.has(all[0])), nil
}

func (n *isType) eval(s *state, f frame, to []Value) ([]Value, error) {
	is, err := n.truth(s, f)
	return is.append(to), err
}

// equation is = and !=.
type equation struct {
	left, right node
	not         bool
}

func (n *equation) truth(s *state, f frame) (tri, error) {
	a, err := n.left.eval(s, f, s.take())
	if err != nil {
		return isEmpty, err
	}
	b, err := n.right.eval(s, f, s.take())
	if err != nil {
		return isEmpty, err
	}
	is, err := s.equalAll(a, b)
	s.give(a)
	s.give(b)
	if n.not {
		is = is.not()
	}
	return is, err
}

func (n *equation) eval(s *state, f frame, to []Value) ([]Value, error) {
	is, err := n.truth(s, f)
	return is.append(to), err
}

// membership is in, and contains the other way round.
type membership struct{ item, of node }

func (n *membership) truth(s *state, f frame) (tri, error) {
	item, err := n.item.eval(s, f, s.take())
	if err != nil {
		return isEmpty, err
	}
	defer s.give(item)
	v, ok, err := single(item)
	if err != nil || !ok {
		return isEmpty, err
	}
	of, err := n.of.eval(s, f, s.take())
	if err != nil {
		return isEmpty, err
	}
	defer s.give(of)
	for _, m := range of {
		is, err := s.equal(v, m)
		if err != nil || is == isTrue {
			return is, err
		}
	}
	return isFalse, nil
}

func (n *membership) eval(s *state, f frame, to []Value) ([]Value, error) {
	is, err := n.truth(s, f)
	return is.append(to), err
}
