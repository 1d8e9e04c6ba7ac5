package fhirpath

func htmlChecks(s *state, _ *call, in []Value, _ frame) (tri, error) {
	text, ok, err := textOf(s, in)
	if err != nil || !ok {
		return isEmpty, err
	}
	return triOf(text != ""), nil
}
