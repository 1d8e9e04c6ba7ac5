package healthcard

import (
	"bytes"

	"carehold/record/fhir"
	"github.com/go-json-experiment/json/jsontext"
)

// The label of what came from a card that could not be verified: R4's "Integrity
// Confidence", uncertain. Not UNRELIABLE: nobody found out that it is wrong.
const (
	MarkSystem = "http://terminology.hl7.org/CodeSystem/v3-ObservationValue"
	MarkCode   = "UNCERTREL"

	label = `{"system":"` + MarkSystem + `","code":"` + MarkCode + `","display":"uncertain reliability"}`
)

// Marked reports whether a resource carries the label.
func Marked(r *fhir.Resource) bool {
	for _, c := range r.Security() {
		if c.System == MarkSystem && c.Code == MarkCode {
			return true
		}
	}
	return false
}

// mark is a resource's bytes with the label in meta.security, and no other value touched.
func mark(r *fhir.Resource) []byte {
	if Marked(r) {
		return r.Bytes()
	}
	return with(r.Root(), "meta", func(meta fhir.Node) []byte {
		return with(meta, "security", func(list fhir.Node) []byte {
			out := []byte{'['}
			if list.Valid() {
				for x := range list.All() {
					out = append(append(out, x.Raw()...), ',')
				}
			}
			return append(append(out, label...), ']')
		})
	})
}

// with is an object in which a member is set to what value makes of it; it goes after
// the others if it is not there.
func with(n fhir.Node, name string, value func(fhir.Node) []byte) []byte {
	out := []byte{'{'}
	member := func(name string, raw []byte) {
		out, _ = jsontext.AppendQuote(out, name)
		out = append(append(append(out, ':'), bytes.TrimSpace(raw)...), ',')
	}
	there := n.Get(name)
	if n.Valid() {
		for m := range n.All() {
			raw := []byte(m.Raw())
			if m.Name() == name {
				raw = value(m)
			}
			member(m.Name(), raw)
		}
	}
	if !there.Valid() {
		member(name, value(there))
	}
	out[len(out)-1] = '}'
	return out
}
