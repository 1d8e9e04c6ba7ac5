package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"carehold/record"
	"carehold/record/fhir"
	"carehold/record/holder"
)

func (a *app) inboxAcceptCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "accept ITEM... | --all",
		Short: "Take something in, or say that you have looked at it",
		Long: `Takes what waits into your record: it becomes an entry, with who wrote it, in
the section where it is filed by itself, or in the one you name. Whoever may
read that section can read it from then on. A notice is removed, for you have
looked at it; what it tells of stays.

If it is wrong you can take it in all the same and say so: with --dispute your
words stand on the entry, and travel with it. Who wrote it is not told whether
you took it in.`,
		Example: `  carehold inbox accept 3f2a91bc
  carehold inbox accept 3f2a91bc --section private
  carehold inbox accept 3f2a91bc --dispute "This was not my blood"
  carehold inbox accept --all -n`,
		ValidArgsFunction: noFiles,
	}
	var o acceptOptions
	f := c.Flags()
	f.BoolVar(&o.all, "all", false, "everything in the inbox")
	f.StringVar(&o.section, "section", "", "file it in this `section`")
	f.StringVar(&o.dispute, "dispute", "", "and say in your `words` that it is wrong")
	f.BoolVarP(&o.dry, "dry-run", "n", false, "only say what would be done")
	a.deviceFlags(c)
	_ = c.RegisterFlagCompletionFunc("section", completeSections)
	_ = c.RegisterFlagCompletionFunc("dispute", noFiles)
	c.RunE = func(c *cobra.Command, args []string) error {
		var to record.Section
		err := itemsGiven(args, o.all)
		if err == nil && o.section != "" {
			to, err = parseSection(o.section)
		}
		if err == nil && c.Flags().Changed("dispute") {
			if o.dispute, err = checkWords(o.dispute); err == nil && len(args) != 1 {
				err = usagef("--dispute is about one thing: name it")
			}
		}
		if err != nil {
			return err
		}
		return a.withItems(c.Context(), args, func(u *unlocked, items []holder.Item) error {
			return u.accept(c.Context(), items, to, o)
		})
	}
	return c
}

type acceptOptions struct {
	all, dry         bool
	section, dispute string
}

// accept looks at what it would do, asks where somebody should be asked, and does it.
func (u *unlocked) accept(ctx context.Context, items []holder.Item, to record.Section, o acceptOptions) error {
	a := u.app
	if err := acceptable(items, to, o); err != nil {
		return err
	}
	question := u.acceptQuestion(items, to, o)
	if a.json && !o.dry && !a.yes && question != "" {
		return usagef("this asks, and with --json there is nothing to look at before the question: look with -n, then say --yes")
	}
	if o.dry || question != "" && !a.yes {
		for _, i := range items {
			if a.json {
				x := acceptedItem{Item: itemID(i), Kind: kindOf(i), DryRun: true}
				if kindOf(i) == "waits" {
					x.Ref, x.Section = refOf(i).String(), sectionFor(i, to).String()
				}
				if err := a.item(x); err != nil {
					return err
				}
				continue
			}
			u.showAccept(i, to, o.dispute)
		}
	}
	if o.dry {
		if a.json {
			return a.summary(countJSON{0})
		}
		a.say("Nothing was changed.")
		return nil
	}
	if question != "" {
		if ok, err := a.confirm(question, false); err != nil || !ok {
			return declined(err)
		}
	}
	return u.eachItem(items, func(i holder.Item) error { return u.acceptOne(ctx, i, to, o.dispute) })
}

// acceptable refuses what makes no sense before anything is done.
func acceptable(items []holder.Item, to record.Section, o acceptOptions) error {
	for _, i := range items {
		switch {
		case i.Damaged && len(items) == 1:
			return damagedIn(items)
		case i.Notice() && to != 0 && !o.all && !i.Damaged:
			return coded(exitUsage, fmt.Errorf("--section is for what waits, and %s is a notice: what it tells of is filed already", shortItem(i)), "carehold move files it elsewhere")
		case o.dispute == "":
		case i.Notice() && (len(writtenIn(i)) != 1 || i.More > 0):
			return coded(exitUsage, fmt.Errorf("%s is a notice of several entries: say which of them is wrong", shortItem(i)),
				"carehold inbox show "+shortItem(i)+` names them; carehold dispute ENTRY "TEXT"`)
		case noPlaceForWords(disputedRef(i).Type) != nil:
			return noPlaceForWords(disputedRef(i).Type)
		}
	}
	return nil
}

// disputedRef is the entry that a dispute of one thing is about.
func disputedRef(i holder.Item) fhir.Ref {
	if list := writtenIn(i); len(list) > 0 {
		return list[0].ref
	}
	return refOf(i)
}

// sectionFor is where something that waits goes, as far as can be said before.
func sectionFor(i holder.Item, to record.Section) record.Section {
	if to != 0 {
		return to
	}
	return i.Section
}

// acceptQuestion asks before everything is taken in at once, and before what is filed as
// sensitive is put where others read it. "" asks nothing.
func (u *unlocked) acceptQuestion(items []holder.Item, to record.Section, o acceptOptions) string {
	waits := 0
	for _, i := range items {
		if kindOf(i) != "waits" {
			continue
		}
		waits++
		if to != 0 && i.Section.Sensitive() && !to.Sensitive() {
			if gains, _ := accessChange(u.Grants(), i.Type, i.Section, to); len(gains) > 0 {
				return "By itself this would be closed, as " + i.Section.String() + ", and what others have read cannot be taken back. Take it in there all the same?"
			}
		}
	}
	if o.all && waits > 0 {
		return "Take in " + plural(waits, "thing that waits", "things that wait") + "?"
	}
	return ""
}

// showAccept says what accepting does.
func (u *unlocked) showAccept(i holder.Item, to record.Section, dispute string) {
	head, text := shortItem(i)+"  ", ""
	switch kindOf(i) {
	case "damaged":
		text = "It does not open, and cannot be taken in."
	case "notice":
		text = sentence(called(i)) + " The notice goes; what it tells of stays in your record."
	default:
		s := sectionFor(i, to)
		text = called(i) + ", from " + writer(i) + ". It would be filed in " + s.String() + ". " + whoCanRead(readers(u.Grants(), i.Type, s), " there")
	}
	if dispute != "" {
		text += " You dispute it, and they read that too."
	}
	u.app.paragraph(head, text)
}
