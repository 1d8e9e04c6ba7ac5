package fhirapi

import (
	"bytes"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"carehold/record"
	"carehold/record/fhir"
	"carehold/record/fhir/r4"
)

// part is how much of a resource a client wants: _summary (FHIR R4 §3.1.1.5.8) or
// _elements (§3.1.1.5.9). The zero part is all of it.
type part struct {
	summary  string   // true, text, data, or "" for none
	elements []string // names at the root
}

// partOf reads what a client asked for, which was already read as a search's own
// parameter or stands in values.
func partOf(summary string, elements []string) (part, error) {
	switch summary {
	case "", "false", "count":
		summary = ""
	case "true", "text", "data":
		if len(elements) > 0 {
			return part{}, record.Safef(record.Invalid, "_summary and _elements both say what to leave out: send one of them").At("_elements")
		}
	default:
		return part{}, record.Safef(record.Invalid, "_summary is true, text, data, count or false").At("_summary")
	}
	for _, name := range elements {
		if name == "" || strings.ContainsAny(name, ".[]()") {
			return part{}, record.Safef(record.Invalid, "_elements lists elements at the root of a resource, with commas between them").At("_elements")
		}
	}
	return part{summary, elements}, nil
}

func (p part) whole() bool { return p.summary == "" && len(p.elements) == 0 }

// of is the part of a resource, marked as one so that nobody takes it for the whole
// and sends it back. What must be there, and what changes the meaning of the rest,
// stays whatever was asked for; so do contained resources that are pointed at. The
// elements that stay are copied as they are.
func (p part) of(body []byte) ([]byte, error) {
	if p.whole() {
		return body, nil
	}
	res, err := fhir.Parse(body, fhir.Limits{})
	if err != nil {
		return nil, record.Safef(record.Internal, "a stored resource does not read: %w", err)
	}
	typ, ok := r4.Lookup(res.Type())
	if !ok {
		return nil, record.Safef(record.Internal, "a stored resource is of no type")
	}
	b := append(make([]byte, 0, len(body)), '{')
	for member := range res.Root().All() {
		name := member.Name()
		switch {
		case name == "meta":
			b = subsetted(memberName(b, name), member)
		case p.keeps(typ, name):
			b = memberName(b, name)
			if p.summary == "true" {
				b = summarised(b, member, typ)
			} else {
				b = append(b, member.Raw()...)
			}
		}
	}
	if !res.Root().Get("meta").Valid() {
		b = append(memberName(b, "meta"), `{"tag":[`+subset+`]}`...)
	}
	if contained := res.Root().Get("contained"); contained.Valid() && !p.keeps(typ, "contained") && bytes.Contains(b, []byte(`"#`)) {
		b = append(memberName(b, "contained"), contained.Raw()...)
	}
	return append(b, '}'), nil
}

// keeps reports whether a member at the root of a resource is in the part.
func (p part) keeps(typ *r4.Type, name string) bool {
	if name == "resourceType" || name == "id" {
		return true
	}
	if p.summary == "data" {
		return name != "text"
	}
	plain := strings.TrimPrefix(name, "_") // what a primitive has beside its value goes with it
	e, _, known := typ.Member(plain)
	switch {
	case !known:
		return false
	case e.Min > 0 || e.Modifier || plain == "implicitRules":
		return true
	case p.summary == "text":
		return name == "text"
	case p.summary == "true":
		return e.Summary
	}
	return slices.Contains(p.elements, e.Name) || slices.Contains(p.elements, plain)
}

// summarised appends what a summary has of an element: of its own elements those
// that are marked, at every level; an attachment without its data. An element of
// which nothing would be left stays whole, for an empty one is no element.
func summarised(b []byte, n fhir.Node, in *r4.Type) []byte {
	switch n.Kind() {
	case '[':
		b = append(b, '[')
		for value := range n.All() {
			b = summarised(separated(b, '['), value, in)
		}
		return append(b, ']')
	case '{':
	default:
		return append(b, n.Raw()...)
	}
	name := n.Name()
	if n.Index() >= 0 {
		name = n.Parent().Name()
	}
	_, as, known := in.Member(name)
	typ, defined := r4.Lookup(as.Code)
	if !known || !defined || typ.Kind != r4.Complex && typ.Kind != r4.Backbone {
		return append(b, n.Raw()...) // _birthDate, a contained resource
	}
	start := len(b)
	b = append(b, '{')
	for member := range n.All() {
		e, _, known := typ.Member(strings.TrimPrefix(member.Name(), "_"))
		if known && (e.Summary || e.Modifier || e.Min > 0) {
			b = summarised(memberName(b, member.Name()), member, typ)
		}
	}
	if len(b) == start+1 {
		return append(b[:start], n.Raw()...)
	}
	return append(b, '}')
}

const (
	tagSystem = "http://terminology.hl7.org/CodeSystem/v3-ObservationValue"
	subset    = `{"system":"` + tagSystem + `","code":"SUBSETTED"}`
)

// subsetted appends a meta with the tag that says a resource is not whole.
func subsetted(b []byte, meta fhir.Node) []byte {
	b = append(b, '{')
	tag := meta.Get("tag")
	for member := range meta.All() {
		b = memberName(b, member.Name())
		if !member.Same(tag) || isSubsetted(meta) {
			b = append(b, member.Raw()...)
			continue
		}
		b = append(b, '[')
		for coding := range tag.All() {
			b = append(separated(b, '['), coding.Raw()...)
		}
		b = append(append(separated(b, '['), subset...), ']')
	}
	if !tag.Valid() {
		b = append(memberName(b, "tag"), `[`+subset+`]`...)
	}
	return append(b, '}')
}

// isSubsetted reports whether a meta says that its resource is not whole.
func isSubsetted(meta fhir.Node) bool {
	for coding := range meta.Get("tag").All() {
		if coding.Get("code").Text() == "SUBSETTED" && coding.Get("system").Text() == tagSystem {
			return true
		}
	}
	return false
}

func memberName(b []byte, name string) []byte {
	b, _ = jsontext.AppendQuote(separated(b, '{'), name)
	return append(b, ':')
}

// separated appends a comma, unless this is the first in what was opened.
func separated(b []byte, opened byte) []byte {
	if b[len(b)-1] != opened {
		b = append(b, ',')
	}
	return b
}
