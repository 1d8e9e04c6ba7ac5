package main

import (
	"context"
	"errors"
	"fmt"
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
			return a.showImports(list)
		},
	}
	a.deviceFlags(c)
	c.AddCommand(a.undoCommand())
	return c
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

func (a *app) undoCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "undo ID",
		Short: "Take an import back",
		Long: `Takes an import back: entries it brought are deleted, and entries it changed are
again as they were before. What was changed since is left alone, and listed.

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
			a.say("Took back %s: %d deleted, %d again as before.", clean(im.Source), done.Deleted, done.Restored)
			for _, ref := range done.Kept {
				fmt.Fprintf(a.stderr, "  kept: %s was changed since\n", ref)
			}
		}
		if err == nil && len(done.Kept) > 0 {
			err = coded(exitPartly, errors.New(plural(len(done.Kept), "entry was", "entries were")+" changed since the import, and left alone"), "")
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
	if len(found) != 1 {
		return message.Import{}, coded(exitNotFound, fmt.Errorf("there is no import %q", id), `"carehold imports" lists them`)
	}
	return found[0], nil
}
