package r4

import (
	"slices"
	"strings"
)

// Kind is what sort of type a Type is.
type Kind uint8

const (
	Primitive Kind = iota + 1
	Complex
	Resource
	Backbone
)

// Type is a type of R4, with the elements it inherits.
type Type struct {
	Name        string // "Observation", or the path of a backbone: "Observation.component"
	Kind        Kind
	Abstract    bool
	Base        string // "" for Element and Resource, which have none
	Regex       string // of a primitive, as R4 gives it, without anchors
	Elements    []Element
	Constraints []Constraint

	members map[string]member
}

// member is what a JSON name means: valueQuantity is value, as a Quantity.
type member struct{ element, typ int }

// Element is one element of a type.
type Element struct {
	Name        string // "value" for value[x]
	Choice      bool
	Min, Max    int // Max is -1 for *
	Types       []TypeRef
	Summary     bool   // in _summary=true, §3.1.1.5.8
	Modifier    bool   // it changes the meaning of what it is in, §2.4.0.2
	Required    string // the value set of a required binding, without its version; else ""
	Constraints []Constraint
}

// TypeRef is a type an element can have.
type TypeRef struct {
	Code    string
	Targets []string // of a Reference or canonical: types it may point to; none for any
}

// Constraint is an invariant. Of an Element it is about each of its values.
type Constraint struct {
	Key        string
	Warning    bool
	Human      string
	Expression string // FHIRPath
}

// Lookup is the type with the name.
func Lookup(name string) (*Type, bool) {
	t, ok := tables().types[name]
	return t, ok
}

// ResourceTypes are the 146 types a resource can have, in their order.
func ResourceTypes() []string { return tables().resources }

// Member is the element that a JSON member is, and of which type; ok is false for
// what the type does not have.
func (t *Type) Member(name string) (e *Element, typ TypeRef, ok bool) {
	m, ok := t.members[name]
	if !ok {
		return nil, TypeRef{}, false
	}
	e = &t.Elements[m.element]
	if m.typ < len(e.Types) {
		typ = e.Types[m.typ]
	}
	return e, typ, true
}

// JSONName is the member that holds the element as the type: value of a Quantity
// is valueQuantity.
func (e *Element) JSONName(typ string) string {
	if !e.Choice || typ == "" {
		return e.Name
	}
	return e.Name + strings.ToUpper(typ[:1]) + typ[1:]
}

// Is reports whether the type is the one named, or comes from it: Age is a
// Quantity, Observation a DomainResource.
func (t *Type) Is(name string) bool {
	for t != nil {
		if t.Name == name {
			return true
		}
		t = tables().types[t.Base]
	}
	return false
}

func (t *Type) index() {
	t.members = make(map[string]member, len(t.Elements))
	for i := range t.Elements {
		e := &t.Elements[i]
		if !e.Choice {
			t.members[e.Name] = member{element: i}
			continue
		}
		for k, typ := range e.Types {
			t.members[e.JSONName(typ.Code)] = member{i, k}
		}
	}
}

// InSummary are the names of the elements that are in a summary of the type.
func (t *Type) InSummary() []string {
	var names []string
	for i := range t.Elements {
		if t.Elements[i].Summary {
			names = append(names, t.Elements[i].Name)
		}
	}
	return names
}

// A valueSet is the codes of each of its systems.
type valueSet map[string][]string

// Codes is what is in the value set of a required binding. An empty system
// matches all. known is false for a set that R4 does not list: every MIME type,
// every currency.
func Codes(url string) (has func(system, code string) bool, known bool) {
	set, known := tables().sets[url]
	if !known {
		return nil, false
	}
	return func(system, code string) bool {
		if system != "" {
			return slices.Contains(set[system], code)
		}
		for _, codes := range set {
			if slices.Contains(codes, code) {
				return true
			}
		}
		return false
	}, true
}

// CodesOf are the codes of a value set, sorted, for a text that names them.
func CodesOf(url string) []string {
	var all []string
	for _, codes := range tables().sets[url] {
		all = append(all, codes...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}
