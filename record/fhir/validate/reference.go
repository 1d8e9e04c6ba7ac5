package validate

import (
	"bytes"
	"slices"
	"strings"

	"carehold/record/fhir"
)

// reference validates what is true of every Reference: ref-1, and that its type
// is that of its text, "both SHALL be consistent" (FHIR R4 §2.3.0).
func (w *walker) reference(n fhir.Node) {
	ref := n.Get("reference")
	if ref.Kind() != '"' {
		return
	}
	raw := content(ref)
	if len(raw) > 1 && raw[0] == '#' && w.scope.contained[string(raw[1:])] == nil {
		w.wrong(codeInvariant, "reference", "is %q, and nothing with this id is contained (ref-1)", shorten(string(raw)))
		return
	}
	typ := n.Get("type")
	if typ.Kind() != '"' {
		return
	}
	if is, said := w.leads(raw), typeName(typ.Text()); is != "" && fhir.KnownType(said) && is != said {
		w.wrong(codeValue, "type", "is %s, and the reference leads to %s", said, a(is))
	}
}

// target validates that a Reference leads to one of the types that the element
// allows, as far as its text, the contained resource, the Bundle's entry or its
// type tell.
func (w *walker) target(n fhir.Node, m *member) {
	is := ""
	if ref := n.Get("reference"); ref.Kind() == '"' {
		is = w.leads(content(ref))
	}
	where := "reference"
	if is == "" {
		if typ := n.Get("type"); typ.Kind() == '"' {
			is, where = typeName(typ.Text()), "type"
		}
	}
	if is == "" || !fhir.KnownType(is) || slices.Contains(m.targets, is) {
		return
	}
	w.wrong(codeValue, where, "leads to %s, and must lead to %s", a(is), oneOf(m.targets))
}

// leads is the type of what a reference's text leads to; "" when nothing says.
func (w *walker) leads(text []byte) string {
	if len(text) > 0 && text[0] == '#' {
		if c := w.scope.contained[string(text[1:])]; c != nil {
			return c.typ
		}
		return ""
	}
	if typ, ok := plainReference(text); ok {
		return typ
	}
	if bytes.HasPrefix(text, []byte("urn:")) {
		return w.scope.bundle.entry(text)
	}
	t := fhir.ParseReference(string(text))
	if t.Ref.Type != "" && (t.Form != fhir.Absolute || strings.HasPrefix(t.Base, "http:") || strings.HasPrefix(t.Base, "https:")) {
		return t.Ref.Type
	}
	return w.scope.bundle.entry(text)
}

// plainReference is ParseReference for the common Type/id, without making a
// string of it.
func plainReference(text []byte) (string, bool) {
	for i, c := range text {
		switch {
		case c == '/':
			s := shapes()[string(text[:i])]
			for _, c := range text[i+1:] {
				if c == '/' || c == '?' || c == ':' {
					return "", false
				}
			}
			if s == nil || s.special != isResource || i == len(text)-1 {
				return "", false
			}
			return s.name, true
		case c < 'A' || c > 'z':
			return "", false
		}
	}
	return "", false
}

// entry is the type of the entry of a Bundle that has the fullUrl; s is nil for
// what is in no Bundle.
func (s *scope) entry(fullURL []byte) string {
	if s == nil {
		return ""
	}
	if s.entries == nil {
		s.entries = map[string]string{}
		for e := range s.root.Get("entry").All() {
			if u := e.Get("fullUrl").Text(); u != "" {
				s.entries[u] = e.Get("resource").Get("resourceType").Text()
			}
		}
	}
	return s.entries[string(fullURL)]
}

// typeName is the resource type that Reference.type names: its name, or the
// address of its definition.
func typeName(s string) string {
	return strings.TrimPrefix(s, "http://hl7.org/fhir/StructureDefinition/")
}

func oneOf(names []string) string {
	if len(names) == 1 {
		return a(names[0])
	}
	return "one of " + strings.Join(names, ", ")
}

// extension is ext-1: a value or extensions, and not both.
func (w *walker) extension(there uint64, s *shape) {
	value, nested := there&s.bits["value"] != 0, there&s.bits["extension"] != 0
	switch {
	case value && nested:
		w.bad(codeInvariant, "", "has a value and extensions: an extension has one or the other (ext-1)")
	case !value && !nested:
		w.bad(codeInvariant, "", "has neither a value nor extensions of its own (ext-1)")
	}
}
