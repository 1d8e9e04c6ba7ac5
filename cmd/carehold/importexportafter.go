package main

import (
	"context"
	"fmt"
	"slices"

	"carehold/record"
	"carehold/record/change"
	"carehold/record/export"
	"carehold/record/fhir"
)

// provenance brings who wrote what, of the versions that this import wrote: what is said
// of others, somebody may have written into the export since they came.
func (x *exportImport) provenance(ctx context.Context) error {
	told := export.NewTold(sourceOf(x.Manifest))
	err := x.tell(told, func(ref fhir.Ref, v record.Version) (string, record.Section) {
		c, now := x.entries[ref], x.there[ref]
		if c == nil {
			return "", 0
		}
		section, _ := record.ParseSection(now.Section)
		at, found := slices.BinarySearch(c.versions, uint64(v))
		switch {
		case !found:
		case x.sure(ref) && now.Version > uint64(at): // else it was refused, or the same
			return fmt.Sprintf("%s/_history/%d", ref, at+1), section
		case !x.sure(ref) && x.wrote(now.Import) && uint64(v) == c.filed.Version: // it came alone, behind what was there
			return fmt.Sprintf("%s/_history/%d", ref, now.Version), section
		}
		return "", 0
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

// tell gathers what the export says of who wrote what.
func (x *exportImport) tell(told *export.Told, where func(fhir.Ref, record.Version) (string, record.Section)) error {
	return x.Lines("derived/Provenance.ndjson", func(line []byte) error {
		r, err := fhir.Parse(line, fhir.Limits{})
		if err != nil {
			return err
		}
		return told.Add(x.rewritten(r).Bytes(), where)
	})
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
			section := c.section.String()
			switch {
			case x.there[ref].Version == 0:
				r.New++
			case x.there[ref].Deleted:
				r.Back++
			default:
				r.Known++
				section = x.there[ref].Section // where it stays
			}
			r.Sections[section]++
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
	if err := a.showGone(x, dry); err != nil {
		return err
	}
	if err := a.showFiling(x); err != nil {
		return err
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
