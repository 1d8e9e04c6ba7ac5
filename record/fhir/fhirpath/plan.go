package fhirpath

import (
	"carehold/record/fhir"
	"carehold/record/fhir/r4"
)

// plan is what a step means for a type: which JSON members hold the element, or
// whether the type is the one that is asked for. It is made when the step first
// meets the type, so that from then on a step looks nothing up.
type plan struct {
	of      *r4.Type
	members []member
	is      bool
	next    *plan // of another type
	count   int
}

// member is a JSON member that holds an element.
type member struct {
	name, sibling string
	primitive     bool
	abstract      bool // a resource, which says itself of what type it is
	of            Value
}

// value is the node as what the member holds.
func (m *member) value(n fhir.Node) Value {
	if m.abstract {
		return element(n, m.of.t)
	}
	return Value{Node: n, Type: m.of.Type, t: m.of.t}
}

// maxPlans bounds the plans of a step: R4 has some 900 types, and a step behind
// descendants() may meet many.
const maxPlans = 64

func (st *step) plan(t *r4.Type) *plan {
	first := st.plans.Load()
	for p := first; p != nil; p = p.next {
		if p.of == t {
			return p
		}
	}
	p := &plan{of: t, next: first, count: 1}
	if st.kind == stepType {
		p.is = st.typ.has(Value{Type: t.Name, t: t})
	} else {
		p.members = st.members(t)
	}
	if first != nil {
		p.count = first.count + 1
	}
	if p.count <= maxPlans {
		st.plans.CompareAndSwap(first, p) // another goroutine's is as good
	}
	return p
}

// members are those that hold the step's element; of a choice those of the type
// that is asked for, so that value as Quantity looks for valueQuantity alone.
func (st *step) members(t *r4.Type) []member {
	for i := range t.Elements {
		e := &t.Elements[i]
		if e.Name != st.name {
			continue
		}
		var all []member
		for _, ref := range e.Types {
			of, _ := r4.Lookup(ref.Code)
			if of == nil {
				continue
			}
			v := Value{Type: of.Name, t: of}
			m := member{name: e.JSONName(ref.Code), primitive: of.Kind == r4.Primitive, abstract: of.Kind == r4.Resource && of.Abstract, of: v}
			m.sibling = "_" + m.name
			// What an abstract one is is known only from the node.
			if st.only == nil || m.abstract || st.only.has(v) {
				all = append(all, m)
			}
			if !e.Choice {
				break
			}
		}
		return all
	}
	return nil
}
