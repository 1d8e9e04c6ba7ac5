package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"carehold/httpapi/message"
	"carehold/record"
	"carehold/record/fhir"
)

// A file is never opened with anything: what it is is said, and it is written where it
// was asked for. Plain text is shown, without what a terminal would obey.

// shownBinary is show's answer about a Binary as JSON.
type shownBinary struct {
	Ref     string `json:"ref"`
	Section string `json:"section"`
	Source  string `json:"source,omitempty"`
	Type    string `json:"content_type"`
	Size    int64  `json:"size"`
}

// showBinary says what a Binary is.
func (u *unlocked) showBinary(ctx context.Context, info message.EntryInfo, ref fhir.Ref, version record.Version) error {
	a := u.app
	c, err := u.session.Content(ctx, ref, version)
	if err != nil {
		return noSuchEntry(err, ref.String())
	}
	body, err := u.session.Part(ctx, ref, version, "contentType", "securityContext")
	if err != nil {
		return noSuchEntry(err, ref.String())
	}
	o, _ := parseObject(body)
	typ := first(str(o, "contentType"), c.Type)
	if a.json {
		return a.summary(shownBinary{ref.String(), info.Section, info.Source, typ, c.Size})
	}
	a.say("File, %s, %s", typ, bytesOf(c.Size))
	if context, ok := o["securityContext"].(object); ok {
		if of := str(context, "reference"); of != "" {
			a.say("It belongs to %s.", of)
		}
	}
	a.say("")
	if isText(typ) {
		text, err := u.textOf(ctx, ref, version, c.Size)
		if err != nil {
			return err
		}
		a.showText(text, c.Size)
	}
	a.paragraph("", filedAs(info, uint64(version)))
	a.note("")
	a.aside("Write it to a file:      carehold show %s --save FILE", shortRef(ref))
	a.aside("Why it is filed there:   carehold show %s --why", shortRef(ref))
	return nil
}

// textOf is the text of a Binary; nil when it is too long to be shown.
func (u *unlocked) textOf(ctx context.Context, ref fhir.Ref, version record.Version, size int64) ([]byte, error) {
	if size > maxShown {
		return nil, nil
	}
	var b bytes.Buffer
	_, err := u.session.Download(ctx, ref, version, &b, nil)
	return b.Bytes(), err
}

// showEnclosed shows the texts among the documents of an entry, and says what else
// there is of them.
func (u *unlocked) showEnclosed(ctx context.Context, list []enclosed) error {
	a := u.app
	for i, e := range list {
		if len(list) > 1 {
			a.say("Document %d of %d: %s", i+1, len(list), clean(first(e.typ, "of a type that is not said")))
			a.say("")
		}
		if !isText(e.typ) {
			continue
		}
		text, size := []byte(nil), int64(0)
		if e.file != (fhir.Ref{}) {
			// What was deleted since, or lies elsewhere, is no reason to show nothing.
			c, err := u.session.Content(ctx, e.file, 0)
			if err == nil {
				size = c.Size
				text, err = u.textOf(ctx, e.file, 0, c.Size)
			}
			if err != nil {
				a.note("Its file, %s, was not read: %s.", e.file, errorText(err))
				continue
			}
		} else {
			b, err := e.bytes()
			if err != nil {
				a.note("What is in it was not read: %s.", errorText(err))
				continue
			}
			text, size = b, int64(len(b))
		}
		a.showText(text, size)
	}
	return nil
}

// tellEnclosed says how to get at the documents of an entry.
func (a *app) tellEnclosed(list []enclosed, short string) {
	switch {
	case len(list) == 1:
		a.aside("The document itself:     carehold show %s --save FILE", short)
	case len(list) > 1:
		a.aside("The documents themselves: carehold show %s --part 1 --save FILE, and so on to --part %d", short, len(list))
	}
}

// saveDocument writes a file that must not be there yet. part counts from 1, of the
// documents that an entry has.
func (u *unlocked) saveDocument(ctx context.Context, ref fhir.Ref, version record.Version, part int, path string) error {
	if ref.Type == "Binary" {
		if part != 1 {
			return usagef("%s is one file: there is no part %d", ref, part)
		}
		return u.saveBinary(ctx, ref, version, path)
	}
	if _, may := enclosures[ref.Type]; !may {
		return usagef("%s is no file, and about none: --save is for letters, reports, pictures and files (DocumentReference, DiagnosticReport, Media, Communication, Binary)", ref)
	}
	body, err := u.read(ctx, ref, version)
	if err != nil {
		return err
	}
	o, _ := parseObject(body)
	list := enclosedIn(o)
	switch {
	case len(list) == 0 && elsewhere(o) != "":
		return coded(exitNotFound, fmt.Errorf("%s has no document in this record: it leads to %s", ref, cut(elsewhere(o), 120)), "ask whoever runs that server for it, and import what you get")
	case len(list) == 0:
		return coded(exitNotFound, fmt.Errorf("%s has no document in it, and leads to none in this record", ref), "")
	case part < 1 || part > len(list):
		return usagef("%s has %s: there is no part %d", ref, plural(len(list), "document", "documents"), part)
	}
	e := list[part-1]
	if e.file != (fhir.Ref{}) {
		return u.saveBinary(ctx, e.file, 0, path)
	}
	b, err := e.bytes()
	if err != nil {
		return err
	}
	return u.app.saving(ctx, ref, path, func(f io.Writer) (int64, error) {
		n, err := f.Write(b)
		return int64(n), err
	})
}

func (u *unlocked) saveBinary(ctx context.Context, ref fhir.Ref, version record.Version, path string) error {
	c, err := u.session.Content(ctx, ref, version)
	if err != nil {
		return noSuchEntry(err, ref.String())
	}
	return u.app.saving(ctx, ref, path, func(f io.Writer) (int64, error) {
		p := u.app.byteProgress(path, c.Size)
		defer p.finish()
		c, err := u.session.Download(ctx, ref, version, f, p.at)
		return c.Size, err
	})
}

// saving writes a new file, or leaves none.
func (a *app) saving(ctx context.Context, ref fhir.Ref, path string, write func(io.Writer) (int64, error)) error {
	f, err := createNew(path)
	if err != nil {
		return err
	}
	size, err := write(f)
	if err == nil {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	if err != nil {
		_ = os.Remove(path) // half a document looks like one
		if ctx.Err() != nil {
			return coded(exitInterrupted, errors.New("interrupted"), "nothing was kept of "+path)
		}
		return hinted(err, "nothing was kept of "+path)
	}
	if a.json {
		return a.summary(struct {
			Ref  string `json:"ref"`
			File string `json:"file"`
			Size int64  `json:"size"`
		}{ref.String(), path, size})
	}
	a.say("%s is in %s: %s.", ref, path, bytesOf(size))
	return nil
}

// shownJSON is show's answer as JSON.
type shownJSON struct {
	Ref      string          `json:"ref"`
	Section  string          `json:"section"`
	Source   string          `json:"source,omitempty"`
	Resource json.RawMessage `json:"resource"`
}
