package ips

import "carehold/record/fhir"

// NotVerifiedWords stand with an entry that came from a card whose issuer nobody has
// checked: without them it reads as if a clinic had written it.
const NotVerifiedWords = "Not verified: nobody has checked who issued it"

// doubt is NotVerifiedWords where they must stand (docs/conformance.md, SMART Health Cards).
func (it *item) doubt() string {
	if it.res != nil && it.res.Labelled(fhir.Uncertain) {
		return NotVerifiedWords
	}
	return ""
}
