package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"carehold/record"
	documents "carehold/record/importer"
)

// documentOptions are what is said of files that are not FHIR.
type documentOptions struct {
	title, date, kind, about string
	asIs                     bool
}

func documentFlags(c *cobra.Command) *documentOptions {
	o := &documentOptions{}
	c.Flags().StringVar(&o.title, "title", "", "the `title` of a letter or picture")
	c.Flags().StringVar(&o.date, "date", "", "the `day` it was made, or the month or year: 2024-03-12, 2024-03, 2024")
	c.Flags().StringVar(&o.kind, "type", "", "what `kind` of document it is, in your words: Clinic letter")
	c.Flags().StringVar(&o.about, "for", "", "an `entry` that it belongs to, beside those before: Encounter/k2v5c7q4")
	c.Flags().BoolVar(&o.asIs, "as-is", false, "keep a file as it is, though it is refused or of no known kind")
	return o
}

// said reports whether anything is, beside the file itself.
func (o *documentOptions) said() bool { return o.title+o.date+o.kind+o.about != "" }

// documentFile is a file on its way in.
type documentFile struct {
	*os.File
	path   string
	source string // what the import is called
	doc    *documents.Document
	note   documents.Note
	from   string // where its date is from
	known  *known // what the record says of it already; nil when it does not have it
}

func closeAll(files []*documentFile) {
	for _, f := range files {
		f.Close()
	}
}

// open opens those of the files that are not FHIR, and looks at them: all before
// anything is sent. The rest are left.
func (o *documentOptions) open(a *app, paths []string, source string, dry bool) (rest []string, files []*documentFile, err error) {
	if o.date != "" {
		future, err := madeThen(o.date, time.Now())
		if err != nil {
			return nil, nil, err
		}
		if future && !dry {
			ok, err := a.confirm(o.date+" has not come yet. Is that when it was made?", false)
			if err == nil && !ok {
				err = usagef("nothing was imported: --date is when a letter or picture was made")
			}
			if err != nil {
				return nil, nil, err
			}
		}
	}
	if o.about != "" {
		if _, err := parseRef(o.about); err != nil {
			return nil, nil, err
		}
	}
	for _, path := range paths {
		f, err := o.openOne(path, source)
		switch {
		case err != nil:
			return nil, files, err
		case f == nil:
			rest = append(rest, path)
		default:
			files = append(files, f)
		}
	}
	switch {
	case len(files) == 0 && (o.said() || o.asIs):
		return nil, files, usagef("--title, --date, --type, --for and --as-is are for letters and pictures, and none is among these files")
	case len(files) > 1 && o.title != "":
		return nil, files, usagef("--title is what one file is called: import them one by one")
	}
	return rest, files, nil
}

// openOne is nil for a file that may be FHIR.
func (o *documentOptions) openOne(path, source string) (_ *documentFile, err error) {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return nil, nil // to open a pipe is to wait for whoever writes into it
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, coded(exitFailed, err, "nothing was imported")
	}
	keep := false
	defer func() {
		if !keep {
			f.Close()
		}
	}()
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() || !o.isDocument(f, path) {
		return nil, nil
	}
	x := &documentFile{File: f, path: path, source: first(source, fileName(filepath.Base(path)), "a file without a name")}
	if x.doc, err = documents.Look(f, info.Size(), filepath.Base(path), documents.Options{AsIs: o.asIs, Now: time.Now()}); err != nil {
		hint := "nothing was imported"
		if !o.asIs && info.Size() > 0 && record.KindOf(err) == record.Unprocessed {
			hint += "; --as-is keeps it as it is"
		}
		return nil, hinted(fmt.Errorf("%s is not taken: %w", path, err), hint)
	}
	x.note = documents.Note{Title: first(o.title, x.doc.Title, sourceName(path), "Document"), Kind: o.kind, Made: first(o.date, x.doc.Made), Now: time.Now()}
	switch {
	case o.date != "":
		x.from = "as you say"
	case x.doc.Made != "":
		x.from = "says " + x.doc.From
	default:
		x.note.Made, x.from = info.ModTime().Format(time.DateOnly), "the file's own date"
	}
	keep = true
	return x, nil
}

// endings of documents: a name that says one thing is held to it.
var endings = []string{".pdf", ".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".gif", ".tif", ".tiff", ".heic", ".heif", ".txt", ".text", ".md", ".log", ".asc"}

// isDocument tells what is no FHIR by its name or its beginning. With --as-is it is
// everything that is not called JSON.
func (o *documentOptions) isDocument(f io.ReaderAt, path string) bool {
	ending := strings.ToLower(filepath.Ext(path))
	head := make([]byte, 16)
	n, _ := f.ReadAt(head, 0)
	text := strings.TrimLeft(strings.TrimPrefix(string(head[:n]), "\xef\xbb\xbf"), " \t\r\n")
	switch {
	case slices.Contains([]string{".json", ".ndjson", ".jsonl"}, ending) || ending == ".txt" && strings.HasPrefix(text, "{"):
		return false
	case o.asIs, slices.Contains(endings, ending):
		return true
	}
	for _, magic := range []string{"%PDF-", "\xff\xd8\xff", "\x89PNG", "GIF8", "II*\x00", "MM\x00*"} {
		if strings.HasPrefix(string(head[:n]), magic) {
			return true
		}
	}
	return n >= 12 && string(head[4:8]) == "ftyp"
}
