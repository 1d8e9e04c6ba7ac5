package fhirpath

import (
	"carehold/record/fhir"
	"carehold/record/fhir/r4"
)

// plan is what a step means for a type: which JSON members hold the element, or
// whether the type is the one that is asked for. It is made when the step first
// meets the type, so that from then on a step looks nothing up.
type plan struct {
	members []member
	is      bool
}

// member is a JSON member that holds an element.
type member struct {
	name, sibling string
	primitive     bool
	abstract      bool // a resource, which says itself of what type it is
	of            Value
}

// fits reports whether a node is what R4 has there: an object, or for a primitive
// its value; in its sibling an object. What does not fit is not there.
func (m *member) fits(n fhir.Node, sibling bool) bool {
	switch n.Kind() {
	case '{':
		return sibling == m.primitive
	case '"', '0', 't', 'f':
		return m.primitive && !sibling
	}
	return false
}

// value is the node as what the member holds.
func (m *member) value(n fhir.Node) Value {
	if m.abstract {
		return element(n, m.of.t)
	}
	return Value{Node: n, Type: m.of.Type, t: m.of.t}
}

func (st *step) plan(t *r4.Type) *plan {
	if p := st.plans.get(t); p != nil {
		return p
	}
	p := new(plan)
	if st.kind == stepType {
		p.is = st.typ.has(Value{Type: t.Name, t: t})
	} else {
		p.members = st.members(t)
	}
	return st.plans.put(t, p)
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
