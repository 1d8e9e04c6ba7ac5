package speak

import (
	"strings"

	"carehold/record/fhir"
)

// Concept is what a CodeableConcept says: its text, else what a code displays,
// else the code as it is.
func Concept(n fhir.Node) string {
	if t := n.Get("text").Text(); t != "" {
		return Clean(t)
	}
	raw := ""
	for c := range n.Get("coding").All() {
		if d := c.Get("display").Text(); d != "" {
			return Clean(d)
		}
		if code := c.Get("code").Text(); code != "" && raw == "" {
			switch s := c.Get("system").Text(); {
			case strings.HasPrefix(s, "http://terminology.hl7.org/CodeSystem/"), strings.HasPrefix(s, "http://hl7.org/fhir/"):
				raw = Status(code) // FHIR's own codes are words
			case s != "":
				raw = "code " + code + " of " + s
			default:
				raw = "code " + code
			}
		}
	}
	return Clean(raw)
}

// Concepts are those of an array.
func Concepts(n fhir.Node) string {
	var all []string
	for c := range n.All() {
		if s := Concept(c); s != "" {
			all = append(all, s)
		}
	}
	return Clean(strings.Join(all, ", "))
}

// Code is the code of a system in a CodeableConcept, or in the first of an array
// that has one; "" for none. An empty system is any.
func Code(n fhir.Node, system string) string {
	if n.Kind() == '[' {
		for c := range n.All() {
			if code := Code(c, system); code != "" {
				return code
			}
		}
		return ""
	}
	for c := range n.Get("coding").All() {
		if code := c.Get("code").Text(); code != "" && (system == "" || c.Get("system").Text() == system) {
			return code
		}
	}
	return ""
}

// AnyCode reports whether a CodeableConcept, or one of an array, has a code for which
// is is true.
func AnyCode(n fhir.Node, is func(system, code string) bool) bool {
	if n.Kind() == '[' {
		for c := range n.All() {
			if AnyCode(c, is) {
				return true
			}
		}
		return false
	}
	for c := range n.Get("coding").All() {
		if is(c.Get("system").Text(), c.Get("code").Text()) {
			return true
		}
	}
	return false
}

// Same is what two entries about the same thing have in common: the first code, else
// the words. "" for neither.
func Same(n fhir.Node) string {
	for c := range n.Get("coding").All() {
		if code := c.Get("code").Text(); code != "" {
			return c.Get("system").Text() + "|" + code
		}
	}
	return strings.ToLower(Concept(n))
}

// Quantity is a number as it was written, its comparator and its unit as they are.
func Quantity(n fhir.Node) string {
	unit := n.Get("unit").Text()
	if unit == "" {
		unit = n.Get("code").Text()
	}
	parts := strings.TrimSpace(n.Get("comparator").Text() + " " + n.Get("value").Text())
	if unit == "%" {
		return Clean(parts + unit)
	}
	return Clean(strings.TrimSpace(parts + " " + unit))
}

// ageUnits are the units of UCUM that an Age has (R4 invariant age-1).
var ageUnits = map[string]string{"a": "years", "mo": "months", "wk": "weeks", "d": "days", "h": "hours", "min": "minutes"}

func Age(n fhir.Node) string {
	if word := ageUnits[n.Get("code").Text()]; word != "" {
		return Clean(n.Get("value").Text() + " " + word)
	}
	return Quantity(n)
}

// Range is a Range: from low to high, or the end that there is.
func Range(n fhir.Node) string {
	low, high := n.Get("low"), n.Get("high")
	switch {
	case low.Valid() && high.Valid():
		if a, z := Quantity(low), Quantity(high); low.Get("unit").Text() != high.Get("unit").Text() {
			return a + " to " + z
		}
		return Clean(low.Get("value").Text() + " to " + Quantity(high))
	case low.Valid():
		return Clean("at least " + Quantity(low))
	case high.Valid():
		return Clean("at most " + Quantity(high))
	}
	return ""
}

// Value is a value[x] of an Observation, a component or an answer.
func Value(n fhir.Node) string {
	for v := range n.All() {
		name, ok := strings.CutPrefix(v.Name(), "value")
		if !ok || name == "" {
			continue
		}
		switch name {
		case "Quantity", "SimpleQuantity", "Money":
			return Quantity(v)
		case "CodeableConcept":
			return Concept(v)
		case "Coding":
			if d := v.Get("display").Text(); d != "" {
				return Clean(d)
			}
			return Clean(v.Get("code").Text())
		case "Boolean":
			if v.Text() == "true" {
				return "Yes"
			}
			return "No"
		case "Range":
			return Range(v)
		case "Ratio":
			return Clean(Quantity(v.Get("numerator")) + " : " + Quantity(v.Get("denominator")))
		case "DateTime", "Date":
			return When(v.Text()).Text
		case "Period":
			return Period(v).Text
		case "SampledData":
			return "A recording; it is in the entry."
		case "Attachment":
			return "A document: " + Clean(v.Get("title").Text())
		case "Reference":
			return Clean(v.Get("display").Text())
		}
		return Clean(v.Text()) // string, integer, decimal, time, uri
	}
	return ""
}

// Name is a HumanName in the order it is spoken.
func Name(n fhir.Node) string {
	if t := n.Get("text").Text(); t != "" {
		return Clean(t)
	}
	var parts []string
	for _, name := range []string{"prefix", "given", "family", "suffix"} {
		if v := n.Get(name); v.Kind() == '"' {
			parts = append(parts, v.Text())
		} else {
			for p := range v.All() {
				parts = append(parts, p.Text())
			}
		}
	}
	return Clean(strings.Join(parts, " "))
}

// Notes are the texts of Annotations.
func Notes(n fhir.Node) string {
	var all []string
	for a := range n.All() {
		all = append(all, a.Get("text").Text())
	}
	return Clean(strings.Join(all, " "))
}

// Status is a code as words: not-done → Not done.
func Status(code string) string { return Capital(Clean(strings.ReplaceAll(code, "-", " "))) }
