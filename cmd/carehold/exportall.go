package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"carehold/crypto"
	"carehold/httpapi/client"
	"carehold/httpapi/message"
	"carehold/record"
	"carehold/record/export"
	"carehold/record/fhir"
	"carehold/record/ips"
)

// exporter writes everything there is. What it holds of an entry is a line of a table;
// content goes through it.
type exporter struct {
	*unlocked
	out      *exportFiles
	time     time.Time
	patient  fhir.Ref
	list     []message.EntryInfo
	info     map[fhir.Ref]message.EntryInfo
	progress *steps

	person    *fhir.Resource
	summary   []ips.Entry
	rows      []export.Row
	held      map[fhir.Ref][]export.Document // the files in an entry, in their order
	texts     map[string]string              // of letters that are plain text, by their files
	told      int                            // bytes of these
	pointed   map[fhir.Ref][]int             // Binaries, and the rows that point to them
	titles    map[fhir.Ref]string            // of Binaries, by those who point to them
	documents []export.Document              //
	files     map[fhir.Ref][]string          // of an entry's newest version, among documents
	apart     map[binaryVersion][]byte
	belongs   map[fhir.Ref][]fhir.Ref  // of a letter, what it says it belongs to
	from      map[binaryVersion]string // where a version was from in the record that it came from
	spoken    map[fhir.Ref]bool        // whose newest version is there for the person's words
	older     int
	lines     int
}

// binaryVersion is one version of a Binary.
type binaryVersion struct {
	ref     fhir.Ref
	version record.Version
}

// exportAll writes everything. What is written to the record meanwhile is not in it.
func (u *unlocked) exportAll(ctx context.Context, out *exportFiles) (m export.Manifest, err error) {
	debug.FreeOSMemory() // what unlocking took
	x := &exporter{unlocked: u, out: out, time: u.Now().Truncate(time.Second), info: map[fhir.Ref]message.EntryInfo{},
		pointed: map[fhir.Ref][]int{}, titles: map[fhir.Ref]string{}, files: map[fhir.Ref][]string{}, held: map[fhir.Ref][]export.Document{}, belongs: map[fhir.Ref][]fhir.Ref{}, texts: map[string]string{}, from: map[binaryVersion]string{}, apart: map[binaryVersion][]byte{}, spoken: map[fhir.Ref]bool{}}
	patient, err := u.session.Patient(ctx)
	if err != nil {
		return m, err
	}
	x.patient = fhir.Ref{Type: "Patient", ID: patient}
	if x.list, err = u.session.Entries(ctx); err != nil {
		return m, err
	}
	for _, e := range x.list {
		x.info[fhir.Ref{Type: e.Type, ID: e.ID}] = e
	}
	slices.SortFunc(x.list, func(a, b message.EntryInfo) int {
		return strings.Compare(a.Type+"/"+a.ID, b.Type+"/"+b.ID)
	})
	live := 0
	for _, e := range x.list {
		if !e.Deleted {
			live++
		}
	}
	x.progress = u.app.steps("exporting", live)
	defer x.progress.finish()
	for _, step := range []func(context.Context) error{x.newest, x.attachments, x.binaries, x.history, x.derived, x.sections, x.summarise, x.pages} {
		if err := step(ctx); err != nil {
			return m, err
		}
	}
	return out.Finish(export.Manifest{Software: "Carehold " + version(), Server: u.client.Base(), Patient: patient, Time: x.time.UTC(),
		Entries: x.lines, Versions: x.older, Documents: len(x.documents)})
}

// types are those of the entries for which is says true, in alphabetical order.
func (x *exporter) types(is func(message.EntryInfo) bool) (types []string) {
	for _, e := range x.list {
		if is(e) && (len(types) == 0 || types[len(types)-1] != e.Type) {
			types = append(types, e.Type)
		}
	}
	return types
}

// newest writes the newest versions, all but the Binaries: what they are called must
// be known first.
func (x *exporter) newest(ctx context.Context) error {
	for _, typ := range x.types(func(e message.EntryInfo) bool { return !e.Deleted }) {
		if typ == "Binary" {
			continue
		}
		if err := x.newestOf(ctx, typ, func(v client.Version) ([]byte, error) {
			x.progress.one()
			return v.Resource, x.note(v)
		}); err != nil {
			return err
		}
	}
	return nil
}

// newestOf writes <Type>.ndjson.
func (x *exporter) newestOf(ctx context.Context, typ string, line func(client.Version) ([]byte, error)) error {
	want := 0
	for _, e := range x.list {
		if e.Type == typ && !e.Deleted {
			want++
		}
	}
	p, err := x.out.Create(typ + ".ndjson")
	if err != nil {
		return err
	}
	err = x.session.History(ctx, typ, func(v client.Version) error {
		if v.Deleted || uint64(v.Version) != x.info[v.Ref].Version {
			return nil // an older one, or one of later than this export began
		}
		b, err := line(v)
		if err == nil {
			want--
			x.lines++
			err = p.Line(b)
		}
		return err
	})
	if err == nil && want != 0 {
		err = errChangedMeanwhile
	}
	return errors.Join(err, p.Close())
}

var errChangedMeanwhile = hinted(errors.New("the record was changed while it was exported, so that the export would not be whole"), "nothing was kept of it; the same command again begins anew")

// note takes from an entry what the pages and the summary say of it.
func (x *exporter) note(v client.Version) error {
	info := x.info[v.Ref]
	section, err := record.ParseSection(info.Section)
	if err != nil {
		return err
	}
	if ips.Needs(v.Ref.Type, section) {
		x.summary = append(x.summary, ips.Entry{Ref: v.Ref, Section: section, Body: bytes.Clone(v.Resource)})
	}
	attachments := attachmentsOf(v.Resource)
	x.hold(v, attachments)
	if v.Ref == x.patient {
		if x.person, err = fhir.Parse(bytes.Clone(v.Resource), fhir.Limits{}); err != nil {
			return err
		}
	}
	x.carried(v)
	if v.Ref.Type == "Provenance" || v.Ref.Type == "AuditEvent" {
		return nil // it belongs to another entry, and says nothing by itself
	}
	x.rows = append(x.rows, rowOf(info, v.Resource))
	if saidMark(v.Resource) != "" && info.Self && info.Source == "" && info.Version > 1 {
		x.spoken[v.Ref] = true
	}
	if of := x.belongsTo(v.Resource); len(of) > 0 {
		x.belongs[v.Ref] = of
	}
	for _, a := range attachments {
		if ref, ok := x.local(a.url); ok && ref.Type == "Binary" {
			x.titles[ref] = first(x.titles[ref], a.title)
			x.pointed[ref] = append(x.pointed[ref], len(x.rows)-1)
		}
	}
	return nil
}

// local is what a URL of this record leads to.
func (x *exporter) local(url string) (fhir.Ref, bool) {
	t := fhir.ParseReference(url)
	ok := t.Form == fhir.Relative || t.Form == fhir.Absolute && t.Base == x.client.Base()+"/fhir/"
	return t.Ref, ok
}

// history writes the older versions and the deletions, as entries of a history.
func (x *exporter) history(ctx context.Context) error {
	for _, typ := range x.types(func(e message.EntryInfo) bool { return e.Version > 1 }) {
		if typ == "Binary" {
			if err := x.olderBinaries(ctx); err != nil {
				return err
			}
		}
		p, err := x.out.Create("history/" + typ + ".ndjson")
		if err != nil {
			return err
		}
		err = x.session.History(ctx, typ, func(v client.Version) error {
			info := x.info[v.Ref]
			if uint64(v.Version) > info.Version || uint64(v.Version) == info.Version && !v.Deleted {
				return nil
			}
			x.older++
			line := v.Entry
			if whole, there := x.apart[binaryVersion{v.Ref, v.Version}]; there {
				line = bytes.Replace(line, v.Resource, whole, 1)
			}
			return p.Line(line)
		})
		if err = errors.Join(err, p.Close()); err != nil {
			return err
		}
	}
	return nil
}

// sections writes where each entry is filed, and which file belongs to which.
func (x *exporter) sections(context.Context) error {
	l, err := x.out.List("sections.json", "entries")
	if err != nil {
		return err
	}
	for _, e := range x.list {
		f := export.Filed{Entry: e.Type + "/" + e.ID, Version: e.Version, Deleted: e.Deleted, Section: e.Section, Rule: e.Why, Moved: e.Moved,
			Time: e.Time, Self: e.Self, By: e.By, Source: e.Source}
		if e.Import != (message.ID{}) {
			f.Import = e.Import.String()
		}
		if err := l.Add(f); err != nil {
			return err
		}
	}
	if err := l.Close(); err != nil || len(x.documents) == 0 {
		return err
	}
	if l, err = x.out.List("documents.json", "documents"); err != nil {
		return err
	}
	for _, d := range x.documents {
		if err := l.Add(d); err != nil {
			return err
		}
	}
	return l.Close()
}

// summarise writes the patient summary.
func (x *exporter) summarise(context.Context) error {
	if x.person == nil {
		return nil // of whom it would be
	}
	doc, err := ips.Build(ips.Input{ID: crypto.RandomID(), Time: x.time, Base: x.client.Base() + "/fhir", Version: version(), Patient: x.patient,
		Share: ips.Share{Own: true}, Entries: x.summary})
	x.summary = nil
	if err != nil {
		return fmt.Errorf("the summary cannot be made: %w", err)
	}
	page, err := ips.Page(doc)
	if err != nil {
		return fmt.Errorf("the summary's page cannot be made: %w", err)
	}
	for name, b := range map[string][]byte{"ips.json": doc, "ips.html": page} {
		p, err := x.out.Create(name)
		if err != nil {
			return err
		}
		_, err = p.Write(b)
		if err = errors.Join(err, p.Close()); err != nil {
			return err
		}
	}
	return nil
}

// pages writes what people read.
func (x *exporter) pages(ctx context.Context) error {
	linked := map[fhir.Ref]bool{}
	add := func(row int, file string) {
		name := strings.TrimPrefix(file, "documents/")
		x.rows[row].Files = append(x.rows[row].Files, export.Link{Text: name, File: file, Letter: x.texts[file]})
	}
	for ref, rows := range x.pointed {
		for _, file := range x.files[ref] {
			for _, row := range slices.Compact(rows) {
				add(row, file)
			}
			linked[ref] = true
		}
	}
	titles := map[fhir.Ref]string{}
	for _, r := range x.rows {
		titles[r.Ref] = r.Title
	}
	shown := x.rows[:0]
	for i := range x.rows {
		r := x.rows[i]
		if r.Ref.Type == "Binary" && linked[r.Ref] {
			continue // it is with the letter
		}
		for _, file := range x.files[r.Ref] {
			r.Files = append(r.Files, export.Link{Text: strings.TrimPrefix(file, "documents/"), File: file, Letter: x.texts[file]})
		}
		for _, to := range x.belongs[r.Ref] {
			r.Belongs = append(r.Belongs, titles[to])
		}
		version := record.Version(x.info[r.Ref].Version)
		if x.spoken[r.Ref] {
			info, err := x.session.Why(ctx, r.Ref)
			if err != nil {
				return err
			}
			if b := info.Before; b != nil {
				version, r.Source = record.Version(b.Version), fromOf(message.EntryInfo{Self: b.Self, By: b.By, Source: b.Source})
			}
		}
		r.Source = first(x.from[binaryVersion{r.Ref, version}], r.Source)
		r.Source = shortSource(r.Source)
		shown = append(shown, r)
	}
	return x.out.Pages(export.Book{Who: ips.WhoIs(x.person, x.time.Format(time.DateOnly)), Server: x.client.Base(), Time: x.time, Rows: shown,
		Entries: x.lines, Older: x.older, Documents: len(x.documents), Summary: x.person != nil})
}
