package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"carehold/record/holder"
)

func (a *app) inboxDismissCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "dismiss ITEM... | --all",
		Short: "Remove what you do not want from your inbox",
		Long: `Removes things from your inbox. What waits to be taken in is then gone for
good: there is no other copy here, and who wrote it is not told. Of a notice
only the notice goes: what it tells of stays in your record.

The history keeps that somebody wrote it and that you removed it, not what it
said.`,
		Example: `  carehold inbox dismiss -n 3f2a91bc
  carehold inbox dismiss 3f2a91bc`,
		ValidArgsFunction: noFiles,
	}
	all := c.Flags().Bool("all", false, "everything in the inbox")
	dry := c.Flags().BoolP("dry-run", "n", false, "only say what would be removed")
	a.deviceFlags(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		if err := itemsGiven(args, *all); err != nil {
			return err
		}
		if a.json && !*dry && !a.yes {
			return usagef("with --json there is nothing to look at before the question: look with -n, then say --yes")
		}
		return a.withItems(c.Context(), args, func(u *unlocked, items []holder.Item) error {
			return u.dismiss(c.Context(), items, *dry)
		})
	}
	return c
}

// dismiss says what it would remove, asks, and removes it.
func (u *unlocked) dismiss(ctx context.Context, items []holder.Item, dry bool) error {
	a := u.app
	lost := 0 // of which nothing is left
	for _, i := range items {
		if !i.Notice() {
			lost++
		}
		if !a.json {
			a.showRemoval(i)
		}
	}
	if dry {
		for _, i := range items {
			if a.json {
				if err := a.item(dismissedItem{itemID(i), kindOf(i), true}); err != nil {
					return err
				}
			}
		}
		if a.json {
			return a.summary(countJSON{0})
		}
		a.say("Nothing was removed.")
		return nil
	}
	question := "Remove " + oneOr(len(items), "this notice", "these notices") + "?"
	if lost > 0 {
		question = "Remove " + oneOr(len(items), "it", "them") + " for good?"
	}
	if ok, err := a.confirm(question, false); err != nil || !ok {
		return declined(err)
	}
	return u.eachItem(items, func(i holder.Item) error {
		if err := u.Dismiss(ctx, u.token, i); err != nil {
			return itemGone(err, i)
		}
		if a.json {
			return a.item(dismissedItem{itemID(i), kindOf(i), false})
		}
		a.paragraph("", "Removed: "+called(i)+".")
		return nil
	})
}

type dismissedItem struct {
	Item   string `json:"item"`
	Kind   string `json:"kind"`
	DryRun bool   `json:"dry_run,omitempty"`
}

// showRemoval says what removing it does.
func (a *app) showRemoval(i holder.Item) {
	text := ", from " + writer(i) + ", " + local(i.Time) + ". "
	switch {
	case i.Damaged:
		text = sentence(called(i)) + " Nothing in it can be read."
		if i.Notice() {
			text += " It was a notice: what it told of stays in your record."
		} else {
			text += " Once it is removed no backup brings it back by itself."
		}
	case i.Notice():
		text = sentence(called(i)) + " What it tells of stays in your record."
	default:
		text = called(i) + text + "It will be gone for good: nothing of it is kept, and they are not told."
	}
	a.paragraph(shortItem(i)+"  ", text)
}

// eachItem does something to each. One that fails keeps none of the others back.
func (u *unlocked) eachItem(items []holder.Item, do func(holder.Item) error) error {
	a, done := u.app, 0
	var failed []error
	for _, i := range items {
		err := do(i)
		if err == nil {
			done++
			continue
		}
		if failed = append(failed, err); len(items) == 1 {
			break
		}
		if a.ctx.Err() != nil {
			break
		}
		if a.json {
			if err := a.refused(struct {
				Item    string `json:"item"`
				Message string `json:"message"`
			}{itemID(i), errorText(err)}); err != nil {
				return err
			}
		} else {
			fmt.Fprintf(a.stderr, "  %s: %s\n", shortItem(i), clean(errorText(err)))
		}
	}
	if a.json && (done > 0 || len(items) > 1) {
		if err := a.summary(countJSON{done}); err != nil {
			return err
		}
	}
	switch {
	case len(failed) == 0:
		return nil
	case len(items) == 1:
		return failed[0]
	}
	return coded(exitPartly, fmt.Errorf("%s of %s", thousands(len(failed)), plural(len(items), "thing was left as it is", "things were left as they are")),
		"each is named above; carehold inbox lists what is still there")
}
