package main

import (
	"fmt"
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
	Kept     int            `json:"kept,omitempty"`
	Refused  int            `json:"refused"`
	Types    map[string]int `json:"types,omitempty"`
	Sections map[string]int `json:"sections,omitempty"`
	Dangling int            `json:"dangling_references,omitempty"`
	LeadOut  int            `json:"references_to_refused,omitempty"` // of those
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
	LeadOut  int            `json:"references_to_refused,omitempty"` // of those
	Ignored  map[string]int `json:"ignored,omitempty"`
}

func (r imported) json(dry bool) any {
	if dry {
		return importDryJSON{r.Source, true, r.New, r.Back, r.Known, len(r.Refused), r.Types, r.Sections, r.Dangling, r.LeadOut, r.Ignored}
	}
	j := importJSON{r.ID.String(), r.Source, r.New, r.Back, r.Changed, r.Same, r.Kept, len(r.Refused), r.Types, r.Sections, r.Dangling, r.LeadOut, r.Ignored}
	if r.ID == (record.ImportID{}) {
		j.Import = ""
	}
	return j
}

// showImport says what came of one source.
func (a *app) showImport(r imported, dry bool) error {
	if a.json {
		for _, x := range r.Refused {
			if err := a.refused(refusedJSON{r.Source, x.Index, refText(x.Ref.Type, x.Ref.ID), x.FullURL, x.message(), x.Issues}); err != nil {
				return err
			}
		}
		return a.item(r.json(dry))
	}
	listed := r.Refused
	switch {
	case r.taken() == 0 && len(r.Refused) > 0:
		reason := onlyReason(r.Refused)
		if reason != "" && len(r.Refused) > fewRefusals {
			listed = nil // it is said once
			reason = ": " + clean(reason)
		} else {
			reason = ""
		}
		taken := "nothing was taken"
		if dry {
			taken = "nothing would be taken"
		}
		a.say("%s: %s: %s%s", clean(r.Source), taken, allRefused(len(r.Refused)), first(reason, "."))
	case dry && r.New+r.Back == 0 && r.Known > 0:
		a.say("%s: nothing new. %s there already, and would be written only if something in it changed. Nothing was written.", clean(r.Source), plural(r.Known, "entry is", "entries are"))
	case dry:
		a.say("%s: %s would be imported. Nothing was written.", clean(r.Source), entriesOf(r.New+r.Back+r.Known))
		if r.Back+r.Known > 0 {
			a.say("%s", wouldBe(r))
		}
		a.say("")
		a.countTable("by section", r.Sections, func(s string) string { return s })
		a.say("")
		a.countTable("by type", r.Types, func(t string) string { return t })
	case r.New+r.Changed+r.Back == 0:
		a.say("%s: nothing was added%s.", clean(r.Source), thereAlready(r.Same+r.Left+r.Kept, len(r.Refused)))
	default:
		a.say("%s: %s", clean(r.Source), counted(r.New, "new", r.Back, "back again", r.Changed, "changed", r.Same, "there already"))
	}
	if r.Own {
		a.note("Your own details are as %s has them. That is a change of your own: taking the import back leaves it.", clean(r.Source))
	}
	if r.written() > 0 && !dry {
		a.note("Take it back: carehold imports undo %s", shortID(r.ID.String()))
	}
	if r.Left > 0 && (r.New+r.Changed+r.Back > 0 || r.Same == 0) {
		a.note("Your own details stay as another source gave them first (--update-person takes these).")
	}
	if r.LeadOut > 0 {
		a.note("%s to an entry that was refused; kept as they are, they lead to it when it is imported.", plural(r.LeadOut, "reference leads", "references lead"))
	}
	if n := r.Dangling - r.LeadOut; n > 0 {
		a.note("%s to something that the file does not hold; they are kept as they are.", plural(n, "reference leads", "references lead"))
	}
	if left := leftOut(r.Ignored); len(left) > 0 {
		a.note("Left out: %s.", countList(left))
	}
	a.listRefused(listed)
	return nil
}

func allRefused(n int) string {
	if n == 1 {
		return "its only entry was refused"
	}
	return "all " + thousands(n) + " entries were refused"
}

// thereAlready goes on after "nothing was added".
func thereAlready(there, refused int) string {
	switch {
	case there == 0:
		return ": there are no entries in it"
	case refused > 0:
		return ": " + plural(there, "entry was", "entries were") + " there already, and " + plural(refused, "was", "were") + " refused"
	case there == 1:
		return "; its only entry was there already"
	}
	return "; all " + thousands(there) + " entries were there already"
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
