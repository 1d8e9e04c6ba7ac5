package main

import (
	"context"
	"encoding/json"
	"fmt"
	"sort"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"carehold/httpapi/message"
	"carehold/record"
	"carehold/record/fhir"
	"carehold/record/grant"
)

func (a *app) showCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "show TYPE/ID",
		Short: "See one entry, where it came from, and why it is filed there",
		Example: `  carehold show Condition/k2v5c7q4
  carehold show Condition/k2v5c7q4 --why
  carehold show Condition/k2v5c7q4 --version 1 --json
  carehold show DocumentReference/p4q2x7aa --save letter.pdf`,
		Long: `Shows an entry in words: what it says, where it is filed, where it came from. Of
a letter or report that is plain text the text is shown too; any other document
is written to a file with --save, and never opened here.`,
		Args: exactly(1, "an entry: TYPE/ID"),
	}
	save := c.Flags().String("save", "", "write the document that it is, or has, to this new `file`")
	part := c.Flags().Int("part", 1, "of several documents the `number` of the one to save")
	why := c.Flags().Bool("why", false, "say which section it is filed in, by which rule, and how to move it")
	version := c.Flags().Uint64("version", 0, "an older `version`: 1 is the first")
	a.deviceFlags(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		ref, err := parseRef(args[0])
		if err != nil {
			return err
		}
		ctx := c.Context()
		u, err := a.open(ctx)
		if err != nil {
			return err
		}
		defer u.close()
		if ref, err = u.resolve(ctx, ref); err != nil {
			return err
		}
		info, err := u.session.Why(ctx, ref)
		if err != nil {
			return noSuchEntry(err, ref.String())
		}
		if *why {
			return a.showWhy(info)
		}
		if *save != "" {
			return u.saveDocument(ctx, ref, record.Version(*version), *part, *save)
		}
		if c.Flags().Changed("part") {
			return usagef("--part says which document to save: say --save FILE too")
		}
		if ref.Type == "Binary" {
			return u.showBinary(ctx, info, ref, record.Version(*version))
		}
		body, err := u.read(ctx, ref, record.Version(*version))
		if err != nil {
			return err
		}
		if a.json {
			return a.summary(shownJSON{ref.String(), info.Section, info.Source, body})
		}
		return u.showEntry(ctx, info, body, *version)
	}
	return c
}

// read reads an entry, or an older version of it.
func (u *unlocked) read(ctx context.Context, ref fhir.Ref, version record.Version) (body []byte, err error) {
	if version != 0 {
		body, err = u.session.VRead(ctx, ref, version)
	} else {
		body, err = u.session.Read(ctx, ref)
	}
	return body, noSuchEntry(err, ref.String())
}

func noSuchEntry(err error, ref string) error {
	switch exitCode(noContext, err) {
	case exitNotFound:
		if record.KindOf(err) == record.Gone {
			return coded(exitNotFound, fmt.Errorf("%s was deleted", ref), "carehold show "+ref+" --version N shows what it was")
		}
		return coded(exitNotFound, fmt.Errorf("there is no entry %s in this record", ref), `"carehold entries --section NAME" lists entries with their names`)
	}
	return err
}

func (u *unlocked) showEntry(ctx context.Context, info message.EntryInfo, body []byte, version uint64) error {
	a := u.app
	short := shortRef(fhir.Ref{Type: info.Type, ID: info.ID})
	s := summarize(body)
	a.paragraph("", s.line())
	what := sentence(typeWord(info.Type))
	if s.Date != "" {
		what = sentence(typeWord(info.Type) + ", " + s.Date)
	}
	a.say("%s", what)
	a.tellUnverified(body)
	o, ok := parseObject(body)
	a.tellSaid(o)
	a.say("")
	if ok {
		a.table("  ", facts(o))
	}
	a.say("")
	documents := enclosedIn(o)
	if err := u.showEnclosed(ctx, documents); err != nil {
		return err
	}
	if text := writtenFirst(info, len(saidOf(o)) > 0); text != "" {
		a.paragraph("", text)
	}
	a.paragraph("", filedAs(info, version))
	a.note("")
	a.tellEnclosed(documents, short)
	a.aside("All of it, as FHIR:      carehold show %s --json", short)
	a.aside("Why it is filed there:   carehold show %s --why", short)
	return nil
}

// filedAs says where an entry is, where it came from, and which version it is.
func filedAs(info message.EntryInfo, version uint64) string {
	origin := "written here"
	if info.Source != "" {
		origin = "imported from " + info.Source
	} else if info.Version > 1 {
		origin = "last written"
	}
	by := first(info.By, "somebody")
	if info.Self {
		by = "you"
	}
	shown := fmt.Sprintf("version %d", info.Version)
	if version != 0 && version != info.Version {
		shown = fmt.Sprintf("version %d of %d", version, info.Version)
	}
	return fmt.Sprintf("Filed in %s, %s by %s, %s. This is %s.", info.Section, origin, by, local(info.Time), shown)
}

// writtenFirst says who wrote an entry that somebody else has written since: the person,
// when they put words of theirs on it, do not become its author.
func writtenFirst(info message.EntryInfo, words bool) string {
	f := info.First
	if f == nil || f.Self == info.Self && f.By == info.By && (f.Source == "" || info.Source != "") || f.By == "" && !f.Self {
		if info.Before == nil {
			return ""
		}
		return strings.TrimSpace(since(info, words))
	}
	if f.Source != "" {
		return "First imported from " + f.Source + ", " + local(f.Time) + "." + since(info, words)
	}
	by := "you"
	if !f.Self {
		by = partyName(grant.Party{Name: f.By, Organisation: f.Organisation, Role: f.Role})
	}
	text := "First written by " + by + ", " + local(f.Time) + "."
	if f.Taken { // when it was written, only what waited said
		text = "First written by " + by + ". It waited, and you took it in, " + local(f.Time) + "."
	}
	return text + since(info, words)
}

// since is what became of an entry after its first version: who else wrote it before the
// person did, and that words of theirs are on it.
func since(info message.EntryInfo, words bool) (text string) {
	if b := info.Before; b != nil && b.Version > 1 {
		by := "from " + b.Source
		if b.Source == "" {
			by = "by " + partyName(grant.Party{Name: b.By, Organisation: b.Organisation, Role: b.Role})
		}
		text = " Changed " + by + ", " + local(b.Time) + "."
	}
	if info.Self && words {
		text += " Your words were added since."
	}
	return text
}

// facts are the elements that read as words, in the order of their names. What
// is deeper than that is in the JSON.
func facts(o object) [][]string {
	skip := map[string]bool{"resourceType": true, "id": true, "meta": true, "text": true, "subject": true, "patient": true, "identifier": true, "contained": true, "extension": true, "implicitRules": true, "language": true}
	var names []string
	for name := range o {
		if !skip[name] && !strings.HasPrefix(name, "_") {
			names = append(names, name)
		}
	}
	sort.Strings(names)
	rows := documentFacts(o)
	for _, name := range names {
		label, text := spaced(name), fact(o[name])
		if name == "date" && len(rows) > 0 && rows[0][0] == "date" {
			label, text = "added", asTime(text)
		}
		if text != "" {
			rows = append(rows, []string{label, text})
		}
	}
	return rows
}

// documentFacts are what is deeper in a DocumentReference and said first: the
// document's own date, which is not when it was added here, and what it belongs to.
func documentFacts(o object) [][]string {
	rows := [][]string{}
	if str(o, "resourceType") != "DocumentReference" {
		return rows
	}
	if made := wordsAt(o, "content.attachment.creation"); made != "" {
		rows = append(rows, []string{"date", asTime(made)})
	}
	var to []string
	context, _ := o["context"].(object)
	for _, name := range []string{"encounter", "related"} {
		for _, x := range list(context[name]) {
			if ref, ok := x.(object); ok {
				to = append(to, first(str(ref, "display"), str(ref, "reference")))
			}
		}
	}
	if text := joined("; ", to...); text != "" {
		rows = append(rows, []string{"belongs to", text})
	}
	return rows
}

// asTime is a FHIR dateTime as people read it: a day as it was written, a time where the
// person is.
func asTime(text string) string {
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return local(t)
	}
	return text
}

func fact(v any) string {
	switch v := v.(type) {
	case json.Number:
		return v.String()
	case bool:
		return map[bool]string{true: "yes", false: "no"}[v]
	case []any:
		var parts []string
		for _, x := range v {
			if t := fact(x); t != "" {
				parts = append(parts, t)
			}
		}
		return strings.Join(parts, "; ")
	case object:
		if v["value"] != nil {
			return quantity(v)
		}
		if v["start"] != nil || v["end"] != nil {
			return joined(" to ", str(v, "start"), first(str(v, "end"), "now"))
		}
		return words(v)
	}
	return words(v)
}

// spaced is "clinical status" for clinicalStatus.
func spaced(name string) string {
	var b strings.Builder
	for _, r := range name {
		if r >= 'A' && r <= 'Z' {
			b.WriteByte(' ')
			r += 'a' - 'A'
		}
		b.WriteRune(r)
	}
	return b.String()
}

func (a *app) showWhy(info message.EntryInfo) error {
	ref := info.Type + "/" + info.ID
	reason := strings.Replace(strings.TrimSuffix(info.Reason, "."), ". (", " (", 1)
	if a.json {
		return a.summary(struct {
			Ref       string `json:"ref"`
			Section   string `json:"section"`
			Rule      string `json:"rule"`
			Moved     bool   `json:"moved"`
			Suggested string `json:"suggested,omitempty"`
			Reason    string `json:"reason,omitempty"`
		}{ref, info.Section, info.Why, info.Moved, info.Suggested, info.Reason})
	}
	section, err := record.ParseSection(info.Section)
	if err != nil {
		return err
	}
	a.say("%s is filed in %s.", ref, info.Section)
	a.say("")
	switch {
	case info.Moved:
		a.paragraph("", "You put it there yourself.")
		if info.Suggested != "" && info.Suggested != info.Section {
			a.paragraph("", fmt.Sprintf("By itself it would be in %s: %s", info.Suggested, sentence(reason)))
		}
	default:
		a.paragraph("", sentence(first(reason, "the table of filing says so")))
		if info.Suggested != "" && info.Suggested != info.Section {
			a.paragraph("", fmt.Sprintf("The rule that filed it was %s. As it is now it would be filed in %s; an entry stays where it is until you move it.", info.Why, info.Suggested))
		} else {
			a.say("(rule %s)", info.Why)
		}
	}
	a.say("")
	if section.Sensitive() {
		a.paragraph("", "This section is sensitive: it is in no ready-made grant, and nobody reads it unless you share it by name.")
	} else if section.Always() {
		a.paragraph("", "This section is in every grant.")
	}
	to := record.Private
	if section == to {
		to = record.Documents
	}
	a.aside("Move it: carehold move %s --to %s", shortRef(fhir.Ref{Type: info.Type, ID: info.ID}), to)
	return nil
}
