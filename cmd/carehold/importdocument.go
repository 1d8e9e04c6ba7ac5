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
// with the file and what is said of it. before is how much of the same command is in.
func (im *importer) documents(ctx context.Context, files []*documentFile, o *documentOptions, before int, dry bool) (total imported, err error) {
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
	for i, f := range files {
		f.note.Patient, f.note.For, f.note.Upload = im.patient, about, client.UploadURI("") // until there is one
		r, err := im.document(ctx, f, o, dry)
		if err != nil {
			return total, partly(ctx, err, before+total.wrote(dry), namesOf(files[:i]), namesOf(files[i+1:]))
		}
		total.add(r)
		if err := im.app.showDocument(f, r, dry); err != nil {
			return total, err
		}
	}
	return total, nil
}

func namesOf(files []*documentFile) (names []string) {
	for _, f := range files {
		names = append(names, filepath.Base(f.path))
	}
	return names
}

// document imports one. The same file again adds nothing; with something new said of
// it, that alone is changed, and the file is not sent again.
func (im *importer) document(ctx context.Context, f *documentFile, o *documentOptions, dry bool) (imported, error) {
	r := imported{ID: crypto.RandomID(), Source: f.source, Types: map[string]int{}, Sections: map[string]int{}, Ignored: map[string]int{}}
	isThere := func(ref fhir.Ref) bool { e := im.there[ref]; return e.Version > 0 && !e.Deleted }
	file := isThere(f.doc.Binary())
	if isThere(f.doc.Reference()) {
		var err error
		if f.known, err = im.known(ctx, f, o, f.note.For); err != nil {
			return r, err
		}
	}
	if f.known != nil {
		if f.note.Made != f.known.made {
			f.from = "as it was said before"
		}
		f.note.Title, f.note.Made = f.known.title, f.known.made
	}
	changes, err := f.changes(file)
	if err != nil {
		return r, err
	}
	im.count(&r, changes)
	r.Same = 2 - len(changes)
	if len(changes) == 0 {
		r.Sections[im.there[f.doc.Reference()].Section]++
		return r, nil
	}
	if dry {
		im.foresee(&r, changes)
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
		if changes, err = f.changes(file); err != nil {
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

// changes are what is written: the file if it is not there, then what is said of it if
// that is new.
func (f *documentFile) changes(there bool) ([]change.Change, error) {
	all, err := f.doc.Resources(f.note)
	if err != nil {
		return nil, err
	}
	var changes []change.Change
	if f.known != nil {
		all[1] = f.known.resource
	}
	for i, r := range all {
		if i == 0 && there || r == nil {
			continue
		}
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
	would := "was"
	if dry {
		would = "would be"
	}
	as := fmt.Sprintf("%q of %s", f.note.Title, dayOf(f.note.Made))
	switch {
	case dry && r.New+r.Back > 0:
		a.say("%s. It would be kept as %s (%s), in %s. Nothing was written.", what, as, f.from, section)
	case dry && r.Known > 0:
		a.say("%s. It is there already; %s would be changed: %s. Nothing was written.", what, and(f.known.changed), as)
	case r.New+r.Changed+r.Back == 0:
		a.say("%s. Nothing %s added: it is there already, in %s, as %s (%s).", what, would, section, as, shortRef(ref))
	case r.New+r.Back == 0:
		a.say("%s. It was there already; %s %s changed: %s.", what, and(f.known.changed), oneOr(len(f.known.changed), "is", "are"), as)
	default:
		a.say("%s. Kept as %s (%s), in %s.", what, as, f.from, section)
	}
	if f.doc.Locked {
		a.note("This PDF is locked: it is kept as it is, and may ask for a password when it is opened.")
	}
	if r.written() > 0 && !dry {
		a.note("See it: carehold show %s. Take it back: carehold imports undo %s", shortRef(ref), shortID(r.ID.String()))
	}
	return nil
}
