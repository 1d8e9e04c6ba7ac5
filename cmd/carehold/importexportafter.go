package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"carehold/record"
	"carehold/record/change"
	"carehold/record/export"
	"carehold/record/fhir"
)

// sections files what was brought as it was filed. A letter takes its file along to
// where it goes; a file that was elsewhere is put there after that.
func (x *exportImport) sections(ctx context.Context) error {
	for range 2 {
		if n, err := x.file(ctx); err != nil || n == 0 {
			return err
		}
	}
	return nil
}

// file moves what is not where it was, and says how much that is.
func (x *exportImport) file(ctx context.Context) (int, error) {
	if err := x.importer.look(ctx); err != nil {
		return 0, err
	}
	type move struct {
		ref fhir.Ref
		to  record.Section
	}
	var moves []move
	for ref, c := range x.entries {
		now, there := x.there[ref]
		if c.brought && there && now.Section != c.section.String() && !now.Moved {
			moves = append(moves, move{ref, c.section})
		}
	}
	// The strictest first: they wait for nothing.
	slices.SortFunc(moves, func(a, b move) int {
		if a.to != b.to {
			return int(b.to) - int(a.to)
		}
		return strings.Compare(a.ref.String(), b.ref.String())
	})
	if len(moves) == 0 {
		return 0, nil
	}
	p := x.app.progress("filing as it was", len(moves))
	defer p.finish()
	for _, m := range moves {
		if _, err := x.session.Move(ctx, m.ref, m.to); err != nil {
			return 0, hinted(fmt.Errorf("%s could not be filed as it was: %w", m.ref, err), "what was done so far stays; the same command again goes on")
		}
		x.moved++
		p.add(1)
	}
	return len(moves), nil
}

// provenance brings who wrote what.
func (x *exportImport) provenance(ctx context.Context) error {
	told := export.NewTold(sourceOf(x.Manifest))
	err := x.Lines("derived/Provenance.ndjson", func(line []byte) error {
		r, err := fhir.Parse(line, fhir.Limits{})
		if err != nil {
			return err
		}
		return told.Add(x.rewritten(r).Bytes(), func(ref fhir.Ref, v record.Version) (string, record.Section) {
			c := x.entries[ref]
			if c == nil || !c.brought || x.there[ref].Version == 0 {
				return "", 0
			}
			at, found := slices.BinarySearch(c.versions, uint64(v))
			if !found {
				return "", 0
			}
			return fmt.Sprintf("%s/_history/%d", ref, at+1), c.section
		})
	})
	if err != nil {
		return badExport(x.path, err)
	}
	notes, err := told.Resources()
	if err != nil {
		return err
	}
	x.report = &x.notes
	for _, r := range notes {
		ref := fhir.Ref{Type: r.Type(), ID: r.ID()}
		if e := x.there[ref]; e.Version > 0 && !e.Deleted {
			continue // from an earlier try
		}
		if err := x.add(ctx, change.Change{Verb: change.Update, Ref: ref, Resource: r, URL: ref.String()}); err != nil {
			return err
		}
	}
	return x.flush(ctx)
}

// showExportImport says what came of it.
func (a *app) showExportImport(x *exportImport, dry bool) error {
	r := x.first
	if dry {
		for ref, c := range x.entries {
			if c.from == len(c.versions) || c.filed.Deleted {
				continue
			}
			r.Types[ref.Type]++
			r.Sections[c.section.String()]++
			switch {
			case x.there[ref].Version == 0:
				r.New++
			case x.there[ref].Deleted:
				r.Back++
			default:
				r.Known++
			}
		}
		r.Known += r.Same
	}
	if err := a.showImport(r, dry); err != nil {
		return err
	}
	if !dry {
		var more []string
		for _, m := range []struct {
			n         int
			one, many string
		}{{x.later.Changed + x.later.Back, "older version", "older versions"}, {x.documents, "document", "documents"}, {x.notes.New + x.notes.Back, "note of who wrote what", "notes of who wrote what"}} {
			if m.n > 0 {
				more = append(more, plural(m.n, m.one, m.many))
			}
		}
		if len(more) > 0 {
			a.note("With them came %s.", and(more))
		}
		if x.moved > 0 {
			a.note("%s again filed where you had them.", plural(x.moved, "entry is", "entries are"))
		}
	}
	if a.json {
		if err := a.summary(r.json(dry)); err != nil {
			return err
		}
	}
	if n := len(r.Refused) + len(x.later.Refused) + len(x.notes.Refused); n > 0 {
		return r.notImported(n, dry)
	}
	return nil
}
