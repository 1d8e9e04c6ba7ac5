package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"carehold/record/fhir"
)

// An older version of an export may be a deletion, and so may the newest. Of an entry
// that this import creates that is its history. But an entry that was there is deleted
// by it only if the person says so, who is shown which: an export is a file, and whoever
// had it could write one more version into it. Only the very export that this device
// began to import, and did not end, goes on unasked, and only with entries that were not
// there when it began: whoever said no, and was interrupted, said no.

// spared is an entry that is there, and that the export has as deleted.
type spared struct {
	ref  fhir.Ref
	from int // where the versions to be sent would begin
}

// spare leaves an entry as it is, unless somebody says otherwise.
func (x *exportImport) spare(ref fhir.Ref, c *coming) {
	x.spared = append(x.spared, spared{ref, c.from})
	c.from = len(c.versions)
	x.first.Kept++
}

// mayDelete asks about what the export would delete. --yes is no answer to it: it is
// given before anybody knows what that is.
func (x *exportImport) mayDelete(ctx context.Context, dry bool) error {
	slices.SortFunc(x.spared, func(a, b spared) int { return strings.Compare(a.ref.String(), b.ref.String()) })
	a := x.app
	if len(x.spared) == 0 || dry || a.yes || a.json {
		return nil
	}
	n := len(x.spared)
	for _, s := range x.spared[:min(n, mostNamed)] {
		a.paragraph("  ", x.named(ctx, s.ref))
	}
	if n > mostNamed {
		a.say("  … and %s more", thousands(n-mostNamed))
	}
	ok, err := a.unlessAlone(fmt.Sprintf("The export has %s as deleted, and your record has %s. Delete %s?",
		oneOr(n, "this entry", "these "+entriesOf(n)), oneOr(n, "it", "them"), oneOr(n, "it", "them")))
	if err != nil || !ok {
		return err
	}
	for _, s := range x.spared {
		c := x.entries[s.ref]
		c.from = s.from
		x.waves = max(x.waves, len(c.versions)-c.from)
	}
	x.first.Kept -= n
	x.deleted, x.spared = x.spared, nil
	return nil
}

// showGone says what was deleted, and what was not.
func (a *app) showGone(x *exportImport, dry bool) error {
	if a.json {
		for _, s := range x.spared {
			if err := a.item(unchangedJSON{s.ref.String(), "delete", false, dry, "nobody was asked"}); err != nil {
				return err
			}
		}
		return nil
	}
	if n := len(x.deleted); n > 0 && !dry {
		done := 0
		for _, s := range x.deleted {
			if !x.has(s.ref) {
				done++
			}
		}
		if them := oneOr(done, "it", "them"); done > 0 {
			a.say("%s deleted, as %s in the export.", plural(done, "entry was", "entries were"), oneOr(done, "it is", "they are"))
			a.note("Taking the import back does not bring %s back: importing what brought %s does.", them, them)
		}
	}
	n := len(x.spared)
	if n == 0 {
		return nil
	}
	left := "left as " + oneOr(n, "it is", "they are")
	if dry {
		left = "an import would ask whether to delete " + oneOr(n, "it", "them")
	}
	a.warn("the export has %s as deleted, and your record has %s: %s", entriesOf(n), oneOr(n, "it", "them"), left)
	for _, s := range x.spared[:min(n, mostNamed)] {
		fmt.Fprint(a.stderr, wrap("  ", clean(s.ref.String()), a.noteColumns()))
	}
	if n > mostNamed {
		a.note("  … and %s more; --json lists all", thousands(n-mostNamed))
	}
	return nil
}
