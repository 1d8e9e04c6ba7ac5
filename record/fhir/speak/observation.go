package speak

import (
	"strconv"
	"strings"

	"carehold/record/fhir"
)

// Observed is what was found: the value, or those of the components, or why there is
// none.
func Observed(n fhir.Node) []string {
	var parts []string
	if v := Value(n); v != "" {
		parts = append(parts, v)
	}
	if bp := BloodPressure(n); bp != "" {
		return append(parts, bp)
	}
	for c := range n.Get("component").All() {
		v := Or(Value(c), Missing(c), "no value")
		if i := Interpretation(c); i != "" {
			v += ", " + i
		}
		if r := Ranges(c); r != "" {
			v += " (range " + r + ")"
		}
		parts = append(parts, Or(Concept(c.Get("code")), Unnamed)+": "+v)
	}
	if len(parts) > 0 {
		return parts
	}
	if m := Missing(n); m != "" {
		return []string{m}
	}
	var members []string
	for m := range n.Get("hasMember").All() {
		members = append(members, Clean(m.Get("display").Text()))
	}
	switch {
	case len(Said(members...)) > 0:
		return []string{"A group: " + Clean(strings.Join(Said(members...), ", "))}
	case len(members) > 0:
		return []string{"A group of results"}
	}
	return []string{"No value is recorded"}
}

func Missing(n fhir.Node) string {
	return Prefixed("No value: ", Concept(n.Get("dataAbsentReason")))
}

// BloodPressure is 142/84 mmHg, when that is all there is and in one unit.
func BloodPressure(n fhir.Node) string {
	var high, low fhir.Node
	count := 0
	for c := range n.Get("component").All() {
		switch count++; Code(c.Get("code"), LOINC) {
		case "8480-6":
			high = c.Get("valueQuantity")
		case "8462-4":
			low = c.Get("valueQuantity")
		}
	}
	if count != 2 || !high.Get("value").Valid() || !low.Get("value").Valid() || high.Get("unit").Text() != low.Get("unit").Text() ||
		high.Get("code").Text() != low.Get("code").Text() || high.Get("comparator").Valid() || low.Get("comparator").Valid() {
		return ""
	}
	return Clean(high.Get("value").Text() + "/" + Quantity(low))
}

// flags are the codes of v3-ObservationInterpretation that need words. A result is
// never called good or bad.
var flags = map[string]string{"H": "Above range", "HH": "Far above range", "HU": "Far above range", "L": "Below range", "LL": "Far below range", "LU": "Far below range",
	"N": "", "A": "Abnormal", "AA": "Very abnormal", "POS": "Positive", "NEG": "Negative", "IND": "Indeterminate", "R": "Resistant", "S": "Susceptible", "I": "Intermediate"}

func Interpretation(n fhir.Node) string {
	var all []string
	for i := range n.Get("interpretation").All() {
		code := Code(i, "")
		if words, known := flags[code]; known && strings.HasSuffix(First(i.Get("coding")).Get("system").Text(), "v3-ObservationInterpretation") {
			all = append(all, words)
		} else {
			all = append(all, Concept(i))
		}
	}
	return Clean(strings.Join(Said(all...), ", "))
}

// Outside says that a number is above or below the laboratory's own range, where the
// laboratory says nothing itself: one range, for everyone, in the same unit.
func Outside(n fhir.Node) string {
	value, ranges := n.Get("valueQuantity"), n.Get("referenceRange")
	r := First(ranges)
	for other := range ranges.All() {
		if !other.Same(r) {
			return ""
		}
	}
	if n.Get("interpretation").Valid() || value.Get("comparator").Valid() || r.Get("appliesTo").Valid() || r.Get("age").Valid() || r.Get("type").Valid() {
		return ""
	}
	beyond := func(name string, sign float64) bool {
		limit := r.Get(name)
		at, err1 := strconv.ParseFloat(limit.Get("value").Text(), 64)
		is, err2 := strconv.ParseFloat(value.Get("value").Text(), 64)
		return err1 == nil && err2 == nil && limit.Get("unit").Text() == value.Get("unit").Text() && limit.Get("code").Text() == value.Get("code").Text() && sign*is > sign*at
	}
	switch {
	case beyond("high", 1):
		return "Above range"
	case beyond("low", -1):
		return "Below range"
	}
	return ""
}

// Ranges are the laboratory's own.
func Ranges(n fhir.Node) string {
	var all []string
	for r := range n.Get("referenceRange").All() {
		s := Or(Clean(r.Get("text").Text()), Range(r))
		if to := Or(Concepts(r.Get("appliesTo")), Concept(r.Get("type"))); to != "" && s != "" {
			s += " (" + to + ")"
		}
		all = append(all, s)
	}
	return Clean(strings.Join(Said(all...), "; "))
}
