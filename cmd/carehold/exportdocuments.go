package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"slices"
	"strings"
	"unicode/utf8"

	"carehold/httpapi/client"
	"carehold/httpapi/message"
	"carehold/record"
	"carehold/record/export"
	"carehold/record/fhir"
)

// keptInLine is up to which size the content of a Binary stays in its line.
const keptInLine = 256 << 10

// attachment is a file in an entry, or what it says of one.
type attachment struct {
	path  string
	url   string
	title string
	typ   string
	data  fhir.Node
}

// attachmentsOf finds what is shaped like an Attachment: what type an element is, its
// members tell.
func attachmentsOf(resource []byte) []attachment {
	if !bytes.Contains(resource, []byte(`"attachment"`)) && !bytes.Contains(resource, []byte(`ttachment"`)) && !bytes.Contains(resource, []byte(`"photo"`)) &&
		!bytes.Contains(resource, []byte(`"contentType"`)) {
		return nil
	}
	r, err := fhir.Parse(resource, fhir.Limits{})
	if err != nil {
		return nil
	}
	var found []attachment
	var walk func(fhir.Node)
	walk = func(n fhir.Node) {
		switch n.Kind() {
		case '{':
			data, url, typ := n.Get("data"), n.Get("url"), n.Get("contentType")
			if n.Parent().Valid() && (typ.Valid() || n.Get("title").Valid()) && (data.Kind() == '"' || url.Kind() == '"') {
				found = append(found, attachment{n.Path(), url.Text(), n.Get("title").Text(), typ.Text(), data})
				return
			}
			for c := range n.All() {
				walk(c)
			}
		case '[':
			for c := range n.All() {
				walk(c)
			}
		}
	}
	walk(r.Root())
	if len(found) > 0 { // a letter is called by what is said of it
		if d := r.Root().Get("description").Text(); r.Type() == "DocumentReference" && d != "" {
			for i := range found {
				found[i].title = first(found[i].title, d)
			}
		}
	}
	return found
}

// content is what an attachment holds; ok is false where it holds nothing that can be read.
func (a attachment) content() (b []byte, ok bool) {
	if a.data.Kind() != '"' {
		return nil, false
	}
	b, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(a.data.Text()), "")) // R4 allows white space
	return b, err == nil && len(b) > 0
}

// hold notes the files that are in an entry: they are named when all are known, and
// written when no other file is.
func (x *exporter) hold(v client.Version, all []attachment) {
	title := ""
	for _, a := range all {
		if _, ok := a.content(); !ok {
			continue // not base64: as it came, it is in the entry
		}
		if title == "" {
			title = summarize(v.Resource).Title
		}
		x.held[v.Ref] = append(x.held[v.Ref], export.Document{Entry: v.Ref.String(), Version: uint64(v.Version), Element: a.path, Type: a.typ, Title: first(a.title, title)})
	}
}

// attachments writes the files that are in entries, as files. They stay in the entries
// too. The order of the names is that of the ids: the same record has the same again.
func (x *exporter) attachments(ctx context.Context) error {
	refs := slices.SortedFunc(maps.Keys(x.held), func(a, b fhir.Ref) int { return strings.Compare(a.String(), b.String()) })
	var types []string
	for _, ref := range refs {
		for i, d := range x.held[ref] {
			x.held[ref][i].File = x.out.Name("documents", d.Title, d.Type)
		}
		if !slices.Contains(types, ref.Type) {
			types = append(types, ref.Type)
		}
	}
	for _, typ := range types {
		if err := x.session.History(ctx, typ, func(v client.Version) error {
			held := x.held[v.Ref]
			if v.Deleted || len(held) == 0 || uint64(v.Version) != held[0].Version {
				return nil
			}
			n := 0
			for _, a := range attachmentsOf(v.Resource) {
				content, ok := a.content()
				if !ok || n == len(held) {
					continue
				}
				if err := x.document(held[n], v.Ref, content); err != nil {
					return err
				}
				n++
			}
			return nil
		}); err != nil {
			return err
		}
	}
	return nil
}

// document writes a document that is there.
func (x *exporter) document(d export.Document, of fhir.Ref, content []byte) error {
	p, err := x.out.Document(d.File)
	if err != nil {
		return err
	}
	_, err = p.Write(content)
	if err = errors.Join(err, p.Close()); err != nil {
		return err
	}
	if text := plainText(d.Type, content); d.Version == x.info[of].Version && x.told+len(text) <= mostTold {
		x.told += len(text)
		x.texts[d.File] = text
	}
	x.wrote(d, of)
	return nil
}

// mostTold is how much text the pages hold of letters, all together.
const mostTold = 8 << 20

// plainText is the beginning of a letter that is text, for the page it is on; "" for
// any other.
func plainText(mediaType string, content []byte) string {
	typ, params, err := mime.ParseMediaType(mediaType)
	if charset := params["charset"]; err != nil || typ != "text/plain" || charset != "" && !strings.EqualFold(charset, "utf-8") && !strings.EqualFold(charset, "us-ascii") || !utf8.Valid(content) {
		return ""
	}
	for n := range string(content) { // where a character begins
		if n > export.MaxLetter*4 {
			return string(content[:n])
		}
	}
	return string(content)
}

func (x *exporter) wrote(d export.Document, of fhir.Ref) {
	x.documents = append(x.documents, d)
	if d.Version == x.info[of].Version {
		x.files[of] = append(x.files[of], d.File)
	}
}

// binaries writes the content of the Binaries, and then their lines.
func (x *exporter) binaries(ctx context.Context) error {
	if len(x.types(func(e message.EntryInfo) bool { return e.Type == "Binary" && !e.Deleted })) == 0 {
		return nil
	}
	err := x.contents(ctx, "documents", func(v client.Version) bool {
		return !v.Deleted && uint64(v.Version) == x.info[v.Ref].Version
	})
	if err != nil {
		return err
	}
	return x.newestOf(ctx, "Binary", func(v client.Version) ([]byte, error) {
		x.progress.one()
		x.rows = append(x.rows, rowOf(x.info[v.Ref], v.Resource))
		if line, there := x.apart[binaryVersion{v.Ref, v.Version}]; there {
			return line, nil
		}
		return v.Resource, nil
	})
}

// olderBinaries writes the content of older versions.
func (x *exporter) olderBinaries(ctx context.Context) error {
	return x.contents(ctx, "history/documents", func(v client.Version) bool {
		return !v.Deleted && uint64(v.Version) < x.info[v.Ref].Version
	})
}

// contents writes the content of those versions of Binaries for which is says true.
// First all get their names, in the order of their ids: the same record has the same
// names again.
func (x *exporter) contents(ctx context.Context, folder string, is func(client.Version) bool) error {
	var all []export.Document
	err := x.session.History(ctx, "Binary", func(v client.Version) error {
		if !is(v) {
			return nil
		}
		r, err := fhir.Parse(v.Resource, fhir.Limits{})
		if err == nil {
			all = append(all, export.Document{Entry: v.Ref.String(), Version: uint64(v.Version), Type: r.Root().Get("contentType").Text(), Title: x.titles[v.Ref]})
		}
		return err
	})
	if err != nil {
		return err
	}
	slices.SortFunc(all, func(a, b export.Document) int {
		return cmp.Or(strings.Compare(a.Entry, b.Entry), cmp.Compare(a.Version, b.Version))
	})
	named := make(map[binaryVersion]export.Document, len(all))
	for _, d := range all {
		d.File = x.out.Name(folder, d.Title, d.Type)
		ref, err := fhir.ParseRef(d.Entry)
		if err != nil {
			return err
		}
		named[binaryVersion{ref, record.Version(d.Version)}] = d
	}
	return x.session.History(ctx, "Binary", func(v client.Version) error {
		if d, there := named[binaryVersion{v.Ref, v.Version}]; there && is(v) {
			return x.content(ctx, d, v)
		}
		return nil
	})
}

// content writes the content of one version. A small one stays in the line as well.
func (x *exporter) content(ctx context.Context, d export.Document, v client.Version) error {
	r, err := fhir.Parse(v.Resource, fhir.Limits{})
	if err != nil {
		return err
	}
	if data := r.Root().Get("data"); data.Valid() {
		return x.binaryInLine(d, v.Ref, data.Text())
	}
	c, err := x.session.Content(ctx, v.Ref, v.Version)
	if err != nil {
		return err
	}
	if c.Size <= keptInLine {
		line, err := x.session.VRead(ctx, v.Ref, v.Version)
		if err != nil {
			return err
		}
		if r, err = fhir.Parse(line, fhir.Limits{}); err != nil {
			return err
		}
		x.apart[binaryVersion{v.Ref, v.Version}] = line
		if data := r.Root().Get("data"); data.Valid() {
			return x.binaryInLine(d, v.Ref, data.Text())
		}
		return nil
	}
	return x.binaryApart(ctx, d, v, c.Size)
}

func (x *exporter) binaryInLine(d export.Document, ref fhir.Ref, data string) error {
	content, err := base64.StdEncoding.DecodeString(data)
	if err != nil {
		return nil // not base64: as it came, it is in the line
	}
	return x.document(d, ref, content)
}

// binaryApart writes the content as it comes, and keeps the line that it leaves.
func (x *exporter) binaryApart(ctx context.Context, d export.Document, v client.Version, size int64) error {
	p, err := x.out.Document(d.File)
	if err != nil {
		return err
	}
	bar := x.app.byteProgress(first(d.Title, v.Ref.String()), size)
	s := export.Splitter{Content: &telling{to: p, moved: bar.at}, File: p.Name()}
	err = x.session.Whole(ctx, v.Ref, v.Version, &s)
	bar.finish()
	if err = errors.Join(err, p.Close()); err != nil {
		return fmt.Errorf("%s: %w", v.Ref, err)
	}
	line, ok, err := s.Line()
	if err != nil {
		return fmt.Errorf("%s: %w", v.Ref, err)
	}
	if d.Apart = ok; !ok { // it came in its JSON, and so is no larger than a resource
		if line, err = x.session.VRead(ctx, v.Ref, v.Version); err != nil {
			return err
		}
	}
	x.apart[binaryVersion{v.Ref, v.Version}] = line
	x.wrote(d, v.Ref)
	return nil
}

// telling tells how much has gone through.
type telling struct {
	to    io.Writer
	n     int64
	moved func(int64)
}

func (c *telling) Write(p []byte) (int, error) {
	n, err := c.to.Write(p)
	c.n += int64(n)
	c.moved(c.n)
	return n, err
}
