package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"carehold/httpapi/client"
	"carehold/record"
	"carehold/record/change"
	"carehold/record/fhir"
)

func (a *app) exportCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "export WHERE",
		Short: "Write your whole record to a folder or a file, to read and keep",
		Long: `Writes everything: the newest and the older versions of every entry as FHIR R4,
letters and pictures as files, who wrote what and where it is filed, a summary,
and index.html: pages to read in a browser, which need neither Carehold nor a
network. "carehold import" puts it into a record again.

How it ends says what it becomes:

  my-record             a folder
  my-record.zip         the same in one file
  my-record.zip.age     encrypted: with a passphrase, which is asked for twice,
                        or with --encrypt-to, age keys (age-encryption.org)
  my-record.json        only the newest versions, as one FHIR Bundle
  my-record.ndjson      the same, a resource in each line

It holds all sections, the sensitive ones too. Only .zip.age is encrypted. The
others nobody else on this machine may read, and whoever gets a copy can: keep
them as you keep the record. docs/export.md describes the files.`,
		Example: `  carehold export my-record
  carehold export my-record.zip.age
  carehold export my-record.zip.age --encrypt-to age1…
  carehold export my-record.ndjson`,
		Args: exactly(1, "where to: the name of a folder or a file"),
	}
	to := exportTarget{}
	c.Flags().StringArrayVar(&to.keys, "encrypt-to", nil, "a public age `key` that may open it; may be given again")
	c.Flags().StringVar(&to.passphraseFile, "encrypt-passphrase-file", "", "read the passphrase for the export from this `file`; - is stdin")
	a.deviceFlags(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		if err := to.choose(args[0]); err != nil {
			return err
		}
		if err := mustBeNew(to.path); err != nil {
			return err
		}
		if err := to.lock(a); err != nil {
			return err
		}
		u, err := a.open(c.Context())
		if err != nil {
			return err
		}
		defer u.close()
		done, err := u.exportTo(c.Context(), &to)
		if err != nil {
			return err
		}
		return a.showExport(done, &to)
	}
	return c
}

// exported is what was written.
type exported struct {
	File      string `json:"file"`
	Entries   int    `json:"entries"`
	Versions  int    `json:"older_versions,omitempty"`
	Documents int    `json:"documents,omitempty"`
	Bytes     int64  `json:"bytes"`
	Encrypted bool   `json:"encrypted,omitempty"`
}

func (u *unlocked) exportTo(ctx context.Context, to *exportTarget) (exported, error) {
	done := exported{File: to.path, Encrypted: to.kind == sealedExport}
	if to.kind == bundleExport || to.kind == linesExport {
		if err := u.fitInLines(ctx, mostInLine); err != nil {
			return done, err
		}
		f, err := createNew(to.path)
		if err != nil {
			return done, err
		}
		done.Entries, err = u.export(ctx, f, to.kind == linesExport)
		if err == nil {
			err = f.Sync()
		}
		if info, bad := f.Stat(); bad == nil {
			done.Bytes = info.Size()
		}
		if err = errors.Join(err, f.Close()); err != nil {
			os.Remove(to.path) // half an export looks like a whole one
		}
		return done, err
	}
	err := to.write(u.Now(), func(x *exportFiles) error {
		m, err := u.exportAll(ctx, x)
		done.Entries, done.Versions, done.Documents, done.Bytes = m.Entries, m.Versions, m.Documents, m.Total()
		return err
	})
	if info, bad := os.Stat(to.path); err == nil && bad == nil && !info.IsDir() {
		done.Bytes = info.Size()
	}
	return done, err
}

func (a *app) showExport(done exported, to *exportTarget) error {
	if a.json {
		return a.summary(done)
	}
	also := ""
	if done.Versions > 0 {
		also += ", " + plural(done.Versions, "older version", "older versions")
	}
	if done.Documents > 0 {
		also += ", " + plural(done.Documents, "document", "documents")
	}
	a.say("Wrote %s to %s%s", entriesOf(done.Entries), done.File, also)
	switch to.kind {
	case sealedExport:
		if len(to.keys) == 0 {
			a.note("Without the passphrase nobody can open it, not even you.")
		}
	case folderExport:
		a.note("To read it, open %s in a browser.", filepath.Join(done.File, "index.html"))
		fallthrough
	default:
		a.note("It is not encrypted. Delete it when you no longer need it.")
	}
	return nil
}

// export writes the newest version of every entry, type by type in alphabetical order.
func (u *unlocked) export(ctx context.Context, to io.Writer, ndjson bool) (int, error) {
	list, err := u.session.Entries(ctx)
	if err != nil {
		return 0, err
	}
	var types []string
	there := map[fhir.Ref]bool{}
	for _, e := range list {
		if e.Deleted {
			continue
		}
		there[fhir.Ref{Type: e.Type, ID: e.ID}] = true
		if !slices.Contains(types, e.Type) {
			types = append(types, e.Type)
		}
	}
	slices.Sort(types)
	w := bufio.NewWriter(to)
	n := 0
	each := func(write func(client.Found) error) error {
		p := u.app.steps("exporting", len(there))
		defer p.finish()
		for _, typ := range types {
			if err := u.session.Search(ctx, typ, func(f client.Found) error {
				if !there[f.Ref] { // the server made it of the others
					return nil
				}
				n++
				p.one()
				if f.Ref.Type == "Binary" {
					if err := u.withContent(ctx, &f); err != nil {
						return err
					}
				}
				return write(f)
			}); err != nil {
				return err
			}
		}
		return nil
	}
	if ndjson {
		err = each(func(f client.Found) error { return writeLine(w, f.Resource) })
	} else {
		b := change.NewBundleWriter(w, change.BundleHead{Type: "collection", Time: u.Now().Truncate(time.Second)})
		err = each(func(f client.Found) error {
			return b.Entry(change.BundleEntry{FullURL: u.client.Base() + "/fhir/" + f.Ref.String(), Resource: f.Resource})
		})
		if err == nil {
			err = b.Close()
		}
	}
	return n, errors.Join(err, w.Flush())
}

// mostInLine is how large a Binary may be that is written among other resources.
const mostInLine = 64 << 20

// withContent reads a Binary as a whole, when a search has shown it without its content.
func (u *unlocked) withContent(ctx context.Context, f *client.Found) error {
	r, err := fhir.Parse(f.Resource, fhir.Limits{})
	if err != nil || r.Root().Get("data").Valid() {
		return err
	}
	var whole bytes.Buffer
	if err := u.session.Whole(ctx, f.Ref, 0, limited{&whole, mostInLine}); err != nil {
		if errors.Is(err, errTooMuch) { // it came while this was written
			return tooLargeForLine(f.Ref.String(), mostInLine)
		}
		return err
	}
	f.Resource = whole.Bytes()
	return nil
}

// fitInLines looks, before anything is written, whether every file of the record fits
// into a line of so many bytes: in JSON a content is a third larger.
func (u *unlocked) fitInLines(ctx context.Context, most int64) error {
	var large fhir.Ref
	err := u.session.Search(ctx, "Binary", func(f client.Found) error {
		r, err := fhir.Parse(f.Resource, fhir.Limits{})
		if err != nil || large != (fhir.Ref{}) || r.Root().Get("data").Valid() {
			return err
		}
		c, err := u.session.Content(ctx, f.Ref, 0)
		if err == nil && (c.Size+2)/3*4+(4<<10) > most {
			large = f.Ref
		}
		return err
	})
	if err != nil || large == (fhir.Ref{}) {
		return err
	}
	name := large.String()
	err = u.session.Search(ctx, "DocumentReference", func(f client.Found) error {
		for _, a := range attachmentsOf(f.Resource) {
			if t := fhir.ParseReference(a.url); t.Ref == large && a.title != "" {
				name = fmt.Sprintf("%q (%s)", clean(a.title), large)
			}
		}
		return nil
	})
	return errors.Join(err, tooLargeForLine(name, most))
}

func tooLargeForLine(name string, most int64) error {
	return hinted(fmt.Errorf("%s is too large to be in a .json or .ndjson file, where none is larger than %s; nothing was written", name, bytesOf(most/4*3)), "a folder, .zip or .zip.age holds files of any size: carehold export my-record.zip")
}

// steps is a progress of many small things. In JSON a hundred lines say enough.
type steps struct {
	*progress
	each, n int
}

func (a *app) steps(what string, total int) *steps {
	s := &steps{progress: a.progress(what, total), each: 1}
	if a.json {
		s.each = max(1, total/100)
	}
	return s
}

func (s *steps) one() {
	if s.n++; s.n == s.each {
		s.add(s.n)
		s.n = 0
	}
}

func (s *steps) finish() {
	if s.n > 0 {
		s.add(s.n)
		s.n = 0
	}
	s.progress.finish()
}

var errTooMuch = record.Safef(record.TooLarge, "this is too much")

// limited is a buffer that does not grow for ever.
type limited struct {
	*bytes.Buffer
	most int
}

func (l limited) Write(p []byte) (int, error) {
	if l.Len()+len(p) > l.most {
		return 0, errTooMuch
	}
	return l.Buffer.Write(p)
}

// writeLine writes a resource in one line. A line break in JSON can only stand
// between its tokens, so taking it out changes nothing.
func writeLine(w *bufio.Writer, resource []byte) error {
	for _, c := range resource {
		if c != '\n' && c != '\r' {
			if err := w.WriteByte(c); err != nil {
				return err
			}
		}
	}
	return w.WriteByte('\n')
}

// exportKind is what an export becomes.
type exportKind uint8

const (
	folderExport exportKind = iota
	zipExport
	sealedExport
	bundleExport
	linesExport
)

// choose tells by the name what the export is to be.
func (t *exportTarget) choose(path string) error {
	t.path = strings.TrimRightFunc(path, func(r rune) bool { return r == '/' || r == filepath.Separator })
	name := strings.ToLower(filepath.Base(t.path))
	switch {
	case t.path == "":
		return usagef("%q is no name for an export", path)
	case t.path != path:
		t.kind = folderExport
	case strings.HasSuffix(name, ".zip.age"):
		t.kind = sealedExport
	case strings.HasSuffix(name, ".zip"):
		t.kind = zipExport
	case strings.HasSuffix(name, ".json"):
		t.kind = bundleExport
	case strings.HasSuffix(name, ".ndjson"):
		t.kind = linesExport
	case filepath.Ext(name) != "":
		return usagef("%s ends with neither .json nor .ndjson, .zip nor .zip.age, and nothing else is written; the name of a folder has no dot, or ends with /", path)
	}
	if t.kind != sealedExport && (len(t.keys) > 0 || t.passphraseFile != "") {
		return usagef("only an export that ends with .zip.age is encrypted: carehold export %s.zip.age", strings.TrimSuffix(strings.TrimSuffix(t.path, ".zip"), ".age"))
	}
	if len(t.keys) > 0 && t.passphraseFile != "" {
		return usagef("an export is encrypted with a passphrase or to keys, not both")
	}
	return nil
}
