package fhirpath

import "carehold/record/fhir/r4"

// union is |: all the items of its sides that differ (N1 "union"). a | b | c is
// one union, and everything is compared once, at the end.
type union struct {
	sides  []node
	byType byType[[]node]
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
		sides = u.sidesOf(f.this[0].t)
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

// sidesOf are those that can hold anything for a context of the type. A search
// parameter that many types share names each of them: Patient.identifier |
// Person.identifier | …
func (u *union) sidesOf(t *r4.Type) []node {
	if p := u.byType.get(t); p != nil {
		return *p
	}
	var sides []node
	for _, n := range u.sides {
		if beginsWith(n, t) {
			sides = append(sides, n)
		}
	}
	u.byType.put(t, &sides)
	return sides
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
