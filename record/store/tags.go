package store

import (
	"carehold/record"
	"carehold/record/derived"
	"carehold/record/fhir"
)

// ownTags refuses what would pass for the server's own word: a resource that says it
// was made from the record (package derived), by whoever it is written; and one that
// says it came along with an export, by anybody but the person, who brings those. So
// each of the two tags is true wherever it is found.
func (v *View) ownTags(r *fhir.Resource) error {
	for tag := range r.Root().Get("meta").Get("tag").All() {
		switch tag.Get("system").Text() {
		case derived.TagSystem:
			return record.Safef(record.Unprocessed, "the tag %s says that this server made a resource: write yours without it", derived.TagSystem).At(tag.Path())
		case derived.CarriedTag:
			if !v.grant.Self {
				return record.Safef(record.Unprocessed, "the tag %s is for what a person brings from another server: write yours without it", derived.CarriedTag).At(tag.Path())
			}
		}
	}
	return nil
}
