package fhirpath

import (
	"strings"

	"carehold/record/fhir"
	"carehold/record/fhir/r4"
)

// children takes the step to all that is in a value, or with deep to all that is
// in that too (N1 "Tree navigation"). Members that R4 does not define are not
// there. The depth is that of the JSON, which fhir.Limits bounds.
func (w *walk) children(v *Value, i int, deep bool) error {
	if v.t == nil {
		return nil
	}
	o, err := w.object(v)
	if err != nil {
		return err
	}
	for n := range o.All() {
		if err := w.s.spend(1); err != nil {
			return err
		}
		m, sibling, ok := childMember(v.t, o, n)
		if !ok {
			continue
		}
		if n.Kind() != '[' {
			err = w.child(&m, n, sibling, i, deep)
		} else {
			err = w.eachChild(o, n, &m, sibling, i, deep)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (w *walk) eachChild(o, list fhir.Node, m *member, sibling bool, i int, deep bool) error {
	for n := range list.All() {
		from := sibling
		if n.Kind() == 'n' && m.primitive && !sibling {
			if err := w.s.spend(n.Index()); err != nil {
				return err
			}
			n, from = at(o.Get(m.sibling), n.Index()), true
		}
		if err := w.child(m, n, from, i, deep); err != nil {
			return err
		}
	}
	return nil
}

func (w *walk) child(m *member, n fhir.Node, sibling bool, i int, deep bool) error {
	if !m.fits(n, sibling) {
		return nil
	}
	x := m.value(n)
	if err := w.step(&x, i+1); err != nil || !deep {
		return err
	}
	return w.children(&x, i, deep)
}

// childMember is what the JSON member n of o is; ok is false for the sibling of
// one that has a value, which is a child already, and for what R4 does not have.
func childMember(t *r4.Type, o, n fhir.Node) (m member, sibling, ok bool) {
	name, sibling := strings.CutPrefix(n.Name(), "_")
	_, ref, ok := t.Member(name)
	if !ok || sibling && o.Get(name).Valid() {
		return member{}, false, false
	}
	of, ok := r4.Lookup(ref.Code)
	if !ok || sibling && of.Kind != r4.Primitive {
		return member{}, false, false
	}
	return member{
		name: name, sibling: "_" + name, primitive: of.Kind == r4.Primitive,
		abstract: of.Kind == r4.Resource && of.Abstract, of: Value{Type: of.Name, t: of},
	}, sibling, true
}
