package search

import (
	"bytes"

	"carehold/record/fhir"
	"carehold/record/fhir/r4"
)

// tokens follows the table of FHIR R4 §3.1.1.4.10.
func (w *writer) tokens(v found) {
	switch v.of.typ {
	case "CodeableConcept":
		w.concept(v.node)
	case "Coding":
		w.coding(v.node)
	case "Identifier":
		w.identifier(v.node)
	case "ContactPoint":
		if value := text(v.node.Get("value")); value != nil {
			w.token(Token{Code: value})
		}
	case "code":
		code := text(v.node)
		system := r4.SystemOf(v.of.set, string(code))
		w.token(Token{Code: code, System: []byte(system), Implied: system != ""})
	case "string", "markdown":
		w.token(Token{Code: text(v.node), Caseless: true})
	default:
		if v.made != "" {
			w.token(Token{Code: []byte(v.made)})
		} else if code := text(v.node); code != nil { // boolean, uri, id, integer, date …
			w.token(Token{Code: code})
		}
	}
}

// concept gives a token for each coding, and one for the text when no display says
// the same.
func (w *writer) concept(n fhir.Node) {
	label := w.folded(text(n.Get("text")))
	said := len(label) == 0
	each(n.Get("coding"), func(c fhir.Node) bool {
		display := w.coding(c)
		said = said || bytes.Equal(display, label)
		return true
	})
	if !said {
		w.token(Token{Text: label})
	}
}

func (w *writer) coding(n fhir.Node) (display []byte) {
	t := Token{System: text(n.Get("system")), Code: text(n.Get("code")), Text: w.folded(text(n.Get("display")))}
	if len(t.System)+len(t.Code)+len(t.Text) > 0 {
		w.token(t)
	}
	return t.Text
}

func (w *writer) identifier(n fhir.Node) {
	t := Token{System: text(n.Get("system")), Code: text(n.Get("value"))}
	typ := n.Get("type")
	t.Text = w.folded(text(typ.Get("text")))
	typed := false
	each(typ.Get("coding"), func(c fhir.Node) bool {
		t.TypeSystem, t.TypeCode = text(c.Get("system")), text(c.Get("code"))
		w.token(t)
		typed = true
		return true
	})
	if !typed && len(t.System)+len(t.Code)+len(t.Text) > 0 {
		w.token(t)
	}
}
