package fhirpath

import (
	"carehold/record/fhir"
	"carehold/record/fhir/r4"
)

// extension takes the step to the extensions with the step's url (FHIR R4 fhirpath.html#functions).
func (w *walk) extension(v *Value, i int) error {
	if v.t == nil {
		return nil
	}
	o, err := w.object(v)
	if err != nil {
		return err
	}
	list := o.Get("extension")
	if !list.Valid() {
		return nil
	}
	url := w.steps[i].name
	for n := range list.All() {
		if n.Kind() != '{' || n.Get("url").Text() != url {
			continue
		}
		x := Value{Node: n, Type: extensionType().Name, t: extensionType()}
		if err := w.step(&x, i+1); err != nil {
			return err
		}
	}
	return nil
}

// resolve is what a reference points to, as far as its text tells: nothing is
// ever looked up outside the resource. A contained resource is found; of any other
// only the type is known, from Type/id or from Reference.type, and it has no
// elements. ok is false when not even the type is known.
func (s *state) resolve(v Value) (Value, bool) {
	text := v.Text()
	if v.Type == "Reference" {
		text = v.Node.Get("reference").Text()
	} else if v.system() != systemString {
		return Value{}, false
	}
	to := fhir.ParseReference(text)
	typ := to.Ref.Type
	if to.Form == fhir.Contained {
		return s.contained(v.Node, to.ID)
	}
	if typ == "" && v.Type == "Reference" {
		typ = v.Node.Get("type").Text()
	}
	t, ok := r4.Lookup(typ)
	if !ok || t.Kind != r4.Resource {
		return Value{}, false
	}
	return Value{Type: t.Name, t: t}, true
}

// contained is the resource that #id points to; # alone is the one that contains
// the others (FHIR R4 §2.3.0.4).
func (s *state) contained(from fhir.Node, id string) (Value, bool) {
	root := container(resourceOf(from))
	if id == "" {
		return root, root.Node.Valid()
	}
	for n := range root.Node.Get("contained").All() {
		if s.spend(1) != nil {
			break // the next step finds so too
		}
		if n.Kind() == '{' && n.Get("id").Text() == id {
			v := Element(n, "Resource")
			return v, v.Type != "Resource"
		}
	}
	return Value{}, false
}
