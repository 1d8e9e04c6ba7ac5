package fhirapi

import "carehold/record/store"

// The content of a Binary that is kept apart from its JSON is in nothing that brings
// several resources, or says again what was written: such a Binary stands there
// without data, marked SUBSETTED as any part is. Reading it brings all of it.

// without is the part when the resource comes without its content.
func (p part) without(content bool) part {
	if content && p.whole() {
		p.summary = "data" // all that is there: a Binary has no text
	}
	return p
}

// representation is a result's resource, for who prefers it; nil when there is none.
func representation(res store.Result) []byte {
	if res.Body == nil {
		return nil
	}
	b, err := part{}.without(res.Apart).of(res.Body)
	if err != nil {
		return nil // unmarked it would look whole
	}
	return b
}
