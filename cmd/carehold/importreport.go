package main

import (
	"fmt"
	"io"
	"strings"

	"carehold/record"
)

type importJSON struct {
	Import   string         `json:"import,omitempty"` // its id
	Source   string         `json:"source,omitempty"`
	New      int            `json:"new"`
	Back     int            `json:"back,omitempty"`
	Changed  int            `json:"changed"`
	Same     int            `json:"unchanged"`
	Refused  int            `json:"refused"`
	Types    map[string]int `json:"types,omitempty"`
	Sections map[string]int `json:"sections,omitempty"`
	Dangling int            `json:"dangling_references,omitempty"`
	Ignored  map[string]int `json:"ignored,omitempty"`
}

// importDryJSON is what is left of it for a dry run: whether an entry that is there
// would change, only the server can say.
type importDryJSON struct {
	Source   string         `json:"source,omitempty"`
	DryRun   bool           `json:"dry_run"`
	New      int            `json:"new"`
	Back     int            `json:"back"`
	Known    int            `json:"there"`
	Refused  int            `json:"refused"`
	Types    map[string]int `json:"types,omitempty"`
	Sections map[string]int `json:"sections,omitempty"`
	Dangling int            `json:"dangling_references,omitempty"`
	Ignored  map[string]int `json:"ignored,omitempty"`
}

func (r imported) json(dry bool) any {
	if dry {
		return importDryJSON{r.Source, true, r.New, r.Back, r.Known, len(r.Refused), r.Types, r.Sections, r.Dangling, r.Ignored}
	}
	j := importJSON{r.ID.String(), r.Source, r.New, r.Back, r.Changed, r.Same, len(r.Refused), r.Types, r.Sections, r.Dangling, r.Ignored}
	if r.ID == (record.ImportID{}) {
		j.Import = ""
	}
	return j
}

// showImport says what came of one source.
func (a *app) showImport(r imported, dry bool) error {
	if a.json {
		for _, x := range r.Refused {
			if err := a.refused(struct {
				Source  string `json:"source"`
				Index   int    `json:"index"`
				Ref     string `json:"ref,omitempty"`
				Message string `json:"message"`
			}{r.Source, x.Index, refText(x.Ref.Type, x.Ref.ID), x.Reason}); err != nil {
				return err
			}
		}
		return a.item(r.json(dry))
	}
	total := 0
	for _, n := range r.Types {
		total += n
	}
	if dry {
		a.say("%s: %s would be imported. Nothing was written.", clean(r.Source), entriesOf(total))
		if r.Back+r.Known > 0 {
			a.say("%s", wouldBe(r))
		}
		a.say("")
		a.countTable("by section", r.Sections, func(s string) string { return s })
		a.say("")
		a.countTable("by type", r.Types, func(t string) string { return t })
	} else if r.New+r.Changed+r.Back == 0 {
		a.say("%s: nothing was added; all %s were there already.", clean(r.Source), entriesOf(r.Same+r.Left))
	} else {
		a.say("%s: %s", clean(r.Source), counted(r.New, "new", r.Back, "back again", r.Changed, "changed", r.Same, "there already"))
		a.note("Take it back: carehold imports undo %s", shortID(r.ID.String()))
	}
	if r.Left > 0 && r.New+r.Changed+r.Back > 0 {
		a.note("Your own details stay as another source gave them first (--update-person takes these).")
	}
	if r.Dangling > 0 {
		a.note("%s to something that the file does not hold; they are kept as they are.", plural(r.Dangling, "reference leads", "references lead"))
	}
	if left := leftOut(r.Ignored); len(left) > 0 {
		a.note("Left out: %s.", countList(left))
	}
	for i, x := range r.Refused {
		if i == maxRefusals {
			fmt.Fprintf(a.stderr, "  … and %d more; --json lists all\n", len(r.Refused)-i)
			break
		}
		io.WriteString(a.stderr, wrap("  refused: ", fmt.Sprintf("entry %d %s: %s", x.Index+1, refText(x.Ref.Type, x.Ref.ID), clean(x.Reason)), a.noteColumns()))
	}
	return nil
}

// wouldBe is what a dry run knows of what was there before.
func wouldBe(r imported) string {
	return "Of them " + counted(r.New, "new", r.Back, "back again", r.Known, "there already, and written only if they changed")
}

// counted is "156 back again, 2 changed": pairs of a number and its word, without
// those that are 0.
func counted(pairs ...any) string {
	var parts []string
	for i := 0; i+1 < len(pairs); i += 2 {
		if n := pairs[i].(int); n > 0 {
			parts = append(parts, fmt.Sprintf("%s %s", thousands(n), pairs[i+1]))
		}
	}
	return strings.Join(parts, ", ")
}

// leftOut are the entries among what was left out. The rest is about the file:
// its own id, its links; --json has it.
func leftOut(ignored map[string]int) map[string]int {
	left := map[string]int{}
	for _, what := range []string{"older version", "deleted", "no resource"} {
		if n := ignored[what]; n > 0 {
			left[what] = n
		}
	}
	return left
}

const maxRefusals = 50

func refText(typ, id string) string {
	if id == "" {
		return typ
	}
	return typ + "/" + id
}

// countTable shows counts, the largest first.
func (a *app) countTable(head string, counts map[string]int, name func(string) string) {
	a.say("  %s", head)
	rows := [][]string{}
	for _, k := range keysByCount(counts) {
		rows = append(rows, []string{fmt.Sprintf("%6s", thousands(counts[k])), name(k)})
	}
	a.table("  ", rows)
}
