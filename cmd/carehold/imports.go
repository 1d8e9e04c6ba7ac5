package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"carehold/httpapi/message"
	"carehold/record"
)

func (a *app) importsCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "imports",
		Short: "List what was imported, and take an import back",
		Example: `  carehold imports
  carehold imports undo 3f2a91bc`,
		Args: knownCommand,
		RunE: func(c *cobra.Command, _ []string) error {
			u, err := a.open(c.Context())
			if err != nil {
				return err
			}
			defer u.close()
			list, err := u.session.Imports(c.Context())
			if err != nil {
				return err
			}
			newestFirst(list)
			return a.showImports(list)
		},
	}
	a.deviceFlags(c)
	c.AddCommand(a.undoCommand())
	return c
}

// newestFirst sorts imports by their moments, and not by what a person sees of those.
func newestFirst(list []message.Import) {
	slices.SortFunc(list, func(x, y message.Import) int {
		return cmp.Or(y.Time.Compare(x.Time), strings.Compare(x.ID.String(), y.ID.String()))
	})
}

type importItem struct {
	ID      string         `json:"id"`
	Source  string         `json:"source"`
	Time    time.Time      `json:"time"`
	Entries int            `json:"entries"`
	Counts  map[string]int `json:"types"`
}

func (a *app) showImports(list []message.Import) error {
	if a.json {
		for _, im := range list {
			if err := a.item(importItem{im.ID.String(), im.Source, im.Time, im.Entries, im.Counts}); err != nil {
				return err
			}
		}
		return a.summary(countJSON{len(list)})
	}
	if len(list) == 0 {
		a.say("Nothing was imported yet.")
		return nil
	}
	rows := [][]string{}
	for _, im := range list {
		rows = append(rows, []string{shortID(im.ID.String()), local(im.Time), entriesOf(im.Entries), im.Source})
	}
	a.table("", rows)
	a.note("")
	a.note("Take one back: carehold imports undo %s", rows[0][0])
	return nil
}

// countJSON is the summary of a list.
type countJSON struct {
	Count int `json:"count"`
}

// alsoTheirs is for every import that is taken back: which of its entries another one had
// too, and so left out, nothing remembers.
const alsoTheirs = "What a later import left out because it was there already goes too; importing that again brings it back."

func (a *app) undoCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "undo ID",
		Short: "Take an import back",
		Long: `Takes an import back: entries it brought are deleted, and entries it changed are
again as they were before. What was changed since is left alone, and listed; so
is the file of a letter of which something else was said since. Of several
imports of the same entries the newest is taken back first. What a later import
left out because it was there already goes too; importing that again brings it
back. What an export deleted, after a question, stays deleted, and comes back by
importing what brought it.

The older versions stay in the record and its history, as with every deletion.`,
		Example: `  carehold imports undo -n 3f2a91bc
  carehold imports undo 3f2a91bc`,
		Args: exactly(1, "the id of an import"),
	}
	dry := c.Flags().BoolP("dry-run", "n", false, "only say what would be taken back")
	a.deviceFlags(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		ctx := c.Context()
		u, err := a.open(ctx)
		if err != nil {
			return err
		}
		defer u.close()
		im, err := findImport(ctx, u, args[0])
		if err != nil {
			return err
		}
		what := fmt.Sprintf("the import of %s (%s, %s)", clean(im.Source), local(im.Time), entriesOf(im.Entries))
		if *dry {
			if a.json {
				return a.summary(importItem{im.ID.String(), im.Source, im.Time, im.Entries, im.Counts})
			}
			a.say("Would take back %s. Nothing was changed.", what)
			a.countTable("by type", im.Counts, func(t string) string { return t })
			a.note("")
			a.note("What was changed since stays, and so does the file of a letter that was.")
			a.note("%s", alsoTheirs)
			return nil
		}
		if ok, err := a.confirm("Take back "+what+"?", false); err != nil || !ok {
			return declined(err)
		}
		done, err := u.session.Undo(ctx, record.ImportID(im.ID))
		if err != nil {
			return err
		}
		if a.json {
			err = a.summary(struct {
				Deleted  int      `json:"deleted"`
				Restored int      `json:"restored"`
				Kept     []string `json:"kept"`
			}{done.Deleted, done.Restored, done.Kept})
		} else {
			a.say("Took back %s: %s.", clean(im.Source), first(counted(done.Deleted, "deleted", done.Restored, "again as before"), "nothing was left of it to take back"))
			if done.Deleted > 0 {
				a.note("%s", alsoTheirs)
			}
			for _, ref := range done.Kept {
				why := "was changed since"
				if strings.HasPrefix(ref, "Binary/") {
					why += ", or is the file of what was"
				}
				fmt.Fprintf(a.stderr, "  kept: %s %s\n", ref, why)
			}
		}
		if err == nil && len(done.Kept) > 0 {
			err = coded(exitPartly, errors.New(plural(len(done.Kept), "entry was", "entries were")+" left alone, because of what was changed since the import"),
				"if a later import changed them, take that back first: \"carehold imports\" lists it; then this one again")
		}
		return err
	}
	return c
}

// findImport finds an import by its id, or the beginning of it.
func findImport(ctx context.Context, u *unlocked, id string) (message.Import, error) {
	list, err := u.session.Imports(ctx)
	if err != nil {
		return message.Import{}, err
	}
	var found []message.Import
	for _, im := range list {
		if len(id) >= 4 && strings.HasPrefix(im.ID.String(), id) {
			found = append(found, im)
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return message.Import{}, coded(exitNotFound, fmt.Errorf("there is no import %q of which something is still as it brought it", id),
			`all of it was taken back, or changed since: by a later import, that one is taken back first; "carehold imports" lists those that can be`)
	}
	return message.Import{}, coded(exitUsage, fmt.Errorf("%s begin with %q", plural(len(found), "import", "imports"), id), "type more of the id")
}
