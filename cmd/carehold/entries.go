package main

import (
	"context"
	"errors"
	"fmt"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"carehold/httpapi/client"
	"carehold/httpapi/message"
	"carehold/record"
	"carehold/record/fhir"
)

func (a *app) entriesCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "entries",
		Short: "See what is in your record",
		Long: `Without a section or a type: how much is in each section. With one of them: the
entries, the newest first, each with its name for "carehold show".`,
		Example: `  carehold entries
  carehold entries --section medicines
  carehold entries --type Observation --json`,
		Args: nothing,
	}
	section := c.Flags().String("section", "", "only this `section`")
	typ := c.Flags().String("type", "", "only this FHIR resource `type`")
	deleted := c.Flags().Bool("deleted", false, "also entries that were deleted")
	a.deviceFlags(c)
	_ = c.RegisterFlagCompletionFunc("section", completeSections)
	c.RunE = func(c *cobra.Command, _ []string) error {
		if *section != "" {
			s, err := parseSection(*section)
			if err != nil {
				return err
			}
			*section = s.String()
		}
		if *typ != "" {
			t, err := parseType(*typ)
			if err != nil {
				return err
			}
			*typ = t
		}
		u, err := a.open(c.Context())
		if err != nil {
			return err
		}
		defer u.close()
		list, err := u.session.Entries(c.Context())
		if err != nil {
			return err
		}
		list = slices.DeleteFunc(list, func(e message.EntryInfo) bool {
			return *section != "" && e.Section != *section || *typ != "" && e.Type != *typ || e.Deleted && !*deleted
		})
		if *section == "" && *typ == "" && !a.json {
			a.showSections(list)
			u.tellInbox(c.Context())
			return nil
		}
		signal.Ignore(syscall.SIGPIPE) // it would end the program with the session still open
		return unlessClosed(a.showEntries(c.Context(), u, list, *typ))
	}
	return c
}

// showSections is the record at a glance.
func (a *app) showSections(list []message.EntryInfo) {
	if len(list) == 0 {
		a.say("There is nothing in your record yet.")
		a.note("Put something in: carehold import FILE")
		return
	}
	counts := map[string]int{}
	types := map[string]map[string]int{}
	origins := 0
	for _, e := range list {
		if e.Type == "Provenance" && alike(e.ID) > 0 { // which the import of an export did not count
			origins++
			continue
		}
		counts[e.Section]++
		if types[e.Section] == nil {
			types[e.Section] = map[string]int{}
		}
		if e.Type != "Provenance" {
			types[e.Section][e.Type]++
		}
	}
	a.say("%s in your record:", entriesOf(len(list)-origins))
	a.say("")
	rows := [][]string{}
	example, starred := record.Identity.String(), false
	for _, s := range record.Sections() {
		name := s.String()
		if counts[name] == 0 {
			continue
		}
		if !s.Sensitive() {
			example = name
		}
		mark := " "
		if s.Sensitive() {
			mark, starred = "*", true
		}
		rows = append(rows, []string{fmt.Sprintf("%5s", thousands(counts[name])), name + mark, inWords(types[name])})
	}
	a.table("", rows)
	a.say("")
	if starred {
		a.say("* is in no ready-made grant: you share it only by naming it.")
	}
	if origins > 0 {
		a.note("Besides, %s (--type Provenance).", plural(origins, "note of origin", "notes of origin"))
	}
	a.note("See one: carehold entries --section %s", example)
}

// inWords is "12 conditions, 3 procedures", the most of it first.
func inWords(types map[string]int) string {
	var parts []string
	for _, t := range keysByCount(types) {
		parts = append(parts, fmt.Sprintf("%d %s", types[t], typeCount(t, types[t])))
	}
	return strings.Join(parts, ", ")
}

// listed is an entry of a list.
type listed struct {
	info message.EntryInfo
	ref  fhir.Ref
	sum  summary
	said string // whether the person has said something of it: disputed, note
}

// entryItem is an entry of a list in JSON.
type entryItem struct {
	Ref     string `json:"ref"`
	Section string `json:"section"`
	Title   string `json:"title,omitempty"`
	Value   string `json:"value,omitempty"`
	Date    string `json:"date,omitempty"`
	Version uint64 `json:"version"`
	Written string `json:"written"`
	By      string `json:"by,omitempty"`
	Source  string `json:"source,omitempty"`
	Import  string `json:"import,omitempty"`
	Deleted bool   `json:"deleted,omitempty"`
	Said    string `json:"said,omitempty"`          // of the person's: disputed, note
	Before  string `json:"before_by,omitempty"`     // of one with such words: who wrote it before the person did
	Brought string `json:"before_source,omitempty"` // and where it was imported from then
}

func (a *app) showEntries(ctx context.Context, u *unlocked, infos []message.EntryInfo, typ string) error {
	list, err := summaries(ctx, u.session, infos)
	if err != nil {
		return err
	}
	slices.SortStableFunc(list, func(x, y listed) int { return strings.Compare(y.sum.Date, x.sum.Date) })
	if a.json {
		for _, e := range list {
			i := e.info
			item := entryItem{e.ref.String(), i.Section, e.sum.Title, e.sum.Value, e.sum.Date, i.Version,
				i.Time.UTC().Format("2006-01-02T15:04:05.000Z"), i.By, i.Source, "", i.Deleted, e.said, "", ""}
			if i.Import != (message.ID{}) {
				item.Import = i.Import.String()
			}
			if e.said != "" && i.Self {
				info, err := u.session.Why(ctx, e.ref)
				if err != nil {
					return err
				}
				if b := info.Before; b != nil {
					item.Before, item.Brought = b.By, b.Source
				}
			}
			if err := a.item(item); err != nil {
				return err
			}
		}
		return a.summary(countJSON{len(list)})
	}
	if len(list) == 0 {
		a.say("Nothing is recorded here. That does not mean that there is nothing.")
		return nil
	}
	origins := 0
	rows := list[:0:0]
	for _, e := range list {
		// A note of origin belongs to another entry, and says nothing by itself.
		if e.ref.Type == "Provenance" && typ != "Provenance" {
			origins++
			continue
		}
		rows = append(rows, e)
	}
	width := 0
	for _, e := range rows {
		width = max(width, len(shortRef(e.ref)))
	}
	for _, e := range rows {
		e.sum.Title = marked(e.said, e.sum.Title)
		text := e.sum.in(max(20, a.columns()-14-width))
		if e.info.Deleted {
			text = fit("(deleted) "+typeWord(e.ref.Type), max(20, a.columns()-14-width))
		}
		if _, err := fmt.Fprintf(a.stdout, "%s  %s  %s\n", fit(e.sum.Date, 10), text, shortRef(e.ref)); err != nil {
			return err
		}
	}
	a.note("")
	if origins > 0 {
		a.note("Besides, %s (--type Provenance).", plural(origins, "note of origin", "notes of origin"))
	}
	if len(rows) > 0 {
		a.note("See one: carehold show %s", shortRef(rows[0].ref))
	}
	return nil
}

// unlessClosed takes no offence when whoever reads the answer has had enough of
// it: "carehold entries | head". The session is closed, and that is all.
func unlessClosed(err error) error {
	if errors.Is(err, syscall.EPIPE) {
		return nil
	}
	return err
}

// shortID is how much of an id is shown, and typed: any beginning that is one of
// a kind does.
// shortID is what is typed of an id. Those of notes of origin all begin alike.
func shortID(id string) string { return id[:min(alike(id)+8, len(id))] }

func alike(id string) int {
	if strings.HasPrefix(id, "carried-") {
		return len("carried-")
	}
	return 0
}

func shortRef(ref fhir.Ref) string { return ref.Type + "/" + shortID(ref.ID) }

// resolve finds the entry that the beginning of an id means.
func (u *unlocked) resolve(ctx context.Context, ref fhir.Ref) (fhir.Ref, error) {
	if len(ref.ID) > alike(ref.ID)+12 {
		return ref, nil // nobody types that much of an id: it is whole
	}
	infos, err := u.session.Entries(ctx)
	if err != nil {
		return ref, err
	}
	var found []fhir.Ref
	for _, e := range infos {
		switch {
		case e.Type != ref.Type:
		case e.ID == ref.ID:
			return ref, nil
		case strings.HasPrefix(e.ID, ref.ID):
			found = append(found, fhir.Ref{Type: e.Type, ID: e.ID})
		}
	}
	switch len(found) {
	case 0:
		return ref, noSuchEntry(record.NotFound, ref.String())
	case 1:
		return found[0], nil
	}
	return ref, coded(exitUsage, fmt.Errorf("%d entries begin with %s", len(found), ref), "type more of the id")
}

// summaries reads the entries of a list, each type with one search: the fewest
// lines in the history.
func summaries(ctx context.Context, s *client.Session, infos []message.EntryInfo) ([]listed, error) {
	out := make([]listed, len(infos))
	files := map[fhir.Ref]summary{} // what the letters among them say of files
	at := map[fhir.Ref]int{}
	var types []string
	for i, e := range infos {
		ref := fhir.Ref{Type: e.Type, ID: e.ID}
		out[i] = listed{info: e, ref: ref}
		at[ref] = i
		if !e.Deleted && !slices.Contains(types, e.Type) {
			types = append(types, e.Type)
		}
	}
	for _, typ := range types {
		err := s.Search(ctx, typ, func(f client.Found) error {
			if i, ok := at[f.Ref]; ok {
				out[i].sum, out[i].said = summarize(f.Resource), saidMark(f.Resource)
				if f.Ref.Type == "DocumentReference" {
					nameFiles(f.Resource, out[i].sum, files)
				}
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	for i, e := range out {
		if of, named := files[e.ref]; named && !e.info.Deleted {
			out[i].sum = of
		}
	}
	return out, nil
}

// nameFiles says of the files that a letter leads to what the letter is called: a file
// has no name of its own.
func nameFiles(letter []byte, sum summary, files map[fhir.Ref]summary) {
	o, _ := parseObject(letter)
	for _, e := range enclosedIn(o) {
		if e.file != (fhir.Ref{}) {
			files[e.file] = summary{Title: sum.Title, Date: sum.Date, Value: joined(", ", fileWord(e.typ), e.size)}
		}
	}
}

// fileWord is "PDF file" for application/pdf.
func fileWord(typ string) string {
	typ, _, _ = strings.Cut(strings.ToLower(typ), ";")
	names := map[string]string{"application/pdf": "PDF", "image/jpeg": "JPEG", "image/png": "PNG", "image/tiff": "TIFF", "image/gif": "GIF", "image/heic": "HEIC", "text/plain": "text", "text/html": "HTML"}
	return joined(" ", names[strings.TrimSpace(typ)], "file")
}
