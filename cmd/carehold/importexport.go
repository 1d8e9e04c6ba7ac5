package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/change"
	"carehold/record/entry"
	"carehold/record/export"
	"carehold/record/fhir"
	"carehold/record/holder"
)

// An export comes back into a record as it was: the entries under their ids, with their
// older versions written again in their order, filed where they were, documents with
// the same bytes. What cannot be as it was is by whom and when each version was
// written: that is this import, now. So who wrote it then comes along as Provenance.
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
	brought  bool     // by this import, or by an earlier try of it
}

// exportImport puts an export into an open record.
type exportImport struct {
	*importer
	*openedExport
	theirs, ours fhir.Ref // the Patient, there and here
	entries      map[fhir.Ref]*coming
	files        map[binaryVersion]export.Document
	waves        int

	batch   []change.Change
	bytes   int
	gone    []fhir.Ref
	held    []*claimed
	waiting map[fhir.Ref][]*companion // for a Binary that is held

	report       *imported // of what is sent now: one of these
	first, later imported
	notes        imported
	moved        int
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
	x := &exportImport{importer: &importer{unlocked: u, person: o.person, ask: !u.app.yes}, openedExport: r}
	x.first = imported{ID: crypto.RandomID(), Source: first(o.source, sourceOf(r.Manifest)), Types: map[string]int{}, Sections: map[string]int{}, Ignored: map[string]int{}}
	x.later = imported{ID: x.first.ID, Source: x.first.Source}
	x.notes, x.report = x.later, &x.first
	if err := x.begin(ctx); err != nil {
		return nil, err
	}
	return x, badExport(r.path, x.plan())
}

// sourceOf is what the import of an export is called.
func sourceOf(m *export.Manifest) string {
	return fmt.Sprintf("export of %.120s, %s", clean(m.Server), m.Time.UTC().Format("2006-01-02 15:04:05 UTC"))
}

// plan reads everything once: what is there, and what is to be sent of it.
func (x *exportImport) plan() error {
	if !fhir.ValidID(x.Manifest.Patient) {
		return record.Safef(record.Integrity, "manifest.json does not say whose record it is")
	}
	x.theirs, x.ours = fhir.Ref{Type: "Patient", ID: x.Manifest.Patient}, x.ownRef()
	x.entries, x.files, x.waiting = map[fhir.Ref]*coming{}, map[binaryVersion]export.Document{}, map[fhir.Ref][]*companion{}
	err := x.Sections(func(f export.Filed) error {
		ref, err := f.Ref()
		if err != nil {
			return err
		}
		section, err := record.ParseSection(f.Section)
		if err != nil {
			return err
		}
		if x.entries[x.ourRef(ref)] != nil {
			return record.Errorf(record.Integrity, "sections.json: %s is there twice", ref)
		}
		x.entries[x.ourRef(ref)] = &coming{filed: f, section: section}
		return nil
	})
	if err != nil {
		return err
	}
	err = x.Documents(func(d export.Document) error {
		ref, err := fhir.ParseRef(d.Entry)
		if err != nil || !d.Apart {
			return err
		}
		x.files[binaryVersion{ref, record.Version(d.Version)}] = d
		return nil
	})
	if err != nil {
		return err
	}
	if err := x.each("", x.noteVersion); err != nil {
		return err
	}
	if err := x.each("history/", x.noteVersion); err != nil {
		return err
	}
	return x.choose()
}

// each goes through all lines of a folder.
func (x *exportImport) each(folder string, fn func(export.Version) error) error {
	for _, typ := range x.Types(folder) {
		read := x.Newest
		if folder != "" {
			read = x.Older
		}
		if err := read(typ, fn); err != nil {
			return err
		}
	}
	return nil
}

// noteVersion notes one version.
func (x *exportImport) noteVersion(v export.Version) error {
	c := x.entries[x.ourRef(v.Ref)]
	if c == nil {
		return record.Errorf(record.Integrity, "%s is not in sections.json", v.Ref)
	}
	if newest := v.Version == c.filed.Version; v.Version > c.filed.Version || newest && v.Deleted != c.filed.Deleted {
		return record.Errorf(record.Integrity, "%s is not of the version that sections.json says", v.Ref)
	}
	if slices.Contains(c.versions, v.Version) {
		return record.Errorf(record.Integrity, "%s is there twice in version %d", v.Ref, v.Version)
	}
	c.versions = append(c.versions, v.Version)
	if v.Deleted {
		c.gone = append(c.gone, v.Version)
	}
	return nil
}

// choose says of each entry what is to be sent.
func (x *exportImport) choose() error {
	begun := false // by an earlier try
	for _, e := range x.there {
		begun = begun || e.Source == x.first.Source
	}
	for ref, c := range x.entries {
		slices.Sort(c.versions)
		n := len(c.versions)
		if n == 0 || c.versions[n-1] != c.filed.Version {
			return record.Errorf(record.Integrity, "%s is in sections.json, and its newest version is nowhere", ref)
		}
		there, known := x.there[ref]
		ours := there.Source == x.first.Source
		if at := int(there.Version) - 1; begun && there.Deleted && there.Self && there.Source == "" && at < n {
			ours = slices.Contains(c.gone, c.versions[at]) // a deletion is no part of an import, and does not say so
		}
		switch {
		case !known:
			c.brought = true
			_, c.apart = x.files[binaryVersion{x.theirRef(ref), record.Version(c.versions[0])}]
		case there.Version == c.filed.Version && there.Time.Equal(c.filed.Time):
			c.from = n // the same version of the same entry: this is the record it is of
			x.first.Same++
		case ours && int(there.Version) < n:
			c.from, c.brought = int(there.Version), true // an earlier try got so far
		case ours && int(there.Version) == n:
			c.from, c.brought = n, true
			x.first.Same++
		case c.filed.Deleted:
			c.from = n
		default:
			c.from = n - 1
		}
		if c.from < n {
			x.waves = max(x.waves, n-c.from)
		}
	}
	return nil
}

// ourRef is an entry of the export by its name in this record: only the Patient has
// another.
func (x *exportImport) ourRef(ref fhir.Ref) fhir.Ref {
	if ref == x.theirs {
		return x.ours
	}
	return ref
}

// theirRef is the other way.
func (x *exportImport) theirRef(ref fhir.Ref) fhir.Ref {
	if ref == x.ours {
		return x.theirs
	}
	return ref
}

// rewritten is a resource of the export with its references to the person leading to
// this record's.
func (x *exportImport) rewritten(r *fhir.Resource) *fhir.Resource {
	if x.theirs == x.ours {
		return r
	}
	return r.Rewrite(func(ref fhir.Reference) (string, bool) {
		t := fhir.ParseReference(ref.Value)
		if t.Form != fhir.Relative || t.Ref != x.theirs {
			return "", false
		}
		return strings.Replace(ref.Value, x.theirs.String(), x.ours.String(), 1), true
	})
}

// whose makes sure that the export is about the person.
func (x *exportImport) whose(dry bool) error {
	if x.entries[x.ours] == nil {
		return nil
	}
	return x.Newest("Patient", func(v export.Version) error {
		if v.Ref != x.theirs {
			return nil
		}
		bundles, err := change.ReadSource(bytes.NewReader(v.Resource.Bytes()), change.Limits{})
		if err != nil || len(bundles) != 1 {
			return err
		}
		plan, err := change.PlanImport(bundles[0], "", x.patient)
		if err != nil {
			return err
		}
		if err := plan.About(x.importer.own); err != nil {
			return hinted(err, "nothing was imported from it: a record is about one person")
		}
		c := x.entries[x.ours]
		was := x.there[x.ours]
		if other := was.Version > 0 && !was.Deleted && was.Source != x.first.Source; other && !x.person && c.from < len(c.versions) {
			c.from = len(c.versions)
			x.first.Left++
		}
		if x.ask && !dry {
			return x.isThatYou(x.first.Source, plan.Patients)
		}
		return nil
	})
}

// run sends everything.
func (x *exportImport) run(ctx context.Context) error {
	if slices.ContainsFunc(x.Grants(), func(g holder.Granted) bool { return g.State == holder.Live && !g.Grant.Self }) {
		x.app.warn("what you had moved to another section yourself is moved there again at the end: until then those you share this record with may see it where it is filed by itself")
	}
	for wave := range x.waves {
		x.report = &x.first
		if wave > 0 {
			x.report = &x.later
		}
		if err := x.wave(ctx, wave); err != nil {
			return err
		}
	}
	if err := x.sections(ctx); err != nil {
		return err
	}
	return x.provenance(ctx)
}

// wave sends of each entry the version that is next. All that come first go together,
// so that they are filed together.
func (x *exportImport) wave(ctx context.Context, wave int) error {
	take := func(v export.Version) error {
		ref := x.ourRef(v.Ref)
		c := x.entries[ref]
		at := c.from + wave
		if at >= len(c.versions) || c.versions[at] != v.Version {
			return nil
		}
		if v.Deleted {
			x.gone = append(x.gone, ref)
			return nil
		}
		ch := change.Change{Verb: change.Update, Ref: ref, Resource: x.rewritten(v.Resource), URL: ref.String()}
		if d, apart := x.files[binaryVersion{v.Ref, record.Version(v.Version)}]; apart {
			x.held = append(x.held, &claimed{ch, d})
			return nil
		}
		if wave == 0 && x.waits(ch) {
			return nil
		}
		return x.add(ctx, ch)
	}
	for _, folder := range []string{"", "history/"} {
		if err := x.each(folder, take); err != nil {
			return err
		}
	}
	if err := x.flush(ctx); err != nil {
		return err
	}
	if err := x.claims(ctx); err != nil {
		return err
	}
	return x.remove(ctx)
}

// add puts a change into the next transaction.
func (x *exportImport) add(ctx context.Context, c change.Change) error {
	size := len(c.Resource.Bytes())
	most := x.most
	if most == 0 {
		most = pieceEntries
	}
	if n := len(x.batch); n > 0 && (n == most || x.bytes+size > pieceBytes) {
		if err := x.flush(ctx); err != nil {
			return err
		}
	}
	x.batch, x.bytes = append(x.batch, c), x.bytes+size
	return nil
}

// flush sends the transaction. A Ctrl-C is heard before it: what was sent goes in.
func (x *exportImport) flush(ctx context.Context) error {
	if len(x.batch) == 0 {
		return nil
	}
	if ctx.Err() != nil {
		text := "interrupted before anything was sent"
		if n := x.first.written() + x.later.written(); n > 0 {
			text = "interrupted when " + plural(n, "entry was", "entries were") + " in"
		}
		return coded(exitInterrupted, errors.New(text), "the same command again goes on; carehold imports undo "+shortID(x.first.ID.String())+" takes back what is there")
	}
	changes := x.batch
	x.batch, x.bytes = nil, 0
	return x.transact(ctx, changes)
}

// transact sends one transaction.
func (x *exportImport) transact(ctx context.Context, changes []change.Change) error {
	for i, c := range changes {
		changes[i].Index = i
		if e := x.entries[c.Ref]; e != nil && x.report == &x.first {
			x.first.Types[c.Ref.Type]++
			x.first.Sections[e.section.String()]++
		}
	}
	x.sending(x.report, changes, 0, len(changes))
	if err := x.transaction(context.WithoutCancel(ctx), x.report, changes); err != nil {
		return hinted(err, "what was done so far stays; the same command again goes on")
	}
	return nil
}

// remove deletes what was deleted. It is no part of the import: an import brings.
func (x *exportImport) remove(ctx context.Context) error {
	for len(x.gone) > 0 {
		n := min(len(x.gone), pieceEntries)
		var body bytes.Buffer
		w := change.NewBundleWriter(&body, change.BundleHead{Type: "transaction"})
		for _, ref := range x.gone[:n] {
			if err := w.Entry(change.BundleEntry{Method: "DELETE", URL: ref.String()}); err != nil {
				return err
			}
		}
		if err := w.Close(); err != nil {
			return err
		}
		if _, err := x.session.Transaction(context.WithoutCancel(ctx), body.Bytes(), entry.Origin{}); err != nil {
			return hinted(fmt.Errorf("what was deleted could not be deleted again: %w", err), "what was done so far stays; the same command again goes on")
		}
		x.gone = x.gone[n:]
	}
	return nil
}

// sections files what was brought as it was filed.
func (x *exportImport) sections(ctx context.Context) error {
	if err := x.importer.look(ctx); err != nil {
		return err
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
		return nil
	}
	p := x.app.progress("filing as it was", len(moves))
	defer p.finish()
	for _, m := range moves {
		if _, err := x.session.Move(ctx, m.ref, m.to); err != nil {
			return hinted(fmt.Errorf("%s could not be filed as it was: %w", m.ref, err), "what was done so far stays; the same command again goes on")
		}
		x.moved++
		p.add(1)
	}
	return nil
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
