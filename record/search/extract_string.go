package search

import (
	"bytes"

	"carehold/record/fhir"
)

// strings follows FHIR R4 §3.1.1.4.8: of a HumanName and an Address "the search
// covers the elements of type string, and does not cover elements such as use and
// period".
func (w *writer) strings(v found) {
	switch v.of.typ {
	case "HumanName":
		w.wordly(v.node.Get("text"))
		w.wordly(v.node.Get("family"))
		for _, part := range [...]string{"given", "prefix", "suffix"} {
			each(v.node.Get(part), w.string)
		}
	case "Address":
		for _, part := range [...]string{"text", "line", "city", "district", "state", "postalCode", "country"} {
			each(v.node.Get(part), w.string)
		}
	default:
		if v.node.IsName("family") {
			w.wordly(v.node)
		} else {
			w.string(v.node)
		}
	}
}

func (w *writer) string(n fhir.Node) bool {
	if s := text(n); s != nil {
		w.str(String{Folded: w.folded(s), Exact: s})
	}
	return true
}

// What a name's words add to its index is bounded.
const (
	maxWords = 8
	maxName  = 500 // bytes
)

// wordly is a string that is also found by each of its words, as the parts of a
// family name must be.
func (w *writer) wordly(n fhir.Node) {
	w.string(n)
	s := text(n)
	if len(s) > maxName {
		return
	}
	rest := w.folded(s)
	for range maxWords {
		i := bytes.IndexByte(rest, ' ')
		if i < 0 {
			break
		}
		rest = rest[i+1:]
		w.str(String{Folded: rest})
	}
}
