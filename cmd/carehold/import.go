package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"carehold/crypto"
	"carehold/httpapi/message"
	"carehold/record"
	"carehold/record/change"
	"carehold/record/entry"
	"carehold/record/fhir"
	"carehold/record/filing"
)

// A source goes in as one transaction: the server files what came together
// together, and a counsellor whom only a therapy note names must not be filed
// before the note is there. Only a source larger than this goes in pieces.
const (
	pieceEntries = 10_000 // what a server takes at once
	pieceBytes   = 64 << 20
)

func (a *app) importCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "import FILE...",
		Short: "Put files from a surgery, a hospital or an app into your record",
		Long: `Puts what you were given into your record: FHIR R4 in JSON (a Bundle, a single
resource) or NDJSON. Nothing is changed on the way, and each entry remembers
where it came from.

Importing the same source again adds nothing that is there already. The name of
the source is the file's name without its ending; give the same --source for a
newer file from the same place. "carehold imports undo" takes an import back.

A source goes in whole or not at all. Ctrl-C finishes the one that is under way;
the same command again goes on.`,
		Example: `  carehold import gp-practice.json
  carehold import -n hospital.json
  carehold import --source "Mill Lane Surgery" export-2026-11.ndjson`,
		Args: atLeast(1, "a file"),
	}
	dry := c.Flags().BoolP("dry-run", "n", false, "only count what would be imported")
	source := c.Flags().String("source", "", "the `name` of where the files come from")
	person := c.Flags().Bool("update-person", false, "take name, address and the like from this source, though another gave them first")
	a.deviceFlags(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		ctx := c.Context()
		sources, err := readSources(args, *source)
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
		var total imported
		for _, s := range sources {
			report, err := im.source(ctx, s, *dry)
			if err == nil {
				err = a.showImport(report, *dry)
			}
			total.add(report)
			if err != nil {
				return err
			}
		}
		if a.json {
			if err := a.summary(total.json(*dry)); err != nil {
				return err
			}
		}
		if n := len(total.Refused); n > 0 {
			return coded(exitPartly, fmt.Errorf("%s not imported", refusedWords(n)), "the reasons are above; everything else is done")
		}
		return nil
	}
	return c
}

func refusedWords(n int) string {
	if n == 1 {
		return "1 entry was"
	}
	return thousands(n) + " entries were"
}

// importSource is one file: its name, and the bundles in it.
type importSource struct {
	name    string
	bundles []*change.Bundle
}

func readSources(files []string, name string) ([]importSource, error) {
	var out []importSource
	for _, path := range files {
		f, err := os.Open(path)
		if err != nil {
			return nil, coded(exitFailed, err, "nothing was imported")
		}
		s, err := readSource(f, first(name, sourceName(path)))
		f.Close()
		if err != nil {
			return nil, hinted(fmt.Errorf("%s: %w", path, err), "nothing was imported; a file should be FHIR R4 in JSON or NDJSON")
		}
		out = append(out, s)
	}
	return out, nil
}

func readSource(r io.Reader, name string) (importSource, error) {
	bundles, err := change.ReadSource(r, change.Limits{})
	return importSource{name, bundles}, err
}

func sourceName(path string) string {
	base := filepath.Base(path)
	return strings.TrimSuffix(base, filepath.Ext(base))
}

// imported is what came of one source.
type imported struct {
	ID       record.ImportID
	Source   string
	New      int
	Changed  int
	Same     int // were there already
	Left     int // the person's own details, which another source gave first
	Refused  []change.Refusal
	Types    map[string]int // of what would be, or was, imported
	Sections map[string]int
	Dangling int
	Ignored  map[string]int
}

func (t *imported) add(r imported) {
	t.New += r.New
	t.Changed += r.Changed
	t.Same += r.Same
	t.Left += r.Left
	t.Refused = append(t.Refused, r.Refused...)
}

// importer puts sources into an open record.
type importer struct {
	*unlocked
	person  bool           // take the Patient of this source
	most    int            // entries in one piece; 0: pieceEntries
	own     *fhir.Resource // the record's Patient; nil when there is none yet
	ask     bool
	patient string
	there   map[fhir.Ref]message.EntryInfo
}

// begin looks at what is there, so that what is new can be told from it.
func (im *importer) begin(ctx context.Context) (err error) {
	if im.patient, err = im.session.Patient(ctx); err != nil {
		return err
	}
	switch b, err := im.session.Read(ctx, fhir.Ref{Type: "Patient", ID: im.patient}); record.KindOf(err) {
	case record.NotFound, record.Gone:
	default:
		if err != nil {
			return err
		}
		if im.own, err = fhir.Parse(b, fhir.Limits{}); err != nil {
			return err
		}
	}
	return im.look(ctx)
}

func (im *importer) look(ctx context.Context) error {
	list, err := im.session.Entries(ctx)
	if err != nil {
		return err
	}
	im.there = make(map[fhir.Ref]message.EntryInfo, len(list))
	for _, e := range list {
		im.there[fhir.Ref{Type: e.Type, ID: e.ID}] = e
	}
	return nil
}

// source imports one source, or with dry counts what that would do.
func (im *importer) source(ctx context.Context, s importSource, dry bool) (imported, error) {
	r := imported{ID: crypto.RandomID(), Source: s.name, Types: map[string]int{}, Sections: map[string]int{}, Ignored: map[string]int{}}
	var changes []change.Change
	for _, b := range s.bundles {
		plan, err := change.PlanImport(b, s.name, im.patient)
		if err != nil {
			return r, err
		}
		if err := plan.About(im.own); err != nil {
			return r, hinted(err, "nothing was imported from it: a record is about one person")
		}
		if im.ask && !dry {
			if err := im.isThatYou(s.name, plan.Patients); err != nil {
				return r, err
			}
		}
		r.Refused = append(r.Refused, plan.Refused...)
		r.Dangling += plan.Dangling
		for what, n := range plan.Ignored {
			r.Ignored[what] += n
		}
		for _, c := range plan.Changes {
			if im.keepPerson(c, s.name) {
				r.Left++
				continue
			}
			changes = append(changes, c)
		}
	}
	im.count(&r, changes)
	if dry {
		return r, nil
	}
	return r, im.send(ctx, &r, changes)
}

// keepPerson reports whether a change is to the person's own details, and another
// source gave those first. Every system has its own Patient; if each overwrote the
// last one's, importing one of them again would never be without effect.
func (im *importer) keepPerson(c change.Change, source string) bool {
	was, there := im.there[c.Ref]
	return c.Ref.Type == "Patient" && there && !was.Deleted && was.Source != source && !im.person
}

// isThatYou asks whom the source is about.
func (im *importer) isThatYou(source string, patients []change.PatientSummary) error {
	if len(patients) != 1 {
		return nil // none: it is they who import it; several: all is refused
	}
	p := patients[0]
	who := first(clean(p.Name), "somebody without a name")
	if p.BirthDate != "" {
		who += ", born " + clean(p.BirthDate)
	}
	if p.NHSNumber != "" {
		who += ", NHS number " + clean(p.NHSNumber)
	}
	ok, err := im.app.confirm(fmt.Sprintf("%s is about %s. Is that you?", clean(source), who), false)
	if err == nil && !ok {
		err = errors.New("nothing was imported: a record is about one person")
	}
	return err
}

// count says what is new, by type and by the section it will be filed in.
func (im *importer) count(r *imported, changes []change.Change) {
	items := make([]filing.Item, len(changes))
	for i, c := range changes {
		items[i] = filing.Item{Ref: c.Ref, Resource: c.Resource}
		for _, t := range c.Resource.References() {
			if to := fhir.ParseReference(t.Value); to.Form == fhir.Relative {
				items[i].Targets = append(items[i].Targets, to.Ref)
			}
		}
	}
	filed := filing.File(items, func(ref fhir.Ref) (record.Section, bool) {
		e, there := im.there[ref]
		s, err := record.ParseSection(e.Section)
		return s, there && err == nil
	})
	for i, c := range changes {
		r.Types[c.Ref.Type]++
		section := filed[i].Section.String()
		if e, there := im.there[c.Ref]; there {
			section = e.Section // filing happens once
		}
		r.Sections[section]++
	}
}

// send sends the changes, as one piece but for the largest sources. A Ctrl-C is
// heard between two pieces.
func (im *importer) send(ctx context.Context, r *imported, changes []change.Change) error {
	p := im.app.progress("importing "+clean(r.Source), len(changes))
	defer p.finish()
	for at := 0; at < len(changes); {
		n := im.piece(changes[at:])
		err := im.transaction(context.WithoutCancel(ctx), r, changes[at:at+n])
		if err != nil {
			if at == 0 {
				return hinted(err, "nothing was imported from "+clean(r.Source))
			}
			return hinted(fmt.Errorf("after %d of %d entries: %w", at, len(changes), err), "what was done so far stays; the same command again goes on")
		}
		at += n
		p.add(n)
		if ctx.Err() != nil && at < len(changes) {
			p.finish()
			return coded(exitInterrupted, fmt.Errorf("interrupted after %s of %d entries", thousands(at), len(changes)),
				"the same command again goes on; carehold imports undo "+r.ID.String()+" takes back what is there")
		}
	}
	return nil
}

// piece is how many changes go into the next transaction.
func (im *importer) piece(changes []change.Change) int {
	most, size := im.most, 0
	if most == 0 {
		most = pieceEntries
	}
	for n, c := range changes {
		if size += len(c.Resource.Bytes()); n == most || n > 0 && size > pieceBytes {
			return n
		}
	}
	return len(changes)
}

// transaction sends one transaction. An entry that the server refuses must not
// keep the others out: it is left out, and all the others go again, together.
func (im *importer) transaction(ctx context.Context, r *imported, changes []change.Change) error {
	for len(changes) > 0 {
		body, err := transactionOf(changes)
		if err != nil {
			return err
		}
		answer, err := im.session.Transaction(ctx, body, entry.Origin{Import: r.ID, Source: r.Source})
		if err == nil {
			return im.taken(r, changes, answer)
		}
		bad, ok := refusedEntry(err, len(changes))
		if !ok {
			return err
		}
		r.Refused = append(r.Refused, change.Refusal{Index: changes[bad].Index, Ref: changes[bad].Ref, Reason: errorText(err)})
		changes = append(append([]change.Change(nil), changes[:bad]...), changes[bad+1:]...)
	}
	return nil
}

func transactionOf(changes []change.Change) ([]byte, error) {
	var body bytes.Buffer
	w := change.NewBundleWriter(&body, change.BundleHead{Type: "transaction"})
	for _, c := range changes {
		if err := w.Entry(change.BundleEntry{Resource: c.Resource.With(fhir.Meta{ID: c.Ref.ID}), Method: "PUT", URL: c.Ref.String()}); err != nil {
			return nil, err
		}
	}
	err := w.Close()
	return body.Bytes(), err
}

var entryPath = regexp.MustCompile(`^Bundle\.entry\[(\d+)\]`)

// refusedEntry tells which of the entries sent the server refused, if it was one
// of them and not the whole.
func refusedEntry(err error, sent int) (int, bool) {
	switch record.KindOf(err) {
	case record.Invalid, record.Unprocessed, record.TooLarge, record.Unsupported:
	default:
		return 0, false
	}
	if sent == 1 {
		return 0, true
	}
	e, ok := errors.AsType[*record.Error](err)
	if !ok {
		return 0, false
	}
	m := entryPath.FindStringSubmatch(e.Path)
	if m == nil {
		return 0, false
	}
	n, err := strconv.Atoi(m[1])
	return n, err == nil && n < sent
}

// taken counts what came of a transaction: the version says whether anything changed.
func (im *importer) taken(r *imported, changes []change.Change, answer []byte) error {
	var b struct {
		Entry []struct {
			Response struct {
				Status string `json:"status"`
				ETag   string `json:"etag"`
			} `json:"response"`
		} `json:"entry"`
	}
	if err := json.Unmarshal(answer, &b); err != nil || len(b.Entry) != len(changes) {
		return errors.New("the server's answer does not fit what was sent")
	}
	for i, c := range changes {
		version, err := strconv.ParseUint(strings.TrimSuffix(strings.TrimPrefix(b.Entry[i].Response.ETag, `W/"`), `"`), 10, 64)
		if err != nil {
			return errors.New("the server's answer does not fit what was sent")
		}
		switch was := im.there[c.Ref]; {
		case was.Version == 0:
			r.New++
		case was.Version == version:
			r.Same++
		default:
			r.Changed++
		}
		im.there[c.Ref] = message.EntryInfo{Type: c.Ref.Type, ID: c.Ref.ID, Version: version, Source: r.Source, Section: im.there[c.Ref].Section}
	}
	return nil
}
