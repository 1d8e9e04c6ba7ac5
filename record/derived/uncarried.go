package derived

import "carehold/record/fhir"

// Uncarried is a resource without the tag of what an export brought along (CarriedTag):
// what comes from elsewhere can have been given it by anybody.
func Uncarried(r *fhir.Resource) (*fhir.Resource, error) {
	var tags []fhir.Node
	for tag := range r.Root().Get("meta").Get("tag").All() {
		if tag.Get("system").Text() == CarriedTag {
			tags = append(tags, tag)
		}
	}
	if len(tags) == 0 {
		return r, nil
	}
	return fhir.Parse(r.Without(tags), fhir.Limits{})
}
