package ips

import "carehold/record/fhir"

// NotVerifiedWords stand with an entry that came from a card whose issuer nobody has
// checked: without them it reads as if a clinic had written it.
const NotVerifiedWords = "Not verified: nobody has checked who issued it"

// NotVerified reports whether an entry carries the mark of such a card
// (docs/conformance.md, SMART Health Cards): in meta.security, of HL7's codes for how far
// a thing can be relied on, the one that says that nobody knows.
func NotVerified(r *fhir.Resource) bool {
	for _, c := range r.Security() {
		if c.System == "http://terminology.hl7.org/CodeSystem/v3-ObservationValue" && c.Code == "UNCERTREL" {
			return true
		}
	}
	return false
}

// doubt is NotVerifiedWords where they must stand.
func (it *item) doubt() string {
	if it.res != nil && NotVerified(it.res) {
		return NotVerifiedWords
	}
	return ""
}
