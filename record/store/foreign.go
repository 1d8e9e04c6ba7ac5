package store

import (
	"carehold/record/derived"
	"carehold/record/fhir"
)

// Foreign is a resource of somebody's file as it may be imported: without the tag of what
// a server derived, and without words of the person's, which anybody could have put into
// it. What cannot be made so is not imported.
func Foreign(r *fhir.Resource) (*fhir.Resource, error) {
	r, err := derived.Uncarried(r)
	if err != nil {
		return nil, err
	}
	return Unspoken(r)
}
