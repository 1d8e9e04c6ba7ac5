package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"carehold/crypto"
	"carehold/httpapi/client"
	"carehold/record"
	"carehold/record/change"
	"carehold/record/entry"
	"carehold/record/fhir"
)

// documents imports files that are not FHIR, one after the other: each is one change,
// with the file and what is said of it.
func (im *importer) documents(ctx context.Context, files []*documentFile, o *documentOptions, dry bool) (total imported, err error) {
	if len(files) == 0 {
		return total, nil
	}
	var about fhir.Ref
	if o.about != "" {
		if about, err = parseRef(o.about); err != nil {
			return total, err
		}
		if about, err = im.resolve(ctx, about); err != nil {
			return total, err
		}
		if e, there := im.there[about]; !there || e.Deleted {
			return total, noSuchEntry(record.NotFound, about.String())
		}
	}
	for _, f := range files {
		f.note.Patient, f.note.For, f.note.Upload = im.patient, about, client.UploadURI("") // until there is one
		r, err := im.document(ctx, f, o.said(), dry)
		if err != nil {
			return total, err
		}
		total.add(r)
		if err := im.app.showDocument(f, r, dry); err != nil {
			return total, err
		}
	}
	return total, nil
}

// document imports one. The same file again adds nothing; with something new said of
// it, that is changed, and the file is not sent again.
func (im *importer) document(ctx context.Context, f *documentFile, said, dry bool) (imported, error) {
	r := imported{ID: crypto.RandomID(), Source: f.source, Types: map[string]int{}, Sections: map[string]int{}, Ignored: map[string]int{}}
	isThere := func(ref fhir.Ref) bool { e := im.there[ref]; return e.Version > 0 && !e.Deleted }
	file, reference := isThere(f.doc.Binary()), isThere(f.doc.Reference())
	changes, err := im.documentChanges(f)
	if err != nil {
		return r, err
	}
	if file {
		if changes = changes[1:]; reference && !said {
			changes = nil
		}
	}
	im.count(&r, changes)
	r.Same = 2 - len(changes)
	switch {
	case dry:
		im.foresee(&r, changes)
		return r, nil
	case len(changes) == 0:
		r.Sections[im.there[f.doc.Reference()].Section]++
		return r, nil
	}
	var journal *sending
	if !file {
		if journal, err = loadSending(im.device); err != nil {
			return r, err
		}
		if f.note.Upload, err = im.sendFile(ctx, f, journal); err != nil {
			return r, err
		}
		if changes, err = im.documentChanges(f); err != nil {
			return r, err
		}
	}
	body, err := transactionOf(changes)
	if err != nil {
		return r, err
	}
	// What is sent by now goes in: nobody can call it back.
	answer, err := im.session.Transaction(context.WithoutCancel(ctx), body, entry.Origin{Import: r.ID, Source: r.Source})
	if err == nil {
		err = im.taken(&r, changes, answer)
	}
	if err != nil {
		return r, hinted(fmt.Errorf("%s: %w", f.path, err), "nothing of it was imported; the same command again does not send the file again")
	}
	if journal != nil {
		if err := journal.forget(f.doc.Binary().ID); err != nil {
			im.app.warn("%s", errorText(err))
		}
	}
	return r, nil
}

// documentChanges are the two entries as changes, the file first.
func (im *importer) documentChanges(f *documentFile) ([]change.Change, error) {
	all, err := f.doc.Resources(f.note)
	if err != nil {
		return nil, err
	}
	var changes []change.Change
	for i, r := range all {
		ref := fhir.Ref{Type: r.Type(), ID: r.ID()}
		changes = append(changes, change.Change{Index: i, Verb: change.Update, Ref: ref, Resource: r, URL: ref.String()})
	}
	return changes, nil
}

// sendFile sends the file, from where an earlier try left it, and returns the URI that
// claims it.
func (im *importer) sendFile(ctx context.Context, f *documentFile, j *sending) (string, error) {
	id := f.doc.Binary().ID
	p := im.app.byteProgress(filepath.Base(f.path), f.doc.Size)
	there := int64(0)
	name, err := im.session.Upload(ctx, f, f.doc.Size, client.Upload{
		Name:  j.Uploads[id],
		Begun: func(name string) error { return j.remember(id, name) },
		Moved: func(n int64) { there = n; p.at(n) },
	})
	p.finish()
	if err != nil {
		how := fmt.Sprintf("%s of %s of %s were sent", bytesOf(there), bytesOf(f.doc.Size), clean(f.path))
		if ctx.Err() != nil {
			return "", coded(exitInterrupted, errors.New("interrupted when "+how), "nothing of it was imported; the same command again goes on from there")
		}
		return "", hinted(fmt.Errorf("%s: %w", how, err), "nothing of it was imported; the same command again goes on from there")
	}
	return client.UploadURI(name), nil
}

// documentJSON is one document in the answer.
type documentJSON struct {
	Import  string `json:"import,omitempty"`
	Source  string `json:"source"`
	File    string `json:"file"`
	Ref     string `json:"ref"`
	Binary  string `json:"binary"`
	Type    string `json:"content_type"`
	Size    int64  `json:"size"`
	Title   string `json:"title"`
	Date    string `json:"date"`
	DateBy  string `json:"date_from"`
	Section string `json:"section"`
	New     bool   `json:"new"`
	DryRun  bool   `json:"dry_run,omitempty"`
}

// showDocument says what came of one file.
func (a *app) showDocument(f *documentFile, r imported, dry bool) error {
	section := ""
	for _, s := range keysByCount(r.Sections) {
		section = first(section, s)
	}
	ref := f.doc.Reference()
	if a.json {
		j := documentJSON{r.ID.String(), f.source, filepath.Base(f.path), ref.String(), f.doc.Binary().String(), f.doc.Type, f.doc.Size,
			f.note.Title, f.note.Made, f.from, section, r.New+r.Back > 0, dry}
		if r.written() == 0 {
			j.Import = ""
		}
		return a.item(j)
	}
	what := fmt.Sprintf("%s: %s, %s", clean(f.path), f.doc.What, bytesOf(f.doc.Size))
	switch {
	case dry && r.New+r.Back > 0:
		a.say("%s. It would be kept as %q of %s (%s), in %s. Nothing was written.", what, f.note.Title, f.note.Made, f.from, section)
	case dry && r.Known > 0:
		a.say("%s. It is there already; what is said of it would be written if it changed. Nothing was written.", what)
	case r.New+r.Changed+r.Back == 0:
		a.say("%s. Nothing was added: it is there already, in %s, as %s.", what, section, shortRef(ref))
	case r.New+r.Back == 0:
		a.say("%s. It was there already, and what is said of it is changed: %q of %s (%s).", what, f.note.Title, f.note.Made, f.from)
	default:
		a.say("%s. Kept as %q of %s (%s), in %s.", what, f.note.Title, f.note.Made, f.from, section)
	}
	if r.written() > 0 && !dry {
		a.note("See it: carehold show %s. Take it back: carehold imports undo %s", shortRef(ref), shortID(r.ID.String()))
	}
	return nil
}
