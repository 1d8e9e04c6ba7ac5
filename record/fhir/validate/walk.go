package validate

import (
	"slices"
	"strings"

	"carehold/record/fhir"
	"carehold/record/fhir/r4"
)

// maxDepth bounds the recursion also for a resource that was parsed with wider
// limits than usual.
const maxDepth = 128

// walker goes through a resource, once, from the top.
type walker struct {
	report
	scope  *scope
	broken int // how often the structure was wrong: rules are not asked of what they cannot read
	clock  clock
}

// Resource validates a resource against R4's definitions. It returns at most 100
// issues, in the order of the resource's text.
func Resource(r *fhir.Resource) []Issue {
	s := shapes()[r.Type()]
	if s == nil {
		return []Issue{{Error, codeStructure, r.Type(), r.Type() + " is not a resource type of FHIR R4"}}
	}
	var steps [16]step
	w := walker{report: report{root: r.Type(), steps: steps[:0]}}
	w.container(r.Root(), s)
	if w.clock.over {
		w.warn(codeTooCostly, "", "holds so much that not every rule was checked: split it")
	}
	return w.told()
}

// bad is wrong for what breaks the structure.
func (w *walker) bad(code, name, format string, args ...any) {
	w.broken++
	w.wrong(code, name, format, args...)
}

// object validates object n as the type; needs is what it must have besides an id
// (ele-1), which is nothing for a resource.
func (w *walker) object(n fhir.Node, s *shape) {
	if len(w.steps) >= maxDepth {
		w.wrong(codeTooCostly, "", "is more than %d elements deep; what is in it was not looked at", maxDepth)
		return
	}
	broken := w.broken
	var there uint64
	from, others := 0, 0
	for c := range n.All() {
		if w.full() {
			return
		}
		m := s.find(c, &from)
		switch {
		case m != nil:
			if there&m.of.bit != 0 && m.of.Choice {
				w.twice(n, c, m)
			}
			there |= m.of.bit
			if m.name != "id" {
				others++
			}
			w.member(c, m)
		case s.special == isResource && c.IsName("resourceType"):
		default:
			others++
			if m := w.stranger(n, c, s); m != nil {
				there |= m.of.bit
			}
		}
	}
	for _, e := range s.required {
		if there&e.bit == 0 {
			w.missing(s, e)
		}
	}
	if others == 0 && s.special != isResource {
		// ele-1: an element has a value or children, and an id is none.
		w.bad(codeInvariant, "", "has an id and nothing else: an element has a value or extensions (ele-1); leave it out")
	}
	switch s.special {
	case isExtension:
		w.extension(there, s)
	case isReference:
		w.reference(n)
	case isIdentifier:
		w.identifier(n)
	}
	if w.broken == broken {
		w.ask(s.rules, n, s.name)
	}
}

// member validates the value or values of an element.
func (w *walker) member(c fhir.Node, m *member) {
	e := m.of
	w.push(e.Name)
	defer w.pop()
	if c.Kind() != '[' {
		if !e.single() {
			w.bad(codeStructure, "", "must be an array, also when there is one value: put [ ] around it")
		}
		w.value(c, m)
		return
	}
	if e.single() {
		w.bad(codeStructure, "", "must not be an array: there is one value at most; take the [ ] away")
		return
	}
	i := 0
	for v := range c.All() {
		if w.full() {
			return
		}
		w.at(i)
		w.value(v, m)
		i++
	}
	if e.Max > 0 && i > e.Max {
		w.at(-1)
		w.bad(codeStructure, "", "has %d values, and at most %d are allowed", i, e.Max)
	}
}

// value validates one value of an element.
func (w *walker) value(v fhir.Node, m *member) {
	broken := w.broken
	switch {
	case m.prim != 0:
		if v.Kind() == 'n' {
			return // it fills a gap beside an extension: Parse has seen to it
		}
		w.primitive(v, m)
	case v.Kind() != '{':
		w.bad(codeStructure, "", "must be an object ({ }) of type %s, not %s", m.code, kindWord(v.Kind()))
		return
	case m.resource:
		w.nested(v, m)
	default:
		w.object(v, m.shape)
		if m.of.in != nil {
			w.bound(v, m)
		}
		if m.targets != nil && m.shape.special == isReference {
			w.target(v, m)
		}
	}
	if len(m.of.rules) > 0 && w.broken == broken {
		w.ask(m.of.rules, v, m.code)
	}
}

// stranger is for a member that is no element: the _name of a primitive, or
// something FHIR does not have.
func (w *walker) stranger(n, c fhir.Node, s *shape) *member {
	name := c.Name()
	if base, ok := strings.CutPrefix(name, "_"); ok {
		m := s.named(base)
		if m != nil && m.prim != 0 && siblingAllowed(s, m) {
			w.sibling(n, c, m)
			return m
		}
		switch {
		case m != nil && m.prim != 0:
			w.bad(codeStructure, name, "is not allowed: %s has no extensions (FHIR R4 §2.24.0.1)", base)
			return m
		case m != nil:
			w.bad(codeStructure, name, "is not an element of %s: only a primitive has one beside it, and %s is %s; put its extensions inside", s.name, base, a(m.code))
		default:
			w.bad(codeStructure, name, "is not an element of %s in FHIR R4", s.name)
		}
		return nil
	}
	switch e := s.choice(name); {
	case e != nil:
		w.bad(codeStructure, name, "is not an element of %s: %s[x] is one of %s", s.name, e.Name, choices(e))
	case name == "resourceType":
		w.bad(codeStructure, name, "is not an element of %s: only a resource has one", s.name)
	default:
		if near := s.near(name); near != "" {
			w.bad(codeStructure, name, "is not an element of %s in FHIR R4; did you mean %s?", s.name, near)
			return nil
		}
		w.bad(codeStructure, name, "is not an element of %s in FHIR R4", s.name)
	}
	return nil
}

// near is the element whose name differs only in its case.
func (s *shape) near(name string) string {
	for i := range s.members {
		if strings.EqualFold(s.members[i].name, name) {
			return s.members[i].name
		}
	}
	return ""
}

// twice reports a second value of a choice. A value and its _name are one.
func (w *walker) twice(n, c fhir.Node, m *member) {
	for other := range n.All() {
		if other.Same(c) {
			return
		}
		name := strings.TrimPrefix(other.Name(), "_")
		if is := slices.IndexFunc(m.of.Types, func(t r4.TypeRef) bool { return m.of.JSONName(t.Code) == name }); is >= 0 && name != m.name {
			w.bad(codeStructure, m.of.Name, "is there as %s and as %s: only one of them is allowed", name, m.name)
			return
		}
	}
}
