package ips

import "carehold/record/fhir"

// Who is whom a page is about, in the words of its banner.
type Who = banner

// WhoIs reads a Patient; nil is one of whom nothing is known. on is the day of the page,
// of which the age is told: 2026-03-02.
func WhoIs(patient *fhir.Resource, on string) Who {
	if patient == nil {
		return bannerOf(fhir.Node{}, on)
	}
	return bannerOf(patient.Root(), on)
}
