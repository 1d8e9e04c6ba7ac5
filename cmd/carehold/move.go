package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"carehold/record"
	"carehold/record/fhir"
)

// noContext is for looking at an error where no context is at hand.
var noContext = context.Background()

func (a *app) moveCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "move TYPE/ID... --to SECTION",
		Short: "File entries in another section",
		Long: `Files entries, with all their versions, in another section. Who may read an
entry follows from its section, so this changes who may: those who have the new
section can read it from now on, those who only had the old one no longer can.

Only you can do this. An update by anybody else stays in the section.`,
		Example: `  carehold move Condition/k2v5c7q4 --to private`,
		Args:    atLeast(1, "an entry: TYPE/ID"),
	}
	to := c.Flags().String("to", "", "the `section`: "+record.SectionNames())
	a.deviceFlags(c)
	_ = c.RegisterFlagCompletionFunc("to", completeSections)
	c.RunE = func(c *cobra.Command, args []string) error {
		if *to == "" {
			return usagef("--to is needed: the section; they are %s", record.SectionNames())
		}
		section, err := record.ParseSection(*to)
		if err != nil {
			return usage(err)
		}
		refs := make([]fhir.Ref, len(args))
		for i, arg := range args {
			if refs[i], err = parseRef(arg); err != nil {
				return err
			}
		}
		ctx := c.Context()
		u, err := a.open(ctx)
		if err != nil {
			return err
		}
		defer u.close()
		moved, failed := 0, error(nil)
		for _, ref := range refs {
			ref, err := u.resolve(ctx, ref)
			if err != nil {
				failed = err
				break
			}
			m, err := u.session.Move(ctx, ref, section)
			if err != nil {
				failed = noSuchEntry(err, ref.String())
				break
			}
			moved++
			if a.json {
				if err := a.item(struct {
					Ref     string `json:"ref"`
					Section string `json:"section"`
					Moved   bool   `json:"moved"`
				}{ref.String(), m.Section, !m.Unchanged}); err != nil {
					return err
				}
			} else if m.Unchanged {
				a.say("%s was in %s already", shortRef(ref), m.Section)
			} else {
				a.say("%s is now in %s", shortRef(ref), m.Section)
			}
		}
		if failed != nil && moved > 0 {
			return coded(exitPartly, fmt.Errorf("after %s: %w", entriesOf(moved), failed), "the others were not moved")
		}
		return failed
	}
	return c
}
