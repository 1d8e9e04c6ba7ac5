package search

import (
	"bytes"

	"carehold/record/fhir"
	"carehold/record/fhir/r4"
)

// "A chained condition will be evaluated inside contained resources" (FHIR R4
// §3.1.1.5.5): MedicationRequest?medication.ingredient-code=x finds a request whose
// medication lies in it. So the index of a resource has, behind the values of its
// parameters and as if they were those of one more, the resources in it that a
// parameter points to, each with an index of its own. Nothing else looks there: by
// itself a contained resource is not found.
//
//	contained = type id  how many  { place }  { size index }    type and id: texts
//
// place is that of a parameter with a reference to it. What a contained resource
// contains (dom-2 forbids it) is left out: it would be a second hop.

// containedPlace is where Lookup finds them.
func containedPlace(typ string) int { return len(r4.Params(typ)) }

// contains writes what the resource contains, and a parameter points to.
func (x *indexer) contains() {
	list := x.root.Get("contained")
	if list.Kind() != '[' {
		return
	}
	pointing := map[string][]int{} // parameters in order, by the id they point to
	for param, values := range x.found {
		if x.plan.kinds[param] != referenceKind {
			continue
		}
		for _, v := range values {
			id := insideID(v)
			if l := pointing[string(id)]; len(id) > 0 && (len(l) == 0 || l[len(l)-1] != param) {
				pointing[string(id)] = append(l, param)
			}
		}
	}
	from := len(x.w.b)
	for n := range list.All() {
		id := n.Get("id").Text()
		places := pointing[id]
		if len(places) == 0 || n.Kind() != '{' {
			continue
		}
		r, err := fhir.Parse(n.Raw(), fhir.Limits{})
		if err != nil {
			continue
		}
		x.w.text([]byte(r.Type()))
		x.w.text([]byte(id))
		x.w.uint(uint64(len(places)))
		for _, p := range places {
			x.w.uint(uint64(p))
		}
		inner := indexOf(r, false)
		x.w.uint(uint64(len(inner)))
		x.w.b = append(x.w.b, inner...)
		clear(inner)
	}
	x.at = append(x.at, spot{from, len(x.w.b) - from})
	x.list(len(x.at)-1, false)
}

// insideID is the id in a reference, or a canonical, to what is contained: #id.
func insideID(v found) []byte {
	at := v.node
	if at.Kind() == '{' && v.of.typ == "Reference" {
		at = at.Get("reference")
	}
	if at.Kind() != '"' {
		return nil
	}
	id, ok := bytes.CutPrefix(text(at), []byte("#"))
	if !ok {
		return nil
	}
	return id
}

// holdsInside reports whether the condition, which is bound, holds for something that
// an entry contains and that its parameter at the place points to.
func (c condition) holdsInside(e *Entry, place int) bool {
	v := Lookup(e.Index, containedPlace(e.Ref.Type))
	for r := v.reader(); r.more(); {
		typ, id := r.text(), r.text()
		here := false
		for n := r.count(); n > 0 && r.more(); n-- {
			here = r.count() == place || here
		}
		from, to := r.block()
		a, asks := c.tests[string(typ)]
		if !here || !asks {
			continue
		}
		inner := Entry{Ref: fhir.Ref{Type: string(typ), ID: string(id)}, Index: v.index[from:to]}
		if a.holds(&inner) {
			return true
		}
	}
	return false
}
