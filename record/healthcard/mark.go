package healthcard

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"

	"carehold/record/fhir"
)

// label says that a card could not be verified.
var label = `{"system":"` + fhir.Uncertain.System + `","code":"` + fhir.Uncertain.Code + `","display":"` + fhir.Uncertain.Display + `"}`

// mark is a resource's bytes with the label in meta.security, and no other value touched.
func mark(r *fhir.Resource) []byte {
	if r.Labelled(fhir.Uncertain) {
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
