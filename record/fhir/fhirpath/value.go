package fhirpath

import (
	"carehold/record/fhir"
	"carehold/record/fhir/r4"
)

// Value is an item of a collection: an element of a resource, or a value that an
// expression made.
type Value struct {
	// Node is the element. A primitive that has no value, only an id or
	// extensions, is the object of its sibling (_birthDate). Not valid for a value
	// that an expression made, and for what resolve() knows only the type of.
	Node fhir.Node
	// Type is the FHIR type of the element: "Quantity", "code", "Patient",
	// "Observation.component". Of a value that was made: "boolean", "integer",
	// "decimal" or "string".
	Type string

	t    *r4.Type // of Type; nil for one that R4 does not have
	made *string  // the text of a value that was made
}

// Root is the resource itself, as the context of an expression.
func Root(r *fhir.Resource) Value { return Element(r.Root(), r.Type()) }

// Element is a node of the FHIR type as the context of an expression. A type that
// is a resource's, like that of DomainResource.contained, is told by the node's
// own resourceType.
func Element(n fhir.Node, typ string) Value {
	t, _ := r4.Lookup(typ)
	return element(n, t)
}

func element(n fhir.Node, t *r4.Type) Value {
	if t == nil {
		return Value{Node: n}
	}
	if t.Kind == r4.Resource && t.Abstract {
		if is, ok := r4.Lookup(n.Get("resourceType").Text()); ok && is.Kind == r4.Resource {
			t = is
		}
	}
	return Value{Node: n, Type: t.Name, t: t}
}

// HasValue reports whether there is a value that can be compared: a primitive's,
// not merely its extensions.
func (v Value) HasValue() bool {
	switch v.Node.Kind() {
	case '"', '0', 't', 'f':
		return true
	}
	return v.made != nil
}

// Text is the text of a string, number, boolean or date; "" of everything else.
func (v Value) Text() string {
	if v.made != nil {
		return *v.made
	}
	return v.Node.Text()
}

// object is where the members of the value are: itself, and of a primitive the
// sibling that holds its id and extensions.
func (v Value) object() fhir.Node {
	if v.Node.Kind() == '{' || !v.Node.Valid() {
		return v.Node
	}
	if list := v.Node.Parent(); list.Kind() == '[' {
		return at(list.Parent().Get("_"+list.Name()), v.Node.Index())
	}
	return v.Node.Parent().Get("_" + v.Node.Name())
}

// at is an array's object at i.
func at(list fhir.Node, i int) fhir.Node {
	for n := range list.All() {
		if n.Index() == i && n.Kind() == '{' {
			return n
		}
	}
	return fhir.Node{}
}

var yes, no = "true", "false"

func boolean(b bool) Value {
	if b {
		return Value{Type: "boolean", made: &yes}
	}
	return Value{Type: "boolean", made: &no}
}

func made(typ, text string) Value { return Value{Type: typ, made: &text} }

// system is a type of FHIRPath's own, which FHIR's primitives convert to
// (FHIR R4 fhirpath.html#types).
type system uint8

const (
	none system = iota
	systemBoolean
	systemInteger
	systemDecimal
	systemString
	systemDate // also DateTime and instant: precision tells
	systemTime
)

func (v Value) system() system {
	switch v.Type {
	case "boolean":
		return systemBoolean
	case "integer", "unsignedInt", "positiveInt":
		return systemInteger
	case "decimal":
		return systemDecimal
	case "string", "code", "id", "uri", "url", "canonical", "oid", "uuid", "markdown", "base64Binary", "xhtml":
		return systemString
	case "date", "dateTime", "instant":
		return systemDate
	case "time":
		return systemTime
	}
	return none
}
