package importer

import (
	"bytes"
	"crypto/sha1"
	"crypto/sha256"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"carehold/record"
)

// Document is a file that was looked at.
type Document struct {
	Type   string // media type
	What   string // in words: "a PDF"
	Size   int64
	SHA256 [32]byte
	SHA1   [20]byte // FHIR R4 §2.24.0.10 has Attachment.hash as this

	// What it says of itself; "" where it says nothing.
	Title string
	Made  string // FHIR dateTime, as precise as it is known
	From  string // where Made stands: "the PDF"

	Locked bool // a PDF that is encrypted: it may ask for a password when it is opened
}

// Options are how a file is looked at.
type Options struct {
	AsIs bool      // take it whatever it is
	Now  time.Time // no document was made after this day
}

// kind is a sort of file.
type kind struct {
	what, typ string
	endings   []string
	begins    func(head []byte) bool
	look      func(file, *Document) error
}

var kinds = []kind{
	{"a PDF", "application/pdf", []string{"pdf"}, magic("%PDF-"), lookPDF},
	{"a JPEG picture", "image/jpeg", []string{"jpg", "jpeg", "jpe", "jfif"}, magic("\xff\xd8\xff"), lookJPEG},
	{"a PNG picture", "image/png", []string{"png"}, magic(pngSignature), lookPNG},
	{"a GIF picture", "image/gif", []string{"gif"}, magic("GIF87a", "GIF89a"), lookGIF},
	{"a TIFF picture", "image/tiff", []string{"tif", "tiff"}, magic("II*\x00", "MM\x00*"), lookTIFF},
	{"a HEIC picture", "image/heic", []string{"heic", "heif"}, isHEIC, lookHEIC},
	{"a text", "text/plain", []string{"txt", "text", "md", "log", "asc", ""}, func([]byte) bool { return true }, lookText},
}

func magic(begins ...string) func([]byte) bool {
	return func(head []byte) bool {
		return slices.ContainsFunc(begins, func(b string) bool { return bytes.HasPrefix(head, []byte(b)) })
	}
}

// others are files that are known by their name alone, and taken as they are.
var others = map[string]string{
	"html": "text/html", "htm": "text/html", "xhtml": "application/xhtml+xml", "svg": "image/svg+xml", "xml": "application/xml",
}

// Look looks at a file. name is what it is called.
func Look(r io.ReaderAt, size int64, name string, o Options) (*Document, error) {
	f := file{r, size}
	d := &Document{Size: size}
	head, err := f.upTo(0, 4096)
	if err != nil {
		return nil, err
	}
	if size == 0 {
		return nil, record.Safef(record.Unprocessed, "it is empty")
	}
	ending := strings.ToLower(strings.TrimPrefix(filepath.Ext(name), "."))
	if err := f.what(d, head, ending, o); err != nil {
		if !o.AsIs || record.KindOf(err) != record.Unprocessed {
			return nil, err
		}
		*d = Document{Size: size, Type: "application/octet-stream", What: "a file as it is"}
		if typ, known := others[ending]; known {
			d.Type = typ
		}
	}
	h256, h1 := sha256.New(), sha1.New()
	if _, err := io.Copy(io.MultiWriter(h256, h1), f.from(0)); err != nil {
		return nil, err
	}
	d.SHA256, d.SHA1 = [32]byte(h256.Sum(nil)), [20]byte(h1.Sum(nil))
	return d, nil
}

// what finds out what it is.
func (f file) what(d *Document, head []byte, ending string, o Options) error {
	named := slices.IndexFunc(kinds, func(k kind) bool { return ending != "" && slices.Contains(k.endings, ending) })
	if web := markup(head); web != "" {
		return record.Safef(record.Unprocessed, "it is %s, which can hold programs: it is taken only as it is, and never shown", web)
	}
	for i, k := range kinds {
		if !k.begins(head) {
			continue
		}
		if named >= 0 && named != i {
			if i == len(kinds)-1 { // which everything may be
				return record.Safef(record.Unprocessed, "it is called %s, and does not begin as one does", kinds[named].what)
			}
			return record.Safef(record.Unprocessed, "it is called %s, and is %s: give it the name of what it is, if it is that", kinds[named].what, k.what)
		}
		if i == len(kinds)-1 && named < 0 && ending != "" {
			break
		}
		d.Type, d.What = k.typ, k.what
		if err := k.look(f, d); err != nil {
			return err
		}
		if err := f.noArchive(); err != nil {
			return err
		}
		d.Title = title(d.Title)
		if d.Made != "" && !plausible(d.Made, o.Now) {
			d.Made, d.From = "", ""
		}
		return nil
	}
	return record.Safef(record.Unprocessed, "it is nothing that is known here: PDF, JPEG, PNG, TIFF, GIF, HEIC or plain text")
}

// pages are how what a browser renders begins, in any letters.
var pages = []struct{ begins, what string }{
	{"<!doctype html", "a web page (HTML)"}, {"<html", "a web page (HTML)"}, {"<head", "a web page (HTML)"}, {"<body", "a web page (HTML)"},
	{"<script", "a web page (HTML)"}, {"<iframe", "a web page (HTML)"}, {"<svg", "an SVG drawing"},
}

// markup says what a beginning is when it is a page; "" when it is none. In what is no
// picture and no PDF, a tag anywhere in it counts; a browser goes by less.
func markup(head []byte) string {
	text := strings.ToLower(strings.TrimLeft(string(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf"))), " \t\r\n\f\x00"))
	if strings.HasPrefix(text, "<?xml") || strings.HasPrefix(text, "<!--") || strings.HasPrefix(text, "<") {
		for _, p := range pages {
			if strings.Contains(text, p.begins) {
				return p.what
			}
		}
		if strings.HasPrefix(text, "<?xml") {
			return "XML"
		}
	}
	return ""
}

// inside is markup anywhere in a head that is not a page's.
func inside(head []byte) bool {
	text := bytes.ToLower(head)
	return slices.ContainsFunc(pages, func(p struct{ begins, what string }) bool { return bytes.Contains(text, []byte(p.begins)) })
}

// appended says what stands where a file should have ended.
func appended(b []byte) error {
	what := "something else"
	switch b = bytes.TrimLeft(b, " \t\r\n\x00"); {
	case magic("PK\x03\x04", "PK\x05\x06")(b):
		what = "an archive (ZIP)"
	case magic("%PDF-")(b):
		what = "another PDF"
	case magic("\xff\xd8\xff", pngSignature, "GIF8")(b):
		what = "another picture"
	case magic("<")(b):
		what = "a web page"
	}
	return record.Safef(record.Unprocessed, "behind its end there is %s: it could be opened as that too, and is not taken for a document", what)
}

func truncated(ending string) error {
	return record.Safef(record.Unprocessed, "it breaks off: %s. It was not copied whole", ending)
}

func broken(what string) error {
	return record.Safef(record.Unprocessed, "it is not made as it should be: %s", what)
}
