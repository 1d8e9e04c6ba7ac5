package ips

import (
	"strconv"
	"strings"

	"carehold/record/fhir"
)

func (b *builder) rowObservation(it *item, n fhir.Node) []cell {
	name := say(or(sayConcept(n.Get("code")), unnamed))
	value := say(append(observed(n), unusual(n.Get("status").Text()), or(interpretation(n), outside(n)))...)
	notes := sayNotes(n.Get("note"))
	if it.kind == story {
		return []cell{name, append(value, say(notes)...), say(it.when.text)}
	}
	return []cell{name, value, say(it.when.text), say(ranges(n), notes)}
}

// earlier is an older result beside the newest of the same: 61 mmol/mol, Feb-2026.
// Of a vaccine it is the day, and which dose where they are counted.
func (b *builder) earlier(it, newest *item) string {
	n := it.root()
	if it.Ref.Type == "Immunization" {
		said := or(it.when.text, "no date")
		if dose := doseNumber(n); dose != "" && dose != doseNumber(newest.root()) {
			said += " (dose " + dose + ")"
		}
		if it.doubt() != "" {
			said += " (not verified)"
		}
		return clean(said)
	}
	when := it.when.text
	if !it.when.at.IsZero() && it.when.at.Equal(newest.when.at) {
		when = "at the same time" // and so not earlier
	}
	parts := append(observed(n), when, it.doubt(), unusual(n.Get("status").Text()), or(interpretation(n), outside(n)))
	return clean(strings.Join(say(parts...), ", "))
}

// observed is what was found: the value, or those of the components, or why there is
// none.
func observed(n fhir.Node) []string {
	var parts []string
	if v := sayValue(n); v != "" {
		parts = append(parts, v)
	}
	if bp := bloodPressure(n); bp != "" {
		return append(parts, bp)
	}
	for c := range n.Get("component").All() {
		v := or(sayValue(c), missing(c), "no value")
		if i := interpretation(c); i != "" {
			v += ", " + i
		}
		if r := ranges(c); r != "" {
			v += " (range " + r + ")"
		}
		parts = append(parts, or(sayConcept(c.Get("code")), unnamed)+": "+v)
	}
	if len(parts) > 0 {
		return parts
	}
	if m := missing(n); m != "" {
		return []string{m}
	}
	var members []string
	for m := range n.Get("hasMember").All() {
		members = append(members, clean(m.Get("display").Text()))
	}
	switch {
	case len(say(members...)) > 0:
		return []string{"A group: " + clean(strings.Join(say(members...), ", "))}
	case len(members) > 0:
		return []string{"A group of results"}
	}
	return []string{"No value is recorded"}
}

func missing(n fhir.Node) string {
	return prefixed("No value: ", sayConcept(n.Get("dataAbsentReason")))
}

// bloodPressure is 142/84 mmHg, when that is all there is and in one unit.
func bloodPressure(n fhir.Node) string {
	var high, low fhir.Node
	count := 0
	for c := range n.Get("component").All() {
		switch count++; codeOf(c.Get("code"), loinc) {
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
	return clean(high.Get("value").Text() + "/" + sayQuantity(low))
}

// flags are the codes of v3-ObservationInterpretation that need words. A result is
// never called good or bad.
var flags = map[string]string{"H": "Above range", "HH": "Far above range", "HU": "Far above range", "L": "Below range", "LL": "Far below range", "LU": "Far below range",
	"N": "", "A": "Abnormal", "AA": "Very abnormal", "POS": "Positive", "NEG": "Negative", "IND": "Indeterminate", "R": "Resistant", "S": "Susceptible", "I": "Intermediate"}

func interpretation(n fhir.Node) string {
	var all []string
	for i := range n.Get("interpretation").All() {
		code := codeOf(i, "")
		if words, known := flags[code]; known && strings.HasSuffix(first(i.Get("coding")).Get("system").Text(), "v3-ObservationInterpretation") {
			all = append(all, words)
		} else {
			all = append(all, sayConcept(i))
		}
	}
	return clean(strings.Join(say(all...), ", "))
}

// outside says that a number is above or below the laboratory's own range, where the
// laboratory says nothing itself: one range, for everyone, in the same unit.
func outside(n fhir.Node) string {
	value, ranges := n.Get("valueQuantity"), n.Get("referenceRange")
	r := first(ranges)
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

// ranges are the laboratory's own.
func ranges(n fhir.Node) string {
	var all []string
	for r := range n.Get("referenceRange").All() {
		s := or(clean(r.Get("text").Text()), sayRange(r))
		if to := or(sayConcepts(r.Get("appliesTo")), sayConcept(r.Get("type"))); to != "" && s != "" {
			s += " (" + to + ")"
		}
		all = append(all, s)
	}
	return clean(strings.Join(say(all...), "; "))
}
