package fhirpath

import (
	"errors"
	"slices"

	"carehold/record/fhir"
)

// path is a chain of steps that each look at one item at a time. They are walked
// depth first, so that nothing but what the last one finds is ever collected.
type path struct {
	head  node // nil for $this
	steps []*step
}

type stepKind uint8

const (
	stepMember      stepKind = iota // name
	stepType                        // ofType(T), as T, and the T that a path may begin with
	stepWhere                       // where(…)
	stepExtension                   // extension('url')
	stepResolve                     // resolve()
	stepChildren                    // children()
	stepDescendants                 // descendants()
)

type step struct {
	kind  stepKind
	name  string    // of a member; of an extension its url
	only  *typeName // of a member: the type that is asked for
	typ   typeName
	where node
	plans byType[plan]
}

// extend adds a step to a path, or begins one.
func extend(n node, st *step) node {
	p, ok := n.(*path)
	if !ok {
		p = &path{head: n}
	}
	p.steps = append(p.steps, st)
	return p
}

// typed is is, as and ofType. R4's own expressions ask "as" of several items
// (Observation.component.value as Quantity), where N1 has an error: those that are
// of the type stay.
func typed(op string, n node, t typeName) node {
	if op == "is" {
		return &isType{n, t}
	}
	if p, ok := n.(*path); ok {
		if last := p.steps[len(p.steps)-1]; last.kind == stepMember && last.only == nil {
			last.only = &t
			return p
		}
	}
	return extend(n, &step{kind: stepType, typ: t})
}

func (p *path) eval(s *state, f frame, to []Value) ([]Value, error) { return p.walk(s, f, to, false) }

// walk adds what the path finds, or only the first of it.
func (p *path) walk(s *state, f frame, to []Value, first bool) ([]Value, error) {
	w := walk{s: s, steps: p.steps, to: to, first: first}
	from := f.this
	var err error
	if p.head != nil {
		if from, err = p.head.eval(s, f, s.take()); err != nil {
			return to, err
		}
	}
	for i := range from {
		if err = w.step(&from[i], 0); err != nil {
			break
		}
	}
	if p.head != nil {
		s.give(from)
	}
	if err == errFound {
		err = nil
	}
	return w.to, err
}

// walk is one walk of a path.
type walk struct {
	s     *state
	steps []*step
	to    []Value
	first bool
}

// errFound ends a walk that looks for one item.
var errFound = errors.New("found")

// step takes step i from a value, and all steps after it.
func (w *walk) step(v *Value, i int) error {
	if w.s.left--; w.s.left < 0 {
		return errBudget
	}
	if i == len(w.steps) {
		w.to = append(w.to, *v)
		if w.first {
			return errFound
		}
		return nil
	}
	switch st := w.steps[i]; st.kind {
	case stepMember:
		return w.member(v, i)
	case stepType:
		if is := v.t != nil && st.plan(v.t).is || v.t == nil && st.typ.has(*v); is {
			return w.step(v, i+1)
		}
	case stepWhere:
		one := append(w.s.take(), *v)
		is, err := truth(st.where, w.s, frame{this: one})
		w.s.give(one)
		if err != nil {
			return err
		}
		if is == isTrue {
			return w.step(v, i+1)
		}
	case stepExtension:
		return w.extension(v, i)
	case stepResolve:
		if to, ok := w.s.resolve(*v); ok {
			return w.step(&to, i+1)
		}
	case stepChildren:
		return w.children(v, i, false)
	case stepDescendants:
		return w.children(v, i, true)
	}
	return nil
}

// member finds an element, whichever of its JSON members it is.
func (w *walk) member(v *Value, i int) error {
	if v.t == nil {
		return nil
	}
	p := w.steps[i].plan(v.t)
	if len(p.members) == 0 {
		return nil
	}
	o, err := w.object(v)
	if err != nil {
		return err
	}
	for k := range p.members {
		m := &p.members[k]
		n, sibling := o.Get(m.name), false
		if !n.Valid() && m.primitive {
			n, sibling = o.Get(m.sibling), true
		}
		switch n.Kind() {
		case '!':
			continue
		case '[':
			err = w.array(o, n, m, sibling, i)
		default:
			err = w.found(m, n, sibling, i)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// array takes the step to each of an array. Where a primitive has no value, its
// place holds a null, and the sibling's array an object (FHIR R4 §2.6.2.3).
func (w *walk) array(o, list fhir.Node, m *member, sibling bool, i int) error {
	var siblings []fhir.Node
	for n := range list.All() {
		from := sibling
		if n.Kind() == 'n' {
			if siblings == nil && m.primitive && !sibling {
				siblings = slices.Collect(o.Get(m.sibling).All())
			}
			if n.Index() >= len(siblings) {
				continue
			}
			n, from = siblings[n.Index()], true
		}
		if err := w.found(m, n, from, i); err != nil {
			return err
		}
	}
	return nil
}

// found goes on with the node that step i has found.
func (w *walk) found(m *member, n fhir.Node, sibling bool, i int) error {
	if !m.fits(n, sibling) {
		return nil
	}
	x := m.value(n)
	if only := w.steps[i].only; only != nil && m.abstract && !only.has(x) {
		return nil
	}
	return w.step(&x, i+1)
}

// object is where the members of a value are. To find them among an array's
// siblings takes a step for each before it.
func (w *walk) object(v *Value) (fhir.Node, error) {
	if n := v.Node.Index(); n > 0 && v.Node.Kind() != '{' {
		if err := w.s.spend(n); err != nil {
			return fhir.Node{}, err
		}
	}
	return v.object(), nil
}
