package ips

import (
	"strings"

	"carehold/record/fhir"
)

// sayConcept is what a CodeableConcept says: its text, else what a code displays,
// else the code as it is.
func sayConcept(n fhir.Node) string {
	if t := n.Get("text").Text(); t != "" {
		return clean(t)
	}
	raw := ""
	for c := range n.Get("coding").All() {
		if d := c.Get("display").Text(); d != "" {
			return clean(d)
		}
		if code := c.Get("code").Text(); code != "" && raw == "" {
			switch s := c.Get("system").Text(); {
			case strings.HasPrefix(s, "http://terminology.hl7.org/CodeSystem/"), strings.HasPrefix(s, "http://hl7.org/fhir/"):
				raw = sayStatus(code) // FHIR's own codes are words
			case s != "":
				raw = "code " + code + " of " + s
			default:
				raw = "code " + code
			}
		}
	}
	return clean(raw)
}

// sayConcepts are those of an array.
func sayConcepts(n fhir.Node) string {
	var all []string
	for c := range n.All() {
		if s := sayConcept(c); s != "" {
			all = append(all, s)
		}
	}
	return clean(strings.Join(all, ", "))
}

// codeOf is the code of a system in a CodeableConcept, or in the first of an array
// that has one; "" for none. An empty system is any.
func codeOf(n fhir.Node, system string) string {
	if n.Kind() == '[' {
		for c := range n.All() {
			if code := codeOf(c, system); code != "" {
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

// anyCode reports whether a CodeableConcept, or one of an array, has a code for which
// is is true.
func anyCode(n fhir.Node, is func(system, code string) bool) bool {
	if n.Kind() == '[' {
		for c := range n.All() {
			if anyCode(c, is) {
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

// same is what two entries about the same thing have in common: the first code, else
// the words. "" for neither.
func same(n fhir.Node) string {
	for c := range n.Get("coding").All() {
		if code := c.Get("code").Text(); code != "" {
			return c.Get("system").Text() + "|" + code
		}
	}
	return strings.ToLower(sayConcept(n))
}

// sayQuantity is a number as it was written, its comparator and its unit as they are.
func sayQuantity(n fhir.Node) string {
	unit := n.Get("unit").Text()
	if unit == "" {
		unit = n.Get("code").Text()
	}
	parts := strings.TrimSpace(n.Get("comparator").Text() + " " + n.Get("value").Text())
	if unit == "%" {
		return clean(parts + unit)
	}
	return clean(strings.TrimSpace(parts + " " + unit))
}

// ageUnits are the units of UCUM that an Age has (R4 invariant age-1).
var ageUnits = map[string]string{"a": "years", "mo": "months", "wk": "weeks", "d": "days", "h": "hours", "min": "minutes"}

func sayAge(n fhir.Node) string {
	if word := ageUnits[n.Get("code").Text()]; word != "" {
		return clean(n.Get("value").Text() + " " + word)
	}
	return sayQuantity(n)
}

// sayRange is a Range: from low to high, or the end that there is.
func sayRange(n fhir.Node) string {
	low, high := n.Get("low"), n.Get("high")
	switch {
	case low.Valid() && high.Valid():
		if a, z := sayQuantity(low), sayQuantity(high); low.Get("unit").Text() != high.Get("unit").Text() {
			return a + " to " + z
		}
		return clean(low.Get("value").Text() + " to " + sayQuantity(high))
	case low.Valid():
		return clean("at least " + sayQuantity(low))
	case high.Valid():
		return clean("at most " + sayQuantity(high))
	}
	return ""
}

// sayValue is a value[x] of an Observation, a component or an answer.
func sayValue(n fhir.Node) string {
	for v := range n.All() {
		name, ok := strings.CutPrefix(v.Name(), "value")
		if !ok || name == "" {
			continue
		}
		switch name {
		case "Quantity", "SimpleQuantity", "Money":
			return sayQuantity(v)
		case "CodeableConcept":
			return sayConcept(v)
		case "Coding":
			if d := v.Get("display").Text(); d != "" {
				return clean(d)
			}
			return clean(v.Get("code").Text())
		case "Boolean":
			if v.Text() == "true" {
				return "Yes"
			}
			return "No"
		case "Range":
			return sayRange(v)
		case "Ratio":
			return clean(sayQuantity(v.Get("numerator")) + " : " + sayQuantity(v.Get("denominator")))
		case "DateTime", "Date":
			return sayDate(v.Text()).text
		case "Period":
			return sayPeriod(v).text
		case "SampledData":
			return "A recording; it is in the entry."
		case "Attachment":
			return "A document: " + clean(v.Get("title").Text())
		case "Reference":
			return clean(v.Get("display").Text())
		}
		return clean(v.Text()) // string, integer, decimal, time, uri
	}
	return ""
}

// sayName is a HumanName in the order it is spoken.
func sayName(n fhir.Node) string {
	if t := n.Get("text").Text(); t != "" {
		return clean(t)
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
	return clean(strings.Join(parts, " "))
}

// sayNotes are the texts of Annotations.
func sayNotes(n fhir.Node) string {
	var all []string
	for a := range n.All() {
		all = append(all, a.Get("text").Text())
	}
	return clean(strings.Join(all, " "))
}

// sayStatus is a code as words: not-done → Not done.
func sayStatus(code string) string { return capital(clean(strings.ReplaceAll(code, "-", " "))) }
