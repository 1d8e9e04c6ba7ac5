package ips

import (
	"carehold/record"
	"carehold/record/fhir"
	"carehold/record/fhir/speak"
)

// advanceConsent reports whether a Consent is an advance directive, and not one to
// treatment, research or sharing.
func advanceConsent(n fhir.Node) bool {
	return speak.AnyCode(n.Get("scope"), func(_, code string) bool { return code == "adr" }) ||
		speak.AnyCode(n.Get("category"), func(system, code string) bool {
			switch system {
			case loinc:
				return advancePapers[code]
			case "http://terminology.hl7.org/CodeSystem/consentcategorycodes":
				return code == "acd" || code == "dnr" || code == "hcd" || code == "polst"
			}
			return false
		})
}

// advancePapers are the codes of LOINC for documents that say in advance what is
// wanted: advance directives, a living will, a personal advance care plan.
var advancePapers = set("42348-3", "86533-7", "81334-5")

// placeDocument: a document whose type is that of a section stands in it.
func placeDocument(it *item, n fhir.Node, status string) (reason, bool) {
	it.when = speak.FirstDate(speak.When(n.Get("date").Text()), speak.Period(n.Get("context").Get("period")))
	if it.Section == record.AboutMe {
		it.kind = story
		return only(notCurrent, status, "current"), true
	}
	found := false
	is := func(system, code string) bool {
		if system != loinc {
			return false
		}
		if advancePapers[code] {
			it.kind, found = advance, true
		}
		for k := range sections {
			if sections[k].code == code {
				it.kind, found = kind(k), true
			}
		}
		return found
	}
	if !speak.AnyCode(n.Get("type"), is) {
		speak.AnyCode(n.Get("category"), is)
	}
	it.table = documents
	return only(notCurrent, status, "current"), found
}

// documents is the table of a section's documents, after all the others.
const documents = 9
