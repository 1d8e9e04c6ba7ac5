package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"carehold/httpapi/message"
	"carehold/record"
	"carehold/record/fhir"
)

// A file is never shown on a terminal, nor opened with anything: what it is is said,
// and it is written where it was asked for.

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
		return a.summary(struct {
			Ref     string `json:"ref"`
			Section string `json:"section"`
			Source  string `json:"source,omitempty"`
			Type    string `json:"content_type"`
			Size    int64  `json:"size"`
		}{ref.String(), info.Section, info.Source, typ, c.Size})
	}
	a.say("File, %s, %s", typ, bytesOf(c.Size))
	if context, ok := o["securityContext"].(object); ok {
		if of := str(context, "reference"); of != "" {
			a.say("It belongs to %s.", of)
		}
	}
	a.say("")
	a.paragraph("", filedAs(info, uint64(version)))
	a.note("")
	a.aside("Write it to a file:      carehold show %s --save FILE", shortRef(ref))
	a.aside("Why it is filed there:   carehold show %s --why", shortRef(ref))
	return nil
}

// fileOf is the Binary in this record that a DocumentReference leads to.
func fileOf(o object) (ref fhir.Ref, size, typ string, ok bool) {
	if str(o, "resourceType") != "DocumentReference" {
		return ref, "", "", false
	}
	for _, c := range list(o["content"]) {
		content, _ := c.(object)
		at, _ := content["attachment"].(object)
		to := fhir.ParseReference(str(at, "url"))
		if to.Form == fhir.Relative && to.Ref.Type == "Binary" {
			return to.Ref, words(fmt.Sprint(at["size"])), str(at, "contentType"), true
		}
	}
	return ref, "", "", false
}

// tellFile says how to get at the file that an entry is about.
func (a *app) tellFile(o object, short string) {
	if _, _, _, ok := fileOf(o); ok {
		a.aside("The document itself:     carehold show %s --save FILE", short)
	}
}

// saveDocument writes a file that must not be there yet.
func (u *unlocked) saveDocument(ctx context.Context, ref fhir.Ref, version record.Version, path string) error {
	a := u.app
	if ref.Type == "DocumentReference" {
		var body []byte
		var err error
		if version != 0 {
			body, err = u.session.VRead(ctx, ref, version)
		} else {
			body, err = u.session.Read(ctx, ref)
		}
		if err != nil {
			return noSuchEntry(err, ref.String())
		}
		o, _ := parseObject(body)
		file, _, _, ok := fileOf(o)
		if !ok {
			return coded(exitNotFound, fmt.Errorf("%s leads to no file in this record", ref), "")
		}
		ref, version = file, 0
	}
	if ref.Type != "Binary" {
		return usagef("%s is no file, and about none: --save is for Binary and DocumentReference", ref)
	}
	c, err := u.session.Content(ctx, ref, version)
	if err != nil {
		return noSuchEntry(err, ref.String())
	}
	f, err := createNew(path)
	if err != nil {
		return err
	}
	p := a.byteProgress(path, c.Size)
	c, err = u.session.Download(ctx, ref, version, f, p.at)
	p.finish()
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
		}{ref.String(), path, c.Size})
	}
	a.say("%s is in %s: %s.", ref, path, bytesOf(c.Size))
	return nil
}
