package main

import (
	"context"
	"slices"

	"carehold/record/change"
	"carehold/record/fhir"
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
	like := 0
	for i, c := range changes {
		if own && c.Ref.Type != "Patient" && !im.has(c.Ref) && im.has(nameOf(c)) {
			like++
		}
		changes[i].Resource = c.Resource.Rewrite(func(ref fhir.Reference) (string, bool) {
			t := fhir.ParseReference(ref.Value)
			to, found := same[t.Ref]
			return to.String(), found && t.Form == fhir.Relative
		})
	}
	n -= len(changes)
	r.found(n, dry)
	if own {
		im.app.note("%s: a summary of your own record.", clean(s.name))
	}
	if n > 0 {
		im.app.note("%s: %s in your record already, with the same content: left out.", clean(s.name), plural(n, "entry is", "entries are"))
	}
	if like > 0 {
		added := oneOr(like, "it is added beside it", "they are added beside them")
		if dry {
			added = oneOr(like, "it would be added beside it", "they would be added beside them")
		}
		im.app.note("%s: %s, and %s: %s.", clean(s.name), plural(like, "entry is like one in your record", "entries are like ones in your record"), oneOr(like, "differs", "differ"), added)
	}
	if own && im.onlyCover(changes) || s.live || s.again && im.hasCover(s.name, changes) {
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

// onlyCover reports whether a document's cover and the Patient are all of it that is not
// in the record. What is new keeps the cover that it came with.
func (im *importer) onlyCover(changes []change.Change) bool {
	rest := withoutCover(slices.Clone(changes), &imported{Ignored: map[string]int{}})
	return !slices.ContainsFunc(rest, func(c change.Change) bool { return c.Ref != im.ownRef() && !im.has(c.Ref) })
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
