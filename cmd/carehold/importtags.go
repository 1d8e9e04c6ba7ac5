package main

import (
	"slices"
	"strconv"

	"carehold/record/derived"
	"carehold/record/fhir"
	"carehold/record/store"
)

// The tag of what a server derived, and an export brought along (derived.CarriedTag), is
// written by this program where it brings that. In what comes from elsewhere anybody can
// have written it, to have a Provenance of theirs heard of an entry that is not. So it is
// taken off: what is left says what its file says, and no more.

// The same is so of what the person says about an entry (store.Unspoken): anybody's file
// can have such words, and they would be shown as the person's own. A server takes them
// only of an import that is said to be of the person's own export.

// foreign is a resource of somebody's file as it may be sent: without the tag, and
// without words of the person's. What cannot be made so is not sent.
func foreign(r *fhir.Resource) (*fhir.Resource, error) {
	return store.Foreign(r)
}

func hasTag(r *fhir.Resource) bool {
	for tag := range r.Root().Get("meta").Get("tag").All() {
		if tag.Get("system").Text() == derived.CarriedTag {
			return true
		}
	}
	return false
}

// carries is a version of the export as it may be sent: a note of origin that came along
// before is one of those versions only that this import brings. One of none has no tag.
func (x *exportImport) carries(r *fhir.Resource) (*fhir.Resource, error) {
	if !hasTag(r) {
		return r, nil
	}
	var others []fhir.Node
	kept := false
	for target := range r.Root().Get("target").All() {
		at := fhir.ParseReference(target.Get("reference").Text())
		ref := x.ourRef(at.Ref)
		if v, err := strconv.ParseUint(at.Version, 10, 32); err == nil && at.Form == fhir.Relative && x.sure(ref) {
			if i, found := slices.BinarySearch(x.entries[ref].versions, v); found && uint64(i)+1 == v {
				kept = true
				continue
			}
		}
		others = append(others, target)
	}
	if r.Type() != "Provenance" || !kept {
		return derived.Uncarried(r)
	}
	return fhir.Parse(r.Without(others), fhir.Limits{})
}
