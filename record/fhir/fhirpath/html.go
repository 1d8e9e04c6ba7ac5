package fhirpath

import "carehold/record/fhir/narrative"

// htmlChecks is the FHIR function that txt-1 and txt-2 are written with: the
// narrative is XHTML that only formats, with something to read (FHIR R4 §2.4.0).
func htmlChecks(s *state, _ *call, in []Value, _ frame) (tri, error) {
	text, ok, err := textOf(s, in)
	if err != nil || !ok {
		return isEmpty, err
	}
	if err := s.spend(len(text) / 8); err != nil {
		return isEmpty, err
	}
	r := narrative.Check([]byte(text))
	return triOf(r.Wrong == "" && !r.Blank), nil
}
