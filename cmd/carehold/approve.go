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
	"carehold/record/keys"
)

func (a *app) approveCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "approve [REQUEST]",
		Short: "Look at who asks, and say yes, less, or no",
		Long: `Shows who asks for a part of your record, what for and until when, and what you
would give. Then it asks you: yes, no, or less. Nothing is given before you say
yes, and you can take it back at any time.

` + requestHelp + ` Without it you are asked for it. Anybody can choose a name: with --yes
only a number or a code counts.

Only take a code that you saw yourself, where you began. Somebody who sends you
one, or reads it out to you, would get what you give.

Sensitive sections (mental-health, sexual-health, substance-use, safeguarding,
private) are never given unless you add them.`,
		Example: `  carehold approve K7QM-2D9F-XW4T
  carehold approve 3f2a91bc -n
  carehold approve 3f2a91bc --without documents --for 1d --yes
  carehold approve 3f2a91bc --ready gp-visit --say "See you on Monday"`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) > 1 {
				return fmt.Errorf("%s needs one request, and a name of several words in quotes", c.CommandPath())
			}
			return nil
		},
	}
	var o approveOptions
	f := c.Flags()
	f.StringVar(&o.sections, "sections", "", "give just these `sections`, separated by commas")
	f.StringVar(&o.add, "add", "", "give these `sections` too")
	f.StringVar(&o.without, "without", "", "leave out these `sections`")
	f.StringVar(&o.scopes, "scopes", "", "what they may do, as SMART `scopes`: patient/TYPE.cruds")
	f.StringVar(&o.ready, "ready", "", "only what is in a ready-made choice too, by `name`: "+strings.Join(readyNames(), ", "))
	f.StringVar(&o.say, "say", "", "a few `words` that they are told with the answer")
	f.BoolVar(&o.beyond, "beyond", false, "you give more than they asked for")
	f.BoolVar(&o.unbound, "unbound", false, "give sensitive sections to an app that has shown no key of its own; its tokens open nothing until it has one")
	f.BoolVarP(&o.dry, "dry-run", "n", false, "only show what would be given; nothing is, and they are told nothing")
	o.ending.flags(c, " (default: as they asked, at most 1y; else 1d, or 90d for an app that comes back by itself)")
	a.deviceFlags(c)
	c.MarkFlagsMutuallyExclusive("sections", "add", "ready")
	c.MarkFlagsMutuallyExclusive("sections", "without")
	_ = c.RegisterFlagCompletionFunc("ready", completeReady)
	for _, name := range []string{"sections", "add", "without"} {
		_ = c.RegisterFlagCompletionFunc(name, completeSections)
	}
	for _, name := range []string{"scopes", "say"} {
		_ = c.RegisterFlagCompletionFunc(name, noFiles)
	}
	c.RunE = func(c *cobra.Command, args []string) error {
		if err := o.check(time.Now()); err != nil {
			return err
		}
		if a.json && !o.dry && !a.yes {
			return usagef("with --json there is nothing to look at before the question: look with -n, then say --yes")
		}
		named, err := a.whichRequest(args)
		if err != nil {
			return err
		}
		u, err := a.open(c.Context())
		if err != nil {
			return err
		}
		defer u.close()
		r, err := u.request(c.Context(), named)
		if err != nil {
			return err
		}
		if a.yes && !withCode(r) && !begins(requestID(r), named) {
			return coded(exitUsage, errors.New("with --yes a request is named by its number, or by the code on the screen: whoever asks chooses their name"),
				"\"carehold requests\" shows the numbers; look at this one with carehold approve "+shortID(requestID(r))+" -n")
		}
		return a.approve(c.Context(), u, r, o)
	}
	return c
}

// whichRequest asks for the code that was not typed behind the command.
func (a *app) whichRequest(args []string) (string, error) {
	if len(args) == 1 {
		return args[0], nil
	}
	t, err := a.terminal()
	if err != nil {
		return "", usagef("say which: the code on the screen, or the number of a request")
	}
	defer t.close()
	for {
		text, err := t.line("The code on the screen of the app, or the number of a request: ")
		if err != nil || text != "" {
			return text, err
		}
	}
}

// approveOptions are what is typed.
type approveOptions struct {
	sections, add, without, scopes, ready, say string
	ending
	beyond, unbound, dry bool
}

// check finds what is wrong with the options before anybody has typed a passphrase.
func (o approveOptions) check(now time.Time) error {
	for _, list := range []string{o.sections, o.add, o.without} {
		if _, err := parseSections(list); err != nil {
			return err
		}
	}
	if len(o.say) > keys.MaxWords || !grant.Printable(o.say) {
		return usagef("what you say to it has at most %d characters, in one line", keys.MaxWords)
	}
	if _, _, err := o.read(now); err != nil {
		return err
	}
	if _, err := parseReady(o.ready); err != nil {
		return err
	}
	_, err := parseScopes(o.scopes)
	return err
}

// narrow makes of a proposal what the person said.
func (o approveOptions) narrow(give holder.GrantRequest, now time.Time) (holder.GrantRequest, error) {
	add, _ := parseSections(o.add) // checked
	without, _ := parseSections(o.without)
	only, _ := parseSections(o.sections)
	switch {
	case without&grant.With(0) != 0:
		return give, usagef("identity and providers are in everything that is given: who you are, and who cares for you")
	case add&without != 0:
		return give, usagef("a section is either added or left out")
	}
	if ready, _ := parseReady(o.ready); ready != nil {
		scopes, err := grant.ParseScopes(ready.Scopes)
		if err != nil {
			return give, err
		}
		give.Sections &= ready.Sections
		give.Scopes = grant.Intersect(give.Scopes, scopes)
		if ready.Lasts > 0 {
			give.Lasts = min(give.Lasts, ready.Lasts)
		}
		if len(give.Scopes) == 0 {
			return give, usagef("nothing of what they ask for is in %s: choose with --sections and --scopes, or refuse", ready.Name)
		}
	}
	if only != 0 {
		give.Sections = grant.With(only)
	}
	give.Sections = (give.Sections | add) &^ without
	if scopes, _ := parseScopes(o.scopes); scopes != nil {
		give.Scopes = scopes
	}
	if o.said() {
		var err error
		if give.Lasts, give.Until, err = o.read(now); err != nil {
			return give, err
		}
	}
	give.Beyond, give.Unbound = o.beyond, o.unbound
	if give.Sections&^grant.With(0) == 0 && o.without != "" {
		return give, usagef("nothing would be left of it: carehold refuse says no")
	}
	return give, nil
}

// approve shows a request, asks, and answers it.
func (a *app) approve(ctx context.Context, u *unlocked, r holder.Request, o approveOptions) error {
	if r.Damaged {
		return hinted(errors.New("this request cannot be opened, and not be answered"), "carehold refuse "+shortID(requestID(r))+" removes it")
	}
	give, err := o.narrow(r.Proposal(), u.Now())
	if err != nil {
		return err
	}
	if err := allowed(r, give, u.Now()); err != nil {
		return err
	}
	if !a.json {
		a.showAsker(r)
		if !o.dry && withCode(r) {
			if begun, err := a.begun(r); err != nil || !begun {
				return err
			}
		}
	}
	if o.say != "" && withCode(r) {
		a.note("An app is told no words: nobody reads what you say with --say.")
	}
	for {
		counted, err := u.countOf(ctx, give)
		if err != nil {
			return err
		}
		if !a.json {
			a.showGift(u, r, give, counted)
		}
		if o.dry {
			return a.notGiven(u, r, give, counted)
		}
		switch answer, err := a.yesNoLess(give); {
		case err != nil:
			return err
		case answer == saysYes:
			g, err := u.Approve(ctx, r, give, o.say)
			if err != nil {
				return approveHint(err)
			}
			_ = u.Drop(ctx, u.token, r) // it waits no more; without that it runs out
			return a.showApproved(u, r, g)
		case answer == saysNo:
			return a.refuseInstead(ctx, u, r, o)
		}
		if give, err = a.less(give, u.Now()); err != nil {
			return err
		}
	}
}

// allowed refuses what is more than was asked for, before it is offered.
func allowed(r holder.Request, give holder.GrantRequest, now time.Time) error {
	w := wantedOf(r)
	if more := give.Sections &^ (w.sections | w.sensitive); more != 0 && !give.Beyond {
		// What asks for everything is never taken to ask for these: nobody named them.
		if r.Question.Sections == 0 && ofAllTypes(w.scopes) && more&^(record.SensitiveSections|record.SectionsOf(record.Budget)) == 0 {
			return hinted(fmt.Errorf("%s: given only if you say so twice, for asking for everything does not ask for sensitive sections or the budget", openSections(more)),
				"leave it out, or say --add with it and --beyond: you give more than they named")
		}
		return hinted(fmt.Errorf("nobody asked for %s", openSections(more)), "leave it out, or say --beyond: you give more than they asked for")
	}
	until := give.Until
	if give.Lasts > 0 {
		until = now.Add(give.Lasts)
	}
	if w.lasts > 0 && !give.Beyond && (until.IsZero() || until.After(now.Add(w.lasts))) {
		return hinted(fmt.Errorf("they asked for %s, and this is longer", spanOf(w.lasts)), "make it shorter, or say --beyond: you give more than they asked for")
	}
	return approveHint(r.Allows(give, now))
}

// approveHint says which flag an error of Approve asks for.
func approveHint(err error) error {
	if err == nil {
		return nil
	}
	switch text := err.Error(); {
	case strings.Contains(text, "nobody asked for"), strings.Contains(text, "longer than was asked"):
		return hinted(err, "--beyond says that you give more than they asked for")
	}
	return keyHint(err)
}

// keyHint says what to do where what is sensitive would go to somebody without a key.
func keyHint(err error) error {
	switch text := err.Error(); {
	case strings.Contains(text, "no key of its own"):
		return hinted(err, "leave them out, or --unbound gives them all the same")
	case strings.Contains(text, "no key of their own"):
		return hinted(err, "leave it out, or make a grant yourself and hand it to them: carehold grant --help")
	}
	return err
}

// sameScopes reports whether two lists of scopes are the same.
func sameScopes(x, y []grant.Scope) bool { return grant.FormatScopes(x) == grant.FormatScopes(y) }

// notOf are the doings of the first list that the second has not.
func notOf(asked, given []doing) []doing {
	return slices.DeleteFunc(slices.Clone(asked), func(d doing) bool { return slices.Contains(given, d) })
}
