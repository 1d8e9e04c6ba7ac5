package change

import (
	"bytes"
	"strings"

	"carehold/record/fhir"
	"github.com/go-json-experiment/json/jsontext"
)

// PatientSummary is enough to ask "this is about X, born …: is that you?".
type PatientSummary struct{ Name, BirthDate, NHSNumber string }

// nhsNumber is the system of NHS numbers in UK Core.
const nhsNumber = "https://fhir.nhs.uk/Id/nhs-number"

func summary(p *fhir.Resource) PatientSummary {
	var s PatientSummary
	names, _ := p.Value("name")
	best := -1
	each(names, func(name jsontext.Value) {
		rank := map[string]int{"official": 3, "usual": 2, "": 1}[member(name, "use")]
		if text := humanName(name); text != "" && rank > best {
			s.Name, best = text, rank
		}
	})
	if v, ok := p.Value("birthDate"); ok {
		s.BirthDate = text(v)
	}
	for _, id := range identifiers(p) {
		if id.System == nhsNumber {
			s.NHSNumber = id.Value
		}
	}
	return s
}

// humanName is the name as its text has it, or put together from its parts.
func humanName(name jsontext.Value) string {
	if whole := member(name, "text"); whole != "" {
		return whole
	}
	var parts []string
	add := func(v jsontext.Value) {
		if s := text(v); s != "" {
			parts = append(parts, s)
		}
	}
	each(find(name, "prefix"), add)
	each(find(name, "given"), add)
	add(find(name, "family"))
	return strings.Join(parts, " ")
}

// The values below are parts of checked resources: their JSON is valid.

// each calls f with each value of an array; of anything else, with nothing.
func each(list jsontext.Value, f func(jsontext.Value)) {
	if list.Kind() != '[' {
		return
	}
	d := jsontext.NewDecoder(bytes.NewReader(list))
	d.ReadToken()
	for k := d.PeekKind(); k != ']' && k != 0; k = d.PeekKind() {
		v, err := d.ReadValue()
		if err != nil {
			return
		}
		f(v.Clone())
	}
}

// find is the member of an object, or nil.
func find(object jsontext.Value, name string) jsontext.Value {
	if object.Kind() != '{' {
		return nil
	}
	d := jsontext.NewDecoder(bytes.NewReader(object))
	d.ReadToken()
	for d.PeekKind() == '"' {
		token, err := d.ReadToken()
		if err != nil {
			return nil
		}
		same := token.String() == name
		v, err := d.ReadValue()
		if err != nil || same {
			return v.Clone()
		}
	}
	return nil
}

// text is a string's text; of anything else "".
func text(v jsontext.Value) string {
	if v.Kind() != '"' {
		return ""
	}
	s, _ := jsontext.AppendUnquote(nil, v)
	return string(s)
}

func member(object jsontext.Value, name string) string { return text(find(object, name)) }
