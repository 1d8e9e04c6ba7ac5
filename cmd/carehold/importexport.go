package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"carehold/crypto"
	"carehold/httpapi/message"
	"carehold/record"
	"carehold/record/change"
	"carehold/record/export"
	"carehold/record/fhir"
)

// An export comes back into a record as it was: the entries under their ids, with their
// older versions written again in their order, filed where they were (but see
// importexportfiling.go), documents with the same bytes. What cannot be as it was is by
// whom and when each version was written: that is this import, now. So who wrote it then
// comes along as Provenance.
//
// Of an entry that the record has already only the newest version is sent, as with
// every import: its own history goes on.

// exportOptions are what is said of an import of an export.
type exportOptions struct {
	exportKeys
	source      string
	dry, person bool
}

// coming is an entry on its way in.
type coming struct {
	filed    export.Filed
	section  record.Section
	versions []uint64 // in order
	gone     []uint64 // those that are deletions
	from     int      // of versions, the first that is to be sent; len(versions): none
	apart    bool     // its first version is a Binary whose content is a file
	brought  bool     // by this import, or by what calls itself an earlier try of it
	created  bool     // by this run: it alone files it
}

// exportImport puts an export into an open record.
type exportImport struct {
	*importer
	*openedExport
	unfinished   *unfinished
	theirs, ours fhir.Ref // the Patient, there and here
	entries      map[fhir.Ref]*coming
	files        map[binaryVersion]export.Document
	waves        int
	over         int  // entries that the record has already, and that it may write over
	fresh        bool // the record has nothing from elsewhere
	spared       []spared
	deleted      []spared // of those what was deleted, after a question

	batch   []change.Change
	bytes   int
	gone    []fhir.Ref
	held    []*claimed
	waiting map[fhir.Ref][]*companion // for a Binary that is held

	report       *imported // of what is sent now: one of these
	first, later imported
	notes        imported
	moved        int
	left, stay   []entryMove // what is filed elsewhere than in the export
	documents    int
}

// importExports imports an export, if that is what is to be imported.
func (a *app) importExports(ctx context.Context, paths []string, o exportOptions) (done bool, err error) {
	i := slices.IndexFunc(paths, isExport)
	switch {
	case i < 0 && o.exportKeys != (exportKeys{}):
		return true, usagef("--identity and --export-passphrase-file are for an export that is encrypted, and none is among these files")
	case i < 0:
		return false, nil
	case len(paths) > 1:
		return true, usagef("%s is an export, which is imported by itself: name the other files in a command of their own", paths[i])
	}
	return true, a.importExport(ctx, paths[i], o)
}

// importExport imports an export: all of it is looked at before anything is sent.
func (a *app) importExport(ctx context.Context, path string, o exportOptions) error {
	r, err := a.openExport(path, o.exportKeys)
	if err != nil {
		return err
	}
	defer r.Close()
	bar, done := a.byteProgress("looking through the export", r.Manifest.Total()), int64(0)
	err = r.Verify(ctx, func(n int64) { done += n; bar.at(done) })
	bar.finish()
	if err != nil {
		return badExport(path, err)
	}
	u, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer u.close()
	x, err := u.planExport(ctx, r, o)
	if err != nil {
		return err
	}
	if err := x.whose(o.dry); err != nil {
		return err
	}
	if err := x.mayDelete(ctx, o.dry); err != nil {
		return err
	}
	if x.over > 0 && x.ask && !o.dry {
		ok, err := a.confirm(fmt.Sprintf("%s in this record already. Where the export says something else, that becomes the newest version. Go on?", plural(x.over, "of its entries is", "of its entries are")), false)
		if err != nil || !ok {
			return declined(err)
		}
	}
	if !o.dry {
		err = x.run(ctx)
	}
	if err != nil && x.first.written() == 0 {
		return err
	}
	return errors.Join(a.showExportImport(x, o.dry), err)
}

// planExport looks at what is in the export and what is in the record.
func (u *unlocked) planExport(ctx context.Context, r *openedExport, o exportOptions) (*exportImport, error) {
	x := &exportImport{importer: &importer{unlocked: u, person: o.person, ask: !u.app.yes, ownExport: true}, openedExport: r}
	x.first = imported{ID: crypto.RandomID(), Source: first(o.source, sourceOf(r.Manifest)), Types: map[string]int{}, Sections: map[string]int{}, Ignored: map[string]int{}}
	x.later = imported{ID: x.first.ID, Source: x.first.Source}
	x.notes, x.report = x.later, &x.first
	if err := x.begin(ctx); err != nil {
		return nil, err
	}
	var err error
	if x.unfinished, err = loadUnfinished(u.device, r.Manifest, x.first.Source); err != nil {
		return nil, err
	}
	return x, badExport(r.path, x.plan())
}

// sure reports whether an entry is this import's, from its first version on: so what the
// export says of its versions is said of these.
func (x *exportImport) sure(ref fhir.Ref) bool {
	c := x.entries[ref]
	return c != nil && (c.created || x.unfinished.brought(ref))
}

// wrote reports whether an import is this one, or a try of it before.
func (x *exportImport) wrote(id message.ID) bool {
	return record.ImportID(id) == x.first.ID || x.unfinished.wrote(id)
}

// sourceOf is what the import of an export is called.
func sourceOf(m *export.Manifest) string {
	return fmt.Sprintf("export of %.120s, %s", clean(m.Server), m.Time.UTC().Format("2006-01-02 15:04:05 UTC"))
}
