package main

import (
	"encoding/json"
	"slices"

	"carehold/record/derived"
	"carehold/record/fhir"
)

// The tag of what a server derived, and an export brought along (derived.CarriedTag), is
// written by this program where it brings that. In what comes from elsewhere anybody can
// have written it, to have a Provenance of theirs heard of an entry that is not. So it is
// taken off: what is left says what its file says, and no more.

// uncarried is a resource without the tag.
func uncarried(r *fhir.Resource) *fhir.Resource {
	if !hasTag(r) {
		return r
	}
	var all, meta map[string]json.RawMessage
	var tags []json.RawMessage
	if json.Unmarshal(r.Bytes(), &all) != nil || json.Unmarshal(all["meta"], &meta) != nil || json.Unmarshal(meta["tag"], &tags) != nil {
		return r // it was parsed: none of this fails
	}
	tags = slices.DeleteFunc(tags, func(t json.RawMessage) bool {
		var tag struct{ System string }
		return json.Unmarshal(t, &tag) == nil && tag.System == derived.CarriedTag
	})
	put := func(to map[string]json.RawMessage, name string, value any, empty bool) {
		delete(to, name)
		if b, err := json.Marshal(value); err == nil && !empty {
			to[name] = b
		}
	}
	put(meta, "tag", tags, len(tags) == 0)
	put(all, "meta", meta, len(meta) == 0)
	b, err := json.Marshal(all)
	if err != nil {
		return r
	}
	without, err := fhir.Parse(b, fhir.Limits{})
	if err != nil || hasTag(without) {
		return r
	}
	return without
}

func hasTag(r *fhir.Resource) bool {
	for tag := range r.Root().Get("meta").Get("tag").All() {
		if tag.Get("system").Text() == derived.CarriedTag {
			return true
		}
	}
	return false
}

// carries is a version of the export as it may be sent: with the tag it is one that came
// along before, and only if all that it is about is what this import brings.
func (x *exportImport) carries(r *fhir.Resource) *fhir.Resource {
	if !hasTag(r) {
		return r
	}
	targets := 0
	for target := range r.Root().Get("target").All() {
		at := fhir.ParseReference(target.Get("reference").Text())
		c := x.entries[x.ourRef(at.Ref)]
		if r.Type() != "Provenance" || at.Form != fhir.Relative || c == nil || !c.created && !x.unfinished.brought(x.ourRef(at.Ref)) {
			return uncarried(r)
		}
		targets++
	}
	if targets == 0 {
		return uncarried(r)
	}
	return r
}
