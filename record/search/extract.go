package search

import (
	"bytes"

	"carehold/record/fhir"
	"carehold/record/fhir/r4"
)

// found is a value of a parameter, as the definitions have it.
type found struct {
	node fhir.Node
	of   *element
	// made is a value that is nowhere in the resource: an expression's own true or
	// false.
	made string
	part uint8 // of a tuple: which component,
	kind kind  // and its type
}

// text is a string without its quotes, or the JSON text of a number or boolean. It
// points into the resource when it can.
func text(n fhir.Node) []byte {
	switch n.Kind() {
	case '"':
		if raw := n.Raw(); bytes.IndexByte(raw, '\\') < 0 {
			return raw[1 : len(raw)-1]
		}
		return []byte(n.Text())
	case '0', 't', 'f':
		return n.Raw()
	}
	return nil
}

// each are the values of an array, or the one that is there instead.
func each(n fhir.Node, yield func(fhir.Node) bool) {
	switch n.Kind() {
	case '!', 'n':
	case '[':
		for e := range n.All() {
			if e.Kind() != 'n' && !yield(e) {
				return
			}
		}
	default:
		yield(n)
	}
}

// inExtension is the value of an extension: some of R4's expressions end at the
// extension itself.
func inExtension(v found) (found, bool) {
	t, _ := r4.Lookup("Extension")
	for m := range v.node.All() {
		if e, typ, ok := t.Member(m.Name()); ok && e.Name == "value" {
			return found{node: m, of: &element{typ: typ.Code}}, true
		}
	}
	return found{}, false
}

// write adds a value to those of a parameter; how depends on the type of both.
// What a type of parameter does not apply to is nothing to search.
func (w *writer) write(k kind, v found) {
	if v.of.typ == "Extension" {
		var ok bool
		if v, ok = inExtension(v); !ok {
			return
		}
	}
	switch k {
	case numberKind:
		w.numbers(v)
	case dateKind:
		w.dates(v)
	case stringKind:
		w.strings(v)
	case tokenKind:
		w.tokens(v)
	case referenceKind:
		w.references(v)
	case quantityKind:
		w.quantities(v)
	case uriKind:
		if s := text(v.node); s != nil {
			w.text(s)
		}
	}
}

// numbers are as FHIR R4 §3.1.1.4.6 has them. Of a Range, which one parameter can
// find (RiskAssessment's probability), both ends are.
func (w *writer) numbers(v found) {
	if v.of.typ == "Range" {
		for _, end := range [...]string{"low", "high"} {
			if d, ok := number(v.node.Get(end).Get("value")); ok {
				w.number(Number{Decimal: d})
			}
		}
		return
	}
	if d, ok := number(v.node); ok {
		w.number(Number{d, v.of.typ != "decimal"})
	}
}
