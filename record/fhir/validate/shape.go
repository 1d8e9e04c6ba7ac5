package validate

import (
	"strings"
	"sync"

	"carehold/record/fhir"
	"carehold/record/fhir/r4"
)

// shape is a type of R4 as the walk needs it: the JSON members it can have, in
// the order they are mostly written in.
type shape struct {
	name     string
	typ      *r4.Type
	members  []member
	required []*element
	bits     map[string]uint64 // of the elements
	rules    []rule
	special  special
	domain   bool // a DomainResource: it may contain others
}

// special are the types that have rules of this package's own.
type special uint8

const (
	plain special = iota
	isExtension
	isReference
	isIdentifier
	isResource
)

// element is one element of a type; a choice is one.
type element struct {
	*r4.Element
	bit   uint64 // of those that are there
	rules []rule // about each value
	codes map[string]bool
	in    func(system, code string) bool // of a required binding that R4 lists
}

// member is a JSON name: an element, as one of its types.
type member struct {
	name     string
	code     string // the FHIR type
	of       *element
	targets  []string  // of a Reference
	prim     primitive // 0: not a primitive
	shape    *shape    // nil for a primitive, and for any resource
	resource bool      // any resource
}

// single reports whether the element is one value and not an array.
func (e *element) single() bool { return e.Max == 1 }

// find is the member with the name of node c. Members mostly come in the order
// of the definitions, so it looks on from where the last one was found.
func (s *shape) find(c fhir.Node, from *int) *member {
	for k := range s.members {
		i := *from + k
		if i >= len(s.members) {
			i -= len(s.members)
		}
		if c.IsName(s.members[i].name) {
			*from = i + 1
			return &s.members[i]
		}
	}
	return nil
}

func (s *shape) named(name string) *member {
	for i := range s.members {
		if s.members[i].name == name {
			return &s.members[i]
		}
	}
	return nil
}

// choice is the choice element that a JSON name such as valueFoo was meant for.
func (s *shape) choice(name string) *r4.Element {
	for i := range s.typ.Elements {
		e := &s.typ.Elements[i]
		if rest, ok := strings.CutPrefix(name, e.Name); ok && e.Choice && (rest == "" || rest[0] >= 'A' && rest[0] <= 'Z') {
			return e
		}
	}
	return nil
}

// shapes are all types, made on first use. Types contain one another, so they are
// made by name first and filled afterwards.
var shapes = sync.OnceValue(func() map[string]*shape {
	all := map[string]*shape{}
	var fill func(name string) *shape
	fill = func(name string) *shape {
		if s := all[name]; s != nil {
			return s
		}
		typ, ok := r4.Lookup(name)
		if !ok {
			return nil
		}
		s := &shape{name: name, typ: typ, domain: typ.Is("DomainResource"), bits: map[string]uint64{}}
		all[name] = s
		switch {
		case name == "Extension":
			s.special = isExtension
		case name == "Reference":
			s.special = isReference
		case name == "Identifier":
			s.special = isIdentifier
		case typ.Kind == r4.Resource:
			s.special = isResource
		}
		s.rules = append(s.rules, rules(typ.Constraints)...)
		for i := range typ.Elements {
			s.element(&typ.Elements[i], i, fill)
		}
		return s
	}
	fill("Element") // what stands beside a primitive
	for _, name := range r4.ResourceTypes() {
		fill(name)
	}
	return all
})

// element adds the members of an element.
func (s *shape) element(def *r4.Element, i int, fill func(string) *shape) {
	e := &element{Element: def, bit: 1 << i}
	s.bits[def.Name] = e.bit
	if e.in, _ = r4.Codes(def.Required); e.in != nil {
		e.codes = map[string]bool{}
		for _, c := range r4.CodesOf(def.Required) {
			e.codes[c] = true
		}
	}
	if def.Min > 0 {
		s.required = append(s.required, e)
	}
	for _, t := range def.Types {
		m := member{name: def.JSONName(t.Code), code: t.Code, of: e, targets: t.Targets, prim: primitives[t.Code], resource: t.Code == "Resource"}
		if m.prim == 0 && !m.resource {
			m.shape = fill(t.Code)
		}
		s.members = append(s.members, m)
	}
	// What is demanded of a backbone is demanded wherever its content is referred
	// to: Questionnaire.item of the items in an item.
	if own := s.name + "." + def.Name; len(def.Types) == 1 && def.Types[0].Code == own {
		if sub := s.members[len(s.members)-1].shape; sub != nil {
			sub.rules = append(sub.rules, rules(def.Constraints)...)
			return
		}
	}
	e.rules = rules(def.Constraints)
}
