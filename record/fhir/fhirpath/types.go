package fhirpath

import (
	"strings"

	"carehold/record/fhir/r4"
)

// A typeName is what stands after is, as and in ofType().
type typeName struct {
	fhir *r4.Type // a type of FHIR; nil for one of System
	in   []string // the types of FHIR that convert to the one of System
}

// systemTypes are FHIRPath's own types by the FHIR primitives that convert to
// them (FHIR R4 fhirpath.html#types). R4's definitions use them where they mean the primitive:
// que-7 has "answer is Boolean", and a search parameter "value.as(DateTime)".
var systemTypes = map[string][]string{
	"Boolean":  {"boolean"},
	"String":   {"string", "code", "id", "uri", "url", "canonical", "oid", "uuid", "markdown", "base64Binary", "xhtml"},
	"Integer":  {"integer", "unsignedInt", "positiveInt"},
	"Decimal":  {"decimal"},
	"Date":     {"date"},
	"DateTime": {"dateTime", "instant"},
	"Time":     {"time"},
	"Quantity": {"Quantity"},
}

// lookupType finds a type by its name, which is FHIR's unless it says System.
func lookupType(name string) (typeName, bool) {
	space, rest, qualified := strings.Cut(name, ".")
	if !qualified {
		rest = name
	}
	if !qualified || space == "FHIR" {
		if t, ok := r4.Lookup(rest); ok {
			return typeName{fhir: t}, true
		}
	}
	if !qualified || space == "System" {
		if in, ok := systemTypes[rest]; ok {
			return typeName{in: in}, true
		}
	}
	return typeName{}, false
}

// has reports whether a value is of the type, or of one that comes from it.
func (n typeName) has(v Value) bool {
	if n.fhir == nil {
		for _, name := range n.in {
			if v.Type == name {
				return true
			}
		}
		return false
	}
	if v.t == nil {
		return v.Type == n.fhir.Name // a value that was made: "boolean"
	}
	return v.t == n.fhir || v.t.Is(n.fhir.Name)
}
