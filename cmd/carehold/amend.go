package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"carehold/record"
	"carehold/record/grant"
	"carehold/record/holder"
)

func (a *app) amendCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "amend ID|NAME",
		Short: "Make somebody's access longer or shorter, less or more",
		Long: `Changes a grant: until when it lasts, which sections it is to, what may be done.
Who it is for does not change; for somebody else make another grant. Their token
stays the same. One that was made with an end of its own keeps that end.

It shows how it is now and how it would be. Where they would get more, it asks.

With less, what they have read they may have kept; what is written from then on
in a section that they lose is under keys they never had.`,
		Example: `  carehold amend 3f2a91bc --without documents
  carehold amend "Dr Amara Okafor" --for 7d -n
  carehold amend Judith --add plan --until-stopped
  carehold amend 3f2a91bc --scopes patient/*.rs`,
		Args: exactly(1, "one grant: its id, or the name it was given to, in quotes"),
	}
	var o amendOptions
	f := c.Flags()
	f.StringVar(&o.add, "add", "", "give these `sections` too, separated by commas")
	f.StringVar(&o.without, "without", "", "take away these `sections`")
	f.StringVar(&o.scopes, "scopes", "", "what they may do from now on, as SMART `scopes`: patient/TYPE.cruds")
	f.BoolVar(&o.open, "until-stopped", false, "until you stop it")
	f.BoolVar(&o.unbound, "unbound", false, "give sensitive sections to an app that has shown no key of its own; its tokens open nothing until it has one")
	f.BoolVarP(&o.dry, "dry-run", "n", false, "only show how it would be")
	o.ending.flags(c, ", from now")
	a.deviceFlags(c)
	c.MarkFlagsMutuallyExclusive("until-stopped", "for")
	c.MarkFlagsMutuallyExclusive("until-stopped", "until")
	for _, name := range []string{"add", "without"} {
		_ = c.RegisterFlagCompletionFunc(name, completeSections)
	}
	_ = c.RegisterFlagCompletionFunc("scopes", noFiles)
	c.RunE = func(c *cobra.Command, args []string) error {
		if _, err := o.change(time.Now()); err != nil {
			return err
		}
		u, err := a.unlock(c.Context())
		if err != nil {
			return err
		}
		defer u.close()
		if err := u.tidy(c.Context()); err != nil {
			return err
		}
		g, err := findGrant(u.Grants(), args[0], false)
		if err != nil {
			return err
		}
		return a.amend(c.Context(), u, g, o)
	}
	return c
}

// amendOptions are what is typed.
type amendOptions struct {
	add, without, scopes string
	ending
	open, unbound, dry bool
}

// change is what it means.
func (o amendOptions) change(now time.Time) (ch holder.Amend, err error) {
	if !o.said() && !o.open && o.add == "" && o.without == "" && o.scopes == "" {
		return ch, usagef("say what shall change: --for or --until, --add or --without, or --scopes")
	}
	if ch.Add, err = parseSections(o.add); err != nil {
		return ch, err
	}
	if ch.Drop, err = parseSections(o.without); err != nil {
		return ch, err
	}
	if ch.Scopes, err = parseScopes(o.scopes); err != nil {
		return ch, err
	}
	if ch.Lasts, ch.Until, err = o.read(now); err != nil {
		return ch, err
	}
	ch.Open, ch.Unbound = o.open || o.lasts == "until-stopped", o.unbound
	switch {
	case ch.Add&ch.Drop != 0:
		err = usagef("a section is either added or taken away")
	case ch.Drop&grant.With(0) != 0:
		err = usagef("every grant includes identity and providers; revoke ends it all")
	}
	return ch, err
}

// then is how a grant would be.
func then(g grant.Grant, ch holder.Amend, now time.Time) grant.Grant {
	switch {
	case ch.Lasts > 0:
		g.Until = now.Add(ch.Lasts).Truncate(time.Second)
	case !ch.Until.IsZero():
		g.Until = ch.Until
	case ch.Open:
		g.Until = time.Time{}
	}
	g.Sections = g.Sections&^ch.Drop | ch.Add
	if ch.Scopes != nil {
		g.Scopes = ch.Scopes
	}
	return g
}

// gains reports whether somebody may do what they could not before.
func gains(was, is grant.Grant) bool {
	longer := !was.Until.IsZero() && (is.Until.IsZero() || is.Until.After(was.Until))
	within := grant.FormatScopes(grant.Intersect(is.Scopes, was.Scopes)) == grant.FormatScopes(is.Scopes)
	return longer || !within || is.Sections&^was.Sections != 0
}

type amendedJSON struct {
	Grant    string    `json:"grant"`
	To       string    `json:"to"`
	DryRun   bool      `json:"dry_run,omitempty"`
	Changed  bool      `json:"changed"`
	Sections []string  `json:"sections"`
	Gained   []string  `json:"gained,omitempty"`
	Lost     []string  `json:"lost,omitempty"`
	Scopes   string    `json:"scopes"`
	Until    time.Time `json:"until,omitzero"`
}

// amend shows what would change, asks where it is more, and changes it.
func (a *app) amend(ctx context.Context, u *unlocked, g holder.Granted, o amendOptions) error {
	ch, err := o.change(u.Now())
	if err != nil {
		return err
	}
	was, is := g.Grant, then(g.Grant, ch, u.Now())
	if is.Sections&^grant.With(0) == 0 && was.Sections != is.Sections {
		return hinted(errors.New("nothing would be left of it"), "carehold revoke "+shortID(was.ID.String())+" stops it")
	}
	if err := holder.Suits(is, ch.Unbound); err != nil {
		return keyHint(err)
	}
	changed := !is.Until.Equal(was.Until) || is.Sections != was.Sections || !sameScopes(is.Scopes, was.Scopes)
	more := gains(was, is)
	if a.json && more && !o.dry && !a.yes {
		return usagef("with --json there is nothing to look at before the question: look with -n, then say --yes")
	}
	if !a.json {
		a.showAmended(was, is, changed)
	}
	if changed && !o.dry {
		if more {
			if !a.yes {
				a.say("")
			}
			if ok, err := a.confirm("They would get more than now. Change it?", false); err != nil || !ok {
				return declined(err)
			}
		}
		if g, err = u.Amend(ctx, was.ID, ch); err != nil {
			return keyHint(err)
		}
		is = g.Grant
	}
	switch {
	case a.json:
		return a.summary(amendedJSON{was.ID.String(), was.To.Name, o.dry, changed, sectionNames(is.Sections), sectionNames(is.Sections &^ was.Sections),
			sectionNames(was.Sections &^ is.Sections), grant.FormatScopes(is.Scopes), is.Until.UTC()})
	case !changed || o.dry:
		a.say("")
		a.say("Nothing was changed.")
	default:
		a.say("")
		a.say("Changed: %s, %s", partyName(was.To), shortID(was.ID.String()))
		if g.State == holder.Suspended {
			a.note("It is still suspended: carehold resume %s", shortID(was.ID.String()))
		}
	}
	return nil
}

// showAmended shows a grant before and after.
func (a *app) showAmended(was, is grant.Grant, changed bool) {
	a.say("%s, %s", partyName(was.To), shortID(was.ID.String()))
	a.labelled("  now", mayIn(was))
	if !changed {
		a.labelled("  then", "the same")
		return
	}
	a.labelled("  then", mayIn(is))
	if lost := was.Sections &^ is.Sections; lost != 0 {
		a.labelled("  less", "no longer "+openSections(lost))
	}
	if gained := is.Sections &^ was.Sections; gained != 0 {
		text := "now " + openSections(gained) + " too"
		if open := gained & record.SensitiveSections; open != 0 {
			text += "; " + openSections(open) + " is sensitive"
		}
		a.labelled("  more", text)
	}
}

// mayIn is what a grant allows, in a line.
func mayIn(g grant.Grant) string {
	return "may " + may(g.Scopes, g.Sections) + "; " + until(g.Until)
}

// findGrant finds one grant, among those that are over too if they may be.
func findGrant(list []holder.Granted, named string, over bool) (holder.Granted, error) {
	var found []holder.Granted
	ended := false
	for _, g := range list {
		if !begins(g.Grant.ID.String(), named) && !strings.EqualFold(g.Grant.To.Name, named) {
			continue
		}
		if !over && !open(g) {
			ended = true
			continue
		}
		found = append(found, g)
	}
	if i := slices.IndexFunc(found, open); len(found) > 1 && i >= 0 && !slices.ContainsFunc(found[i+1:], open) {
		return found[i], nil // one of that name is live, and what is over is not meant
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		return holder.Granted{}, coded(exitUsage, fmt.Errorf("%d grants are to %q", len(found), named), `use the id that "carehold grants" shows`)
	case ended:
		return holder.Granted{}, coded(exitNotFound, fmt.Errorf("the grant to %q is over already", named), "make another: carehold grant")
	}
	return holder.Granted{}, coded(exitNotFound, fmt.Errorf("there is no grant to %q", named), `"carehold grants" lists those that are live`)
}
