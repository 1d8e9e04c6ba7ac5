package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"slices"
	"strconv"
	"strings"

	"carehold/httpapi/client"
	"carehold/record/change"
	"carehold/record/fhir"
	"github.com/go-json-experiment/json/jsontext"
)

// What is handed over has often been in the record all along, under another name: a
// summary of this very record, or one of a surgery whose export was imported before. An
// entry that is there is not put beside itself.

// madeAnew is what Ignored counts of a summary: its cover, and who made it.
const madeAnew = "made anew each time"

// leaveKnown leaves out what is in the record already, and leads what points to it there.
func (im *importer) leaveKnown(ctx context.Context, s importSource, b *change.Bundle, changes []change.Change, r *imported, dry bool) ([]change.Change, error) {
	if s.unverified {
		// What a verified card brought is not made doubtful by one that is not.
		n := len(changes)
		changes = slices.DeleteFunc(changes, func(c change.Change) bool { return im.has(c.Ref) && !(im.person && c.Ref == im.ownRef()) })
		r.found(n-len(changes), dry)
	}
	if !s.handed && b.Type != "document" {
		return changes, nil
	}
	own := im.isOwn(b)
	same, err := im.same(ctx, changes, own)
	if err != nil {
		return nil, err
	}
	n := len(changes)
	changes = slices.DeleteFunc(changes, func(c change.Change) bool { _, found := same[c.Ref]; return found })
	for i, c := range changes {
		changes[i].Resource = c.Resource.Rewrite(func(ref fhir.Reference) (string, bool) {
			t := fhir.ParseReference(ref.Value)
			to, found := same[t.Ref]
			return to.String(), found && t.Form == fhir.Relative
		})
	}
	r.found(n-len(changes), dry)
	switch n -= len(changes); {
	case own:
		im.app.note("%s: a summary of your own record. What of it is in your record already is left out: %s.", clean(s.name), entriesOf(n))
	case n > 0:
		im.app.note("%s: %s in your record already, with the same content: left out.", clean(s.name), plural(n, "entry is", "entries are"))
	}
	if own || s.live || s.again && im.hasCover(s.name, changes) {
		if changes = withoutCover(changes, r); !own && r.Ignored[madeAnew] > 0 {
			im.app.note("%s: its cover, which is made anew each time, is left out.", clean(s.name))
		}
	}
	if own || len(changes) == 0 {
		r.Dangling, r.LeadOut = 0, 0 // what was left out leads where it should
	}
	return changes, nil
}

func (t *imported) found(n int, dry bool) {
	if dry {
		t.Known += n
	} else {
		t.Same += n
	}
}

func (im *importer) has(ref fhir.Ref) bool {
	e, there := im.there[ref]
	return there && !e.Deleted
}

// isOwn reports whether a bundle is about the record's own Patient, by the name that it
// has here and nowhere else: 128 bits of the record's keys.
func (im *importer) isOwn(b *change.Bundle) bool {
	return slices.ContainsFunc(b.Entries, func(e change.Entry) bool {
		return e.Resource != nil && e.Resource.Type() == "Patient" && e.Resource.ID() == im.patient
	})
}

// hasCover reports whether another Composition of the same source is there.
func (im *importer) hasCover(source string, changes []change.Change) bool {
	for ref, e := range im.there {
		if ref.Type == "Composition" && !e.Deleted && e.Source == source &&
			!slices.ContainsFunc(changes, func(c change.Change) bool { return c.Ref == ref }) {
			return true
		}
	}
	return false
}

// withoutCover leaves out a document's Composition, and the Device that made it and that
// nothing else names: they say when it was made, and are others each time.
func withoutCover(changes []change.Change, r *imported) []change.Change {
	makers, named := map[string]bool{}, map[string]bool{}
	for _, c := range changes {
		for _, ref := range c.Resource.References() {
			if c.Ref.Type == "Composition" {
				makers[ref.Value] = true
			} else {
				named[ref.Value] = true
			}
		}
	}
	n := len(changes)
	changes = slices.DeleteFunc(changes, func(c change.Change) bool {
		name := c.Ref.String()
		return c.Ref.Type == "Composition" || c.Ref.Type == "Device" && makers[name] && !named[name]
	})
	if n -= len(changes); n > 0 {
		r.Ignored[madeAnew] += n
	}
	return changes
}

// same finds the entries of the record that say the same as those that would be new.
func (im *importer) same(ctx context.Context, changes []change.Change, own bool) (map[fhir.Ref]fhir.Ref, error) {
	found := map[fhir.Ref]fhir.Ref{}
	var open []change.Change                // that are not found yet
	byName := map[fhir.Ref]*change.Change{} // of what has the name there that something has here
	types := map[string]bool{}
	for i, c := range changes {
		if c.Ref.Type == "Patient" || c.Ref.Type == "Composition" || im.has(c.Ref) {
			continue
		}
		name := fhir.Ref{Type: c.Ref.Type, ID: c.Resource.ID()}
		if there := im.has(name); there && own {
			found[c.Ref] = name
			continue
		} else if there {
			byName[name] = &changes[i]
		}
		open, types[c.Ref.Type] = append(open, c), true
	}
	content := map[[sha256.Size]byte]fhir.Ref{} // what the record says -> where
	for typ := range types {
		if !im.hasType(typ) {
			continue
		}
		err := im.session.Search(ctx, typ, func(f client.Found) error {
			x, err := fhir.Parse(f.Resource, fhir.Limits{})
			if err != nil {
				return err
			}
			if c := byName[f.Ref]; c != nil && within(members(x, anywhere), members(c.Resource, anywhere)) {
				found[c.Ref] = f.Ref
			}
			if key, ok := contentKey(x, func(ref string) (string, bool) { return ref, true }); ok {
				content[key] = f.Ref
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	// Where an entry leads is a part of what it says: one is found when what it leads to
	// is.
	lead := func(value string) (string, bool) {
		ref := fhir.ParseReference(value).Ref
		if to, ok := found[ref]; ok {
			return to.String(), true
		}
		return value, im.has(ref)
	}
	for more := true; more; {
		more = false
		open = slices.DeleteFunc(open, func(c change.Change) bool {
			if _, done := found[c.Ref]; done {
				return true
			}
			key, ok := contentKey(c.Resource, lead)
			to, there := content[key]
			if ok && there {
				found[c.Ref], more = to, true
			}
			return ok && there
		})
	}
	return found, nil
}

func (im *importer) hasType(typ string) bool {
	for ref, e := range im.there {
		if ref.Type == typ && !e.Deleted {
			return true
		}
	}
	return false
}

// whose are the elements that lead to the person or to a visit: no two entries that are
// otherwise the same differ by them.
var whose = map[string]bool{"subject": true, "patient": true, "encounter": true, "context": true}

// contentKey is what an entry says, whatever it is called: a hash. Where its references
// lead says lead; false where that is nowhere. What has a name beside it, and whose it
// is, need not be led.
func contentKey(r *fhir.Resource, lead func(string) (string, bool)) (key [sha256.Size]byte, ok bool) {
	ok = true
	list := members(r, func(ref fhir.Reference) string {
		if path := strings.Split(ref.Path, "."); len(path) == 3 {
			name, place, _ := strings.Cut(path[1], "[")
			at := r.Root().Get(name)
			if i, err := strconv.Atoi(strings.TrimSuffix(place, "]")); err == nil {
				for x := range at.All() {
					if x.Index() == i {
						at = x
					}
				}
			}
			if whose[name] || at.Get("display").Text() != "" {
				return anywhere(ref)
			}
		}
		to, known := lead(ref.Value)
		ok = ok && known
		return to
	})
	h := sha256.New()
	h.Write([]byte(r.Type()))
	for _, m := range list {
		h.Write([]byte("\x00" + m.name + "\x00" + m.raw))
	}
	return [sha256.Size]byte(h.Sum(nil)), ok && len(list) > 0
}

// anywhere stands for a reference that may lead anywhere.
func anywhere(fhir.Reference) string { return "x" }

// outward reports whether a reference leads to another entry.
func outward(ref fhir.Reference) bool {
	return ref.In == fhir.InReference && fhir.ParseReference(ref.Value).Form != fhir.Contained
}

// jsonMember is an element of a resource.
type jsonMember struct{ name, raw string }

// members are what a resource says, in the order of the names, without what names it and
// what is said about it, and with words of the caller's for its references.
func members(r *fhir.Resource, word func(fhir.Reference) string) (list []jsonMember) {
	r = r.Rewrite(func(ref fhir.Reference) (string, bool) {
		if !outward(ref) {
			return "", false
		}
		return word(ref), true
	})
	for m := range r.Root().All() {
		switch m.Name() {
		case "resourceType", "id", "meta", "text", "implicitRules", "language":
			continue
		}
		raw := jsontext.Value(bytes.Clone(m.Raw()))
		if raw.Compact() != nil {
			return nil
		}
		list = append(list, jsonMember{m.Name(), string(raw)})
	}
	slices.SortFunc(list, func(a, b jsonMember) int { return strings.Compare(a.name, b.name) })
	return list
}

// within reports whether everything that the one says the other does: a summary says more
// where its standard asks for it.
func within(one, other []jsonMember) bool {
	return len(one) > 0 && !slices.ContainsFunc(one, func(m jsonMember) bool { return !slices.Contains(other, m) })
}
