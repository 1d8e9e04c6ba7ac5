package validate

import (
	"strings"

	"carehold/record/fhir/r4"
)

// missing reports a required element.
func (w *walker) missing(s *shape, e *element) {
	switch {
	case e.Choice:
		w.bad(codeRequired, e.Name, "is missing: it is one of %s", choices(e.Element))
	case e.codes != nil && len(e.codes) <= maxCodes:
		w.bad(codeRequired, e.Name, "is missing: it is one of %s", codeList(e))
	case len(e.Types) == 1 && e.single():
		w.bad(codeRequired, e.Name, "is missing: every %s has it, %s", s.name, a(e.Types[0].Code))
	default:
		w.bad(codeRequired, e.Name, "is missing: every %s has at least one", s.name)
	}
}

// choices names the members a choice can be: valueQuantity, valueString …
func choices(e *r4.Element) string {
	const most = 12
	var names []string
	for i, t := range e.Types {
		if i == most {
			names = append(names, "…")
			break
		}
		names = append(names, e.JSONName(t.Code))
	}
	return strings.Join(names, ", ")
}

// a is a name with its article: an Encounter, a uri, an unsignedInt.
func a(name string) string {
	if strings.IndexByte("AEIOaeio", name[0]) >= 0 || strings.HasPrefix(name, "uns") || name == "xhtml" {
		return "an " + name
	}
	return "a " + name
}

func kindWord(kind byte) string {
	switch kind {
	case '{':
		return "an object"
	case '[':
		return "an array"
	case '"':
		return "a string"
	case '0':
		return "a number"
	case 't', 'f':
		return "true or false"
	}
	return "null"
}
