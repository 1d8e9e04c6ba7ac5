package main

import (
	"context"

	"github.com/spf13/cobra"

	"carehold/record"
	"carehold/record/holder"
)

func (a *app) suspendCommand() *cobra.Command {
	return a.pausing(pausing{
		use:   "suspend ID|NAME...",
		short: "Stop somebody's access for a while",
		long: `Suspends grants: they open nothing until "carehold resume" lets them go on, and
what is written in between is under keys they do not have. What they have read,
they may have kept. Its time runs on: a grant that is over does not go on.`,
		example: `  carehold suspend 3f2a91bc
  carehold suspend "Elm Road Surgery"
  carehold suspend -n Judith`,
		would: "Would suspend", done: "Suspended", already: "is suspended already", is: holder.Suspended,
		after: "They open nothing until you say: carehold resume.",
		do:    func(ctx context.Context, u *unlocked, ids []record.GrantID) error { return u.Suspend(ctx, ids...) },
	})
}

func (a *app) resumeCommand() *cobra.Command {
	return a.pausing(pausing{
		use:   "resume ID|NAME...",
		short: "Let suspended access go on",
		long: `Lets grants go on that you suspended, as they were: the same sections, until the
same time, with the tokens that were given. They see what was written since.`,
		example: `  carehold resume 3f2a91bc
  carehold resume -n "Elm Road Surgery"`,
		would: "Would let go on", done: "Goes on", already: "is not suspended", is: holder.Live,
		do: func(ctx context.Context, u *unlocked, ids []record.GrantID) error { return u.Resume(ctx, ids...) },
	})
}

// pausing is one of the two commands.
type pausing struct {
	use, short, long, example   string
	would, done, already, after string
	is                          holder.State // what a grant is then
	do                          func(context.Context, *unlocked, []record.GrantID) error
}

type pausedJSON struct {
	Grant  string `json:"grant"`
	To     string `json:"to"`
	State  string `json:"state"`
	DryRun bool   `json:"dry_run,omitempty"`
}

func (a *app) pausing(p pausing) *cobra.Command {
	c := &cobra.Command{Use: p.use, Short: p.short, Long: p.long, Example: p.example, Args: atLeast(1, "the id of a grant, or the name it was given to")}
	dry := c.Flags().BoolP("dry-run", "n", false, "only say which grants it would be")
	a.deviceFlags(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		u, err := a.unlock(c.Context())
		if err != nil {
			return err
		}
		defer u.close()
		if err := u.tidy(c.Context()); err != nil { // what is over cannot be
			return err
		}
		found, err := findGrants(u.Grants(), args)
		if err != nil {
			return err
		}
		var ids []record.GrantID
		for _, g := range found {
			if g.State != p.is {
				ids = append(ids, g.Grant.ID)
			}
		}
		if !*dry && len(ids) > 0 {
			if err := p.do(c.Context(), u, ids); err != nil {
				return err
			}
		}
		for _, g := range found {
			id := g.Grant.ID.String()
			switch {
			case a.json:
				state := p.is
				if *dry {
					state = g.State
				}
				err = a.item(pausedJSON{id, g.Grant.To.Name, state.String(), *dry})
			case g.State == p.is:
				a.say("Left as it was: %s, %s: it %s", partyName(g.Grant.To), shortID(id), p.already)
			case *dry:
				a.say("%s: %s, %s", p.would, partyName(g.Grant.To), shortID(id))
			default:
				text := partyName(g.Grant.To) + ", " + shortID(id)
				if p.is == holder.Live {
					text += ", " + until(g.Grant.Until)
				}
				a.say("%s: %s", p.done, text)
			}
			if err != nil {
				return err
			}
		}
		if a.json {
			return a.summary(countJSON{len(found)})
		}
		if !*dry && len(ids) > 0 && p.after != "" {
			a.note("%s", p.after)
		}
		return nil
	}
	return c
}
