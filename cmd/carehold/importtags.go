package main

import (
	"encoding/json"
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

// The same is so of what the person says about an entry (store.NoteURL and DisputeURL):
// anybody's file can have such words, and they would be shown as the person's own.

// foreign is a resource of somebody's file as it may be sent: without the tag, and
// without words of the person's.
func foreign(r *fhir.Resource) *fhir.Resource { return unspoken(uncarried(r)) }

// unspoken is a resource without words of the person's.
func unspoken(r *fhir.Resource) *fhir.Resource {
	for _, name := range []string{"extension", "modifierExtension"} {
		if hasWords(r.Root().Get(name)) {
			r = edited(r, name, withoutWords)
		}
	}
	for x := range r.Root().Get("meta").All() {
		if hasWords(x) {
			return edited(r, "meta", func(meta json.RawMessage) any {
				var members map[string]json.RawMessage
				if json.Unmarshal(meta, &members) != nil {
					return nil
				}
				for name, list := range members {
					if len(list) == 0 || list[0] != '[' {
						continue
					}
					if left := withoutWords(list); left == nil {
						delete(members, name)
					} else {
						members[name], _ = json.Marshal(left)
					}
				}
				if len(members) == 0 {
					return nil
				}
				return members
			})
		}
	}
	return r
}

// hasWords reports whether there are words of the person's, or a tag of them, in a list.
func hasWords(list fhir.Node) bool {
	for x := range list.All() {
		if saysWords(x.Get("url").Text(), x.Get("system").Text()) {
			return true
		}
	}
	return false
}

func saysWords(url, system string) bool {
	return url == store.NoteURL || url == store.DisputeURL || system == store.StatusSystem
}

// withoutWords is what of a list is no words of the person's; nil for nothing.
func withoutWords(list json.RawMessage) any {
	var all []json.RawMessage
	if json.Unmarshal(list, &all) != nil {
		return nil
	}
	all = slices.DeleteFunc(all, func(x json.RawMessage) bool {
		var members map[string]any // their names are as they are written, unlike in a struct
		if json.Unmarshal(x, &members) != nil {
			return false
		}
		url, _ := members["url"].(string)
		system, _ := members["system"].(string)
		return saysWords(url, system)
	})
	if len(all) == 0 {
		return nil
	}
	return all
}

// uncarried is a resource without the tag.
func uncarried(r *fhir.Resource) *fhir.Resource {
	if !hasTag(r) {
		return r
	}
	without := edited(r, "meta", func(meta json.RawMessage) any {
		var members map[string]json.RawMessage
		var tags []json.RawMessage
		if json.Unmarshal(meta, &members) != nil || json.Unmarshal(members["tag"], &tags) != nil {
			return nil
		}
		tags = slices.DeleteFunc(tags, func(t json.RawMessage) bool {
			var tag map[string]any // member names are as they are written, unlike in a struct
			return json.Unmarshal(t, &tag) == nil && tag["system"] == derived.CarriedTag
		})
		delete(members, "tag")
		if len(tags) > 0 {
			members["tag"], _ = json.Marshal(tags)
		}
		if len(members) == 0 {
			return nil
		}
		return members
	})
	if hasTag(without) {
		return edited(r, "meta", func(json.RawMessage) any { return nil })
	}
	return without
}

// edited is a resource with another value of a member; nil is none.
func edited(r *fhir.Resource, name string, value func(json.RawMessage) any) *fhir.Resource {
	var all map[string]json.RawMessage
	if json.Unmarshal(r.Bytes(), &all) != nil {
		return r // it was parsed: this does not fail
	}
	now := value(all[name])
	delete(all, name)
	if now != nil {
		all[name], _ = json.Marshal(now)
	}
	b, _ := json.Marshal(all)
	out, err := fhir.Parse(b, fhir.Limits{})
	if err != nil {
		return r
	}
	return out
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
func (x *exportImport) carries(r *fhir.Resource) *fhir.Resource {
	if !hasTag(r) {
		return r
	}
	var kept []json.RawMessage
	all := 0
	for target := range r.Root().Get("target").All() {
		all++
		at := fhir.ParseReference(target.Get("reference").Text())
		ref := x.ourRef(at.Ref)
		v, err := strconv.ParseUint(at.Version, 10, 32)
		if err != nil || at.Form != fhir.Relative || !x.sure(ref) {
			continue
		}
		if i, found := slices.BinarySearch(x.entries[ref].versions, v); found && uint64(i)+1 == v {
			kept = append(kept, json.RawMessage(target.Raw()))
		}
	}
	switch {
	case r.Type() != "Provenance" || len(kept) == 0:
		return uncarried(r)
	case len(kept) == all:
		return r
	}
	return edited(r, "target", func(json.RawMessage) any { return kept })
}
