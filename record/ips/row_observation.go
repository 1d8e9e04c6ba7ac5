package ips

import (
	"strings"

	"carehold/record/fhir"
	"carehold/record/fhir/speak"
)

func (b *builder) rowObservation(it *item, n fhir.Node) []cell {
	name := say(speak.Or(speak.Concept(n.Get("code")), unnamed))
	value := say(append(speak.Observed(n), unusual(n.Get("status").Text()), speak.Or(speak.Interpretation(n), speak.Outside(n)))...)
	notes := speak.Notes(n.Get("note"))
	if it.kind == story {
		return []cell{name, append(value, say(notes)...), say(it.when.Text)}
	}
	return []cell{name, value, say(it.when.Text), say(speak.Ranges(n), notes)}
}

// earlier is an older result beside the newest of the same: 61 mmol/mol, Feb-2026.
// Of a vaccine it is the day, and which dose where they are counted.
func (b *builder) earlier(it, newest *item) string {
	n := it.root()
	if it.Ref.Type == "Immunization" {
		said := speak.Or(it.when.Text, "no date")
		if dose := doseNumber(n); dose != "" && dose != doseNumber(newest.root()) {
			said += " (dose " + dose + ")"
		}
		if it.doubt() != "" {
			said += " (not verified)"
		}
		return speak.Clean(said)
	}
	when := it.when.Text
	if !it.when.At.IsZero() && it.when.At.Equal(newest.when.At) {
		when = "at the same time" // and so not earlier
	}
	parts := append(speak.Observed(n), when, it.doubt(), unusual(n.Get("status").Text()), speak.Or(speak.Interpretation(n), speak.Outside(n)))
	return speak.Clean(strings.Join(say(parts...), ", "))
}
