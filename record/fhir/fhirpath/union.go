package fhirpath

import (
	"sync/atomic"

	"carehold/record/fhir/r4"
)

// union is |: all the items of its sides that differ (N1 "union"). a | b | c is
// one union, and everything is compared once, at the end.
type union struct {
	sides []node
	plans atomic.Pointer[sides]
}

// sides are those of a union that can hold anything for a type. A search parameter
// that many types share names each of them: Patient.identifier | Person.identifier
// | …
type sides struct {
	of    *r4.Type
	nodes []node
	next  *sides // of another type
	count int
}

func join(left, right node) node {
	u, ok := left.(*union)
	if !ok {
		u = &union{sides: []node{left}}
	}
	u.sides = append(u.sides, right)
	return u
}

func (u *union) eval(s *state, f frame, to []Value) ([]Value, error) {
	sides := u.sides
	if len(f.this) == 1 && f.this[0].t != nil {
		sides = u.of(f.this[0].t)
	}
	had := len(to)
	var err error
	for _, n := range sides {
		if to, err = n.eval(s, f, to); err != nil {
			return to, err
		}
	}
	if len(to) < had+2 {
		return to, nil
	}
	return s.distinct(to, had)
}

// of are the sides for a context of the type.
func (u *union) of(t *r4.Type) []node {
	first := u.plans.Load()
	for p := first; p != nil; p = p.next {
		if p.of == t {
			return p.nodes
		}
	}
	p := &sides{of: t, next: first, count: 1}
	for _, n := range u.sides {
		if beginsWith(n, t) {
			p.nodes = append(p.nodes, n)
		}
	}
	if first != nil {
		p.count = first.count + 1
	}
	if p.count <= maxPlans {
		u.plans.CompareAndSwap(first, p)
	}
	return p.nodes
}

// beginsWith reports whether a side can hold anything for the type: false only of
// a path that begins with another type's name.
func beginsWith(n node, t *r4.Type) bool {
	p, ok := n.(*path)
	if !ok || p.head != nil || p.steps[0].kind != stepType {
		return true
	}
	return p.steps[0].typ.has(Value{Type: t.Name, t: t})
}
