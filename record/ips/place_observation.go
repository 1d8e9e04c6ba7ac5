package ips

import (
	"strings"

	"carehold/record"
	"carehold/record/fhir"
	"carehold/record/fhir/speak"
)

// vitalCodes are those of R4's vital signs profile.
var vitalCodes = set("85353-1", "9279-1", "8867-4", "2708-6", "8310-5", "8302-2", "9843-4", "29463-7", "39156-5", "85354-9", "8480-6", "8462-4", "8478-0")

// pregnancyCodes are those of the Observations of IPS: status, expected delivery
// (value set edd-method), outcomes (pregnancies-summary).
var pregnancyCodes = set("82810-3", "11778-8", "11779-6", "11780-4",
	"11636-8", "11637-6", "11638-4", "11639-2", "11640-0", "11612-9", "11613-7", "11614-5", "33065-4")

// Of these IPS allows one each (smokingTobaccoUse 0..1, alcoholUse 0..1).
const (
	tobacco = "72166-2"
	alcohol = "74013-4"
)

// placeObservation: by code first, as IPS has fixed codes for pregnancy, smoking and
// alcohol; then by category; what is left is a result ("others, clinical results").
func (b *builder) placeObservation(it *item, n fhir.Node, status string) (reason, bool) {
	for f := range n.Get("focus").All() {
		if ref, ok := b.local(f.Get("reference").Text()); ok && ref.Type == "Goal" {
			return keep, false // how near the person came to a goal
		}
	}
	it.when = speak.FirstDate(speak.Choice(n, "effective"), speak.When(n.Get("issued").Text()))
	if it.Section == record.AboutMe {
		it.kind = story
		return keep, true
	}
	it.group, it.most = speak.Same(n.Get("code")), newest
	code := speak.Code(n.Get("code"), loinc)
	category := func(names ...string) bool {
		return speak.AnyCode(n.Get("category"), func(_, code string) bool {
			for _, name := range names {
				if code == name {
					return true
				}
			}
			return false
		})
	}
	switch {
	case pregnancyCodes[code]:
		it.kind = pregnancy
	case code == tobacco, code == alcohol:
		it.kind, it.group, it.most = social, code, 1
	case category("vital-signs", "vital-sign"), vitalCodes[code]: // the second is Synthea's
		it.kind = vitals
	case category("laboratory", "imaging", "exam", "procedure"):
		it.kind = results
	case category("social-history"), it.Section == record.Support:
		it.kind = social
	default:
		it.kind = results
	}
	if it.kind == results && b.longAgo(it) && !category("imaging", "exam", "procedure") && !lasting[code] && !noted(n) {
		return aged, true
	}
	return unless(notDone, status, "registered", "cancelled"), true
}

// lasting are results that do not age: LOINC's blood groups (ABO, Rh, both).
var lasting = set("883-9", "10331-7", "882-1", "1305-2", "51892-9", "50398-0")

// noted reports whether a result is said to be more than usual: by the laboratory, by its
// own range, or because something was found.
func noted(n fhir.Node) bool {
	if speak.Interpretation(n) != "" || speak.Outside(n) != "" {
		return true
	}
	for c := range n.Get("component").All() {
		if speak.Interpretation(c) != "" || speak.Outside(c) != "" {
			return true
		}
	}
	found := speak.AnyCode(n.Get("valueCodeableConcept"), func(system, code string) bool { return system == snomed && foundCodes[code] })
	return found || foundWords[strings.ToLower(speak.Value(n))]
}

// Found, as SNOMED CT and people say it: positive, detected, present, abnormal, reactive.
var (
	foundCodes = set("10828004", "260373001", "52101004", "263654008", "11214006")
	foundWords = set("positive", "detected", "present", "abnormal", "reactive", "found", "yes", "equivocal", "indeterminate")
)
