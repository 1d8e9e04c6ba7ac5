package main

import (
	"fmt"
	"io"

	"carehold/record"
)

type importJSON struct {
	Import   string         `json:"import,omitempty"` // its id; none for a dry run
	Source   string         `json:"source,omitempty"`
	DryRun   bool           `json:"dry_run,omitempty"`
	New      int            `json:"new"`
	Changed  int            `json:"changed"`
	Same     int            `json:"unchanged"`
	Refused  int            `json:"refused"`
	Types    map[string]int `json:"types,omitempty"`
	Sections map[string]int `json:"sections,omitempty"`
	Dangling int            `json:"dangling_references,omitempty"`
	Ignored  map[string]int `json:"ignored,omitempty"`
}

func (r imported) json(dry bool) importJSON {
	j := importJSON{r.ID.String(), r.Source, dry, r.New, r.Changed, r.Same, len(r.Refused), r.Types, r.Sections, r.Dangling, r.Ignored}
	if dry || r.ID == (record.ImportID{}) {
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
		a.say("")
		a.countTable("by section", r.Sections, func(s string) string { return s })
		a.say("")
		a.countTable("by type", r.Types, func(t string) string { return t })
	} else if r.New+r.Changed == 0 {
		a.say("%s: nothing was added; all %s were there already.", clean(r.Source), entriesOf(r.Same+r.Left))
	} else {
		text := fmt.Sprintf("%s: %d new", clean(r.Source), r.New)
		if r.Changed > 0 {
			text += fmt.Sprintf(", %d changed", r.Changed)
		}
		if r.Same > 0 {
			text += fmt.Sprintf(", %d there already", r.Same)
		}
		a.say("%s", text)
		a.note("Take it back: carehold imports undo %s", shortID(r.ID.String()))
	}
	if r.Left > 0 && r.New+r.Changed > 0 {
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
