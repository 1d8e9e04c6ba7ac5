package search

import (
	"bytes"

	"carehold/record/fhir"
)

// references follows FHIR R4 §3.1.1.4.12: a Reference, a canonical, or a resource
// that lies inside another (Bundle's message and composition).
func (w *writer) references(v found) {
	switch v.node.Kind() {
	case '"':
		url, version, _ := bytes.Cut(text(v.node), []byte("|"))
		if insideID(v) != nil { // as a Reference to what is contained
			w.reference(Reference{})
			return
		}
		r := Reference{URL: url, Version: version}
		if to := fhir.ParseReference(string(url)); to.Form == fhir.Relative || to.Form == fhir.Absolute && to.Ref.ID != "" {
			r.Type, r.ID = []byte(to.Ref.Type), []byte(to.Ref.ID)
			if to.Form == fhir.Relative {
				r.URL = nil
			}
		}
		w.reference(r)
	case '{':
		if typ := v.node.Get("resourceType"); typ.Valid() {
			w.reference(Reference{Type: text(typ), ID: text(v.node.Get("id"))})
		} else if v.of.typ == "Reference" {
			w.refer(v.node)
		}
	}
}

// refer is a Reference. One without anything to find it by is a value all the same.
func (w *writer) refer(n fhir.Node) {
	identifier := n.Get("identifier")
	r := Reference{
		Type:   text(n.Get("type")),
		System: text(identifier.Get("system")), Value: text(identifier.Get("value")),
	}
	at := text(n.Get("reference"))
	to := fhir.ParseReference(string(at))
	switch to.Form {
	case fhir.Relative:
		r.Type, r.ID = []byte(to.Ref.Type), []byte(to.Ref.ID)
	case fhir.Absolute:
		r.URL = at
		if to.Ref.ID != "" {
			r.Type, r.ID = []byte(to.Ref.Type), []byte(to.Ref.ID)
			r.URL = at[:len(to.Base)+len(to.Ref.Type)+1+len(to.Ref.ID)] // without the version
		}
	case fhir.URN, fhir.Conditional, fhir.Unknown:
		r.URL = at
	}
	if len(at) > 0 || len(r.Type)+len(r.Value)+len(r.System) > 0 || n.Get("display").Valid() {
		w.reference(r)
	}
}
