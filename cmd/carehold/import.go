package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"carehold/httpapi/message"
	"carehold/record/change"
)

// A source goes in as one transaction: the server files what came together
// together, and a counsellor whom only a therapy note names must not be filed
// before the note is there. Only a source larger than this goes in pieces.
const (
	pieceEntries = 10_000 // what a server takes at once

	// sourceEntries is how many one source may have; what it may take of the memory ends
	// most sources before.
	sourceEntries = 1_000_000
	pieceBytes    = 16 << 20
)

func (a *app) importCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "import FILE|LINK|CARD|EXPORT...",
		Short: "Put files from a surgery, a hospital or an app into your record",
		Long: `Puts what you were given into your record: FHIR R4 in JSON (a Bundle, a single
resource) or NDJSON; letters, photos and scans (PDF, JPEG, PNG, TIFF, GIF, HEIC,
plain text). Nothing is changed on the way, and each entry remembers where it
came from.

A letter or picture becomes two entries: the file, and what is said of it. Its
date is the one the PDF or the camera wrote in it, else the file's own; its
title the PDF's, else the file's name. What is not what it is called, breaks off
or has something else in it is refused, and with --as-is kept all the same; web
pages and drawings (HTML, SVG) are kept with --as-is and never shown.

SMART Health Links (shlink:/…) and Cards (shc:/…, .smart-health-card) are taken
as they are, or out of a file; "-" reads one from stdin, where no shell sees it.
A card is verified by its issuer's keys, and each of its entries says so.

Of a letter that is there already, --title, --date, --type and --for change just
what they name; --for adds to what it belongs to.

What "carehold export" wrote is imported alone, a folder, .zip or .zip.age: with
older versions, documents, sections, and who wrote what (docs/export.md).

Importing the same source again adds nothing that is there already. The name of
the source is the file's name without its ending; give the same --source for a
newer file from the same place. "carehold imports undo" takes an import back.

What is not valid is left out, and named with the reason; the rest goes in, in
pieces of up to 10,000 entries or 16 MiB, most sources in one. A piece goes in
whole or not at all. After Ctrl-C the one that was sent already still goes in;
the same command again goes on with what is not there yet, and with a large file
from where it was.`,
		Example: `  carehold import gp-practice.json
  carehold import -n hospital.json
  carehold import --source "Mill Lane Surgery" export-2026-11.ndjson
  carehold import letter.pdf scan.jpg
  carehold import vaccination.smart-health-card
  carehold import - < link.txt
  carehold import my-record.zip.age
  carehold import letter.pdf --type "Discharge letter" --for Encounter/k2v5c7q4`,
		Args: atLeast(1, "a file"),
	}
	dry := c.Flags().BoolP("dry-run", "n", false, "only count what would be imported")
	source := c.Flags().String("source", "", "the `name` of where the files come from")
	person := c.Flags().Bool("update-person", false, "take name, address and the like from this source, though another gave them first or somebody corrected them since")
	docs, handed := documentFlags(c), givenFlags(c)
	keys := exportKeyFlags(c)
	a.deviceFlags(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		ctx := c.Context()
		if done, err := a.importExports(ctx, args, exportOptions{*keys, *source, *dry, *person}); done {
			return err
		}
		args, found, err := handed.take(a, args)
		if err != nil {
			return err
		}
		args, files, err := docs.open(a, args, *source, *dry)
		defer closeAll(files)
		if err != nil {
			return err
		}
		sources, err := readSources(ctx, args, *source)
		if err != nil {
			return err
		}
		u, err := a.open(ctx)
		if err != nil {
			return err
		}
		defer u.close()
		im := &importer{unlocked: u, person: *person, ask: !a.yes}
		if err := im.begin(ctx); err != nil {
			return err
		}
		handed.dry = *dry
		more, err := im.given(ctx, found, handed, *source)
		if err != nil {
			return err
		}
		sources = append(sources, more...)
		var total imported
		for i, s := range sources {
			report, err := im.source(ctx, s, *dry)
			if err == nil {
				err = a.showImport(report, *dry)
			}
			total.add(report)
			if err == nil && ctx.Err() != nil {
				err = stopped(report, len(sources)+len(files)-i-1, *dry)
			}
			if err != nil {
				return partly(ctx, err, total.wrote(*dry), sourcesOf(sources[:i]), append(sourcesOf(sources[i+1:]), namesOf(files)...))
			}
		}
		done, err := im.documents(ctx, files, docs, total.wrote(*dry), *dry)
		total.add(done)
		if err != nil {
			return err
		}
		if a.json {
			if err := a.summary(total.json(*dry)); err != nil {
				return err
			}
		}
		if n := len(total.Refused); n > 0 {
			return total.notImported(n, *dry)
		}
		return nil
	}
	return c
}

// stopped is for a Ctrl-C that came when a source was sent: it is in.
func stopped(r imported, left int, dry bool) error {
	if dry {
		return context.Canceled
	}
	text := "interrupted, when " + clean(r.Source) + " was sent already: it is in"
	if left > 0 {
		text += "; " + plural(left, "source was", "sources were") + " not begun"
	}
	return coded(exitInterrupted, errors.New(text), "carehold imports undo "+shortID(r.ID.String())+" takes it back; the same command again goes on")
}

// partly is how an import ends that failed after something of it was written: that
// stays, and the rest was not tried, for what failed may well be the disk.
func partly(ctx context.Context, err error, written int, done, left []string) error {
	if written == 0 || ctx.Err() != nil || exitCode(ctx, err) != exitFailed {
		return err
	}
	hint := ""
	if len(done) > 0 {
		hint = few(done) + oneOr(len(done), " is in, and stays; ", " are in, and stay; ")
	}
	if len(left) > 0 {
		hint += few(left) + oneOr(len(left), " was not tried; ", " were not tried; ")
	}
	return coded(exitPartly, err, hint+"when what is wrong is mended, the same command again goes on")
}

// few names the first of many.
func few(names []string) string {
	const most = 5
	if len(names) > most {
		names = append(names[:most:most], plural(len(names)-most, "other", "others"))
	}
	return and(names)
}

// notImported is how an import ends that left something out.
func (t imported) notImported(n int, dry bool) error {
	text, hint := plural(n, "entry was", "entries were")+" not imported", "the reasons are above; everything else is done"
	switch {
	case dry:
		text, hint = entriesOf(n)+" would not be imported", "the reasons are above; nothing was written"
	case t.taken() == 0:
		hint = "the reasons are above; nothing else was there to import"
	}
	return coded(exitPartly, errors.New(text), hint)
}

// importSource is one file: its name, and the bundles in it.
type importSource struct {
	name    string
	as      string // what ids are made of, where that is not the name
	bundles []*change.Bundle

	unverified bool // a card that was taken all the same
	handed     bool // by a link
	live       bool // what it leads to is made anew each time
	again      bool // by a link that may be asked again
}

func sourcesOf(list []importSource) (names []string) {
	for _, s := range list {
		names = append(names, clean(s.name))
	}
	return names
}

func readSources(ctx context.Context, files []string, name string) ([]importSource, error) {
	var out []importSource
	for _, path := range files {
		s, err := orInterrupted(ctx, func() (importSource, error) { return readFile(path, name) })
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, nil
}

func readFile(path, name string) (importSource, error) {
	f, err := os.Open(path)
	if err != nil {
		return importSource{}, coded(exitFailed, err, "nothing was imported")
	}
	defer f.Close()
	if what, hint := notFHIR(f, path); what != "" {
		return importSource{}, hinted(fmt.Errorf("%s is %s", path, what), joined("; ", "nothing was imported", hint))
	}
	s, err := readSource(f, first(name, sourceName(path)))
	if err != nil {
		return s, hinted(fmt.Errorf("%s: %w", path, err), "nothing was imported; a file should be FHIR R4 in JSON or NDJSON")
	}
	return s, nil
}

// orInterrupted does what may wait for somebody else, as reading a pipe does, for as long
// as the program is not told to end. What is waiting then goes on waiting until it has.
func orInterrupted[T any](ctx context.Context, do func() (T, error)) (T, error) {
	type answer struct {
		got T
		err error
	}
	c := make(chan answer, 1)
	go func() {
		got, err := do()
		c <- answer{got, err}
	}()
	select {
	case a := <-c:
		return a.got, a.err
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
}

func readSource(r io.Reader, name string) (importSource, error) {
	bundles, err := change.ReadSource(r, change.Limits{Entries: sourceEntries})
	return importSource{name: name, bundles: bundles}, err
}

// sourceName is what a file is called where it came from, as the record can have it: the
// person sees it in lists.
func sourceName(path string) string {
	base := filepath.Base(path)
	return first(fileName(strings.TrimSuffix(base, filepath.Ext(base))), fileName(base))
}

// fileName is a file's name, without what no name should have, and cut where it is longer
// than the words for a source may be.
func fileName(base string) string {
	base = clean(base) // and no more: entries are named after it
	for len(base) > message.MaxSource {
		_, n := utf8.DecodeLastRuneInString(base)
		base = base[:len(base)-n]
	}
	if strings.TrimSpace(base) == "" {
		return ""
	}
	return base
}
