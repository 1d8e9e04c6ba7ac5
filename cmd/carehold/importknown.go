package main

import (
	"bytes"
	"context"
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
	if own || s.live {
		changes = withoutCover(changes, r)
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
	content := map[string]fhir.Ref{}      // what would be new, by what it says
	byName := map[fhir.Ref][]jsonMember{} // and by the name that it has there
	ours := map[fhir.Ref]fhir.Ref{}       // name there -> here
	for _, c := range changes {
		if c.Ref.Type == "Patient" || c.Ref.Type == "Composition" || im.has(c.Ref) {
			continue
		}
		name := fhir.Ref{Type: c.Ref.Type, ID: c.Resource.ID()}
		switch there := im.has(name); {
		case there && own:
			found[c.Ref] = name
			continue
		case there:
			byName[name], ours[name] = members(c.Resource), c.Ref
		}
		if key, ok := contentKey(c.Resource); ok {
			content[key] = c.Ref
		}
	}
	types := map[string]bool{}
	for _, ref := range content {
		types[ref.Type] = true
	}
	for ref := range byName {
		types[ref.Type] = true
	}
	for typ := range types {
		if !im.hasType(typ) {
			continue
		}
		err := im.session.Search(ctx, typ, func(f client.Found) error {
			x, err := fhir.Parse(f.Resource, fhir.Limits{})
			if err != nil {
				return err
			}
			if list, ok := byName[f.Ref]; ok && within(members(x), list) {
				found[ours[f.Ref]] = f.Ref
			} else if key, ok := contentKey(x); ok {
				if c, ok := content[key]; ok && found[c].ID == "" {
					found[c] = f.Ref
				}
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
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

// contentKey is what an entry says, whatever it and what it points to are called; false
// for one that says a part of it only by pointing there: two orders, of two medicines.
func contentKey(r *fhir.Resource) (string, bool) {
	for _, ref := range r.References() {
		if !outward(ref) {
			continue
		}
		path := strings.Split(ref.Path, ".")
		if len(path) != 3 {
			return "", false
		}
		name, place, _ := strings.Cut(path[1], "[")
		at := r.Root().Get(name)
		if i, err := strconv.Atoi(strings.TrimSuffix(place, "]")); err == nil {
			for x := range at.All() {
				if x.Index() == i {
					at = x
				}
			}
		}
		if !whose[name] && at.Get("display").Text() == "" {
			return "", false
		}
	}
	list := members(r)
	if len(list) == 0 {
		return "", false
	}
	var b strings.Builder
	b.WriteString(r.Type())
	for _, m := range list {
		b.WriteString("\x00" + m.name + "\x00" + m.raw)
	}
	return b.String(), true
}

// outward reports whether a reference leads to another entry.
func outward(ref fhir.Reference) bool {
	return ref.In == fhir.InReference && fhir.ParseReference(ref.Value).Form != fhir.Contained
}

// jsonMember is an element of a resource.
type jsonMember struct{ name, raw string }

// members are what a resource says, in the order of the names: without what names it,
// what is said about it, and what its references are called.
func members(r *fhir.Resource) (list []jsonMember) {
	r = r.Rewrite(func(ref fhir.Reference) (string, bool) { return "x", outward(ref) })
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
