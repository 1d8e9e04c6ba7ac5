package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"carehold/httpapi/message"
	"carehold/record"
	"carehold/record/fhir"
	"carehold/record/filing"
	"carehold/record/grant"
	"carehold/record/holder"
)

// noContext is for looking at an error where no context is at hand.
var noContext = context.Background()

func (a *app) moveCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "move TYPE/ID... --to SECTION",
		Short: "File entries in another section",
		Long: `Files entries, with all their versions, in another section. Who may read an
entry follows from its section, so this changes who may: it says who will be
able to read it and who no longer can, and asks if anybody gains. -n only says.
The file of a letter goes along to where is stricter than it is, unless you have
filed it yourself.

Only you can do this. An update by anybody else stays in the section.`,
		Example: `  carehold move Condition/k2v5c7q4 --to private
  carehold move -n Condition/k2v5c7q4 --to conditions`,
		Args: atLeast(1, "an entry: TYPE/ID"),
	}
	to := c.Flags().String("to", "", "the `section`: "+record.SectionNames())
	dry := c.Flags().BoolP("dry-run", "n", false, "only say who could read it then, and who no longer could")
	a.deviceFlags(c)
	_ = c.RegisterFlagCompletionFunc("to", completeSections)
	c.RunE = func(c *cobra.Command, args []string) error {
		if *to == "" {
			return usagef("--to is needed: the section; they are %s", record.SectionNames())
		}
		if strings.Contains(*to, "://") {
			return hinted(usagef("--to is the section that entries are filed in"), "to take the whole record to another server: carehold move-record --to "+*to)
		}
		section, err := parseSection(*to)
		if err != nil {
			return err
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
		moves, err := u.planMoves(ctx, refs, section)
		if err != nil {
			return err
		}
		if !a.json {
			a.showMoves(moves, *dry)
		}
		if *dry {
			return a.dryMoves(moves)
		}
		if err := a.confirmMoves(moves); err != nil {
			return err
		}
		return u.move(ctx, moves)
	}
	return c
}

// entryMove is an entry, where it is and where it goes, and whose access changes.
type entryMove struct {
	ref           fhir.Ref
	along         fhir.Ref // with which it goes: it is what that is the file of
	from, to      record.Section
	gains, losses []holder.Granted
	more          int // of its files may stay, or did: it names too many
}

// planMoves says what a move would do, to the files that go along too. Nothing is moved
// yet: a name that is wrong leaves all of them where they are.
func (u *unlocked) planMoves(ctx context.Context, refs []fhir.Ref, to record.Section) ([]entryMove, error) {
	var moves []entryMove
	seen := make(map[fhir.Ref]bool)
	plan := func(ref, along fhir.Ref, section string) (from record.Section, err error) {
		if from, err = record.ParseSection(section); err != nil {
			return from, err
		}
		m := entryMove{ref: ref, along: along, from: from, to: to}
		m.gains, m.losses = accessChange(u.Grants(), ref.Type, from, to)
		moves, seen[ref] = append(moves, m), true
		return from, nil
	}
	files := make(map[fhir.Ref][]message.File)
	for _, ref := range refs {
		ref, err := u.resolve(ctx, ref)
		if err != nil {
			return nil, err
		}
		info, err := u.session.Why(ctx, ref)
		if err != nil {
			return nil, noSuchEntry(err, ref.String())
		}
		from, err := plan(ref, fhir.Ref{}, info.Section)
		if err != nil {
			return nil, err
		}
		if from != to {
			files[ref] = info.Files
		}
		if filing.Stricter(to, from) {
			moves[len(moves)-1].more = info.MoreFiles
		}
	}
	for _, m := range moves { // those that were asked for; by themselves they go anywhere
		for _, f := range files[m.ref] {
			ref := fhir.Ref{Type: "Binary", ID: f.ID}
			if at, err := record.ParseSection(f.Section); err != nil || seen[ref] || !filing.Stricter(to, at) {
				continue
			}
			if _, err := plan(ref, m.ref, f.Section); err != nil {
				return nil, err
			}
		}
	}
	return moves, nil
}

// accessChange is who can read an entry of a type after a move and could not
// before, and the other way round.
func accessChange(grants []holder.Granted, typ string, from, to record.Section) (gains, losses []holder.Granted) {
	for _, g := range grants {
		if g.State != holder.Live || !grant.Covers(g.Grant, grant.ActRead, typ) && !grant.Covers(g.Grant, grant.ActSearch, typ) {
			continue
		}
		switch before, after := g.Grant.Sections.Has(from), g.Grant.Sections.Has(to); {
		case after && !before:
			gains = append(gains, g)
		case before && !after:
			losses = append(losses, g)
		}
	}
	return gains, losses
}

func (a *app) showMoves(moves []entryMove, dry bool) {
	for _, m := range moves {
		if m.from == m.to {
			if dry {
				a.say("%s is in %s already", shortRef(m.ref), m.from)
			}
			continue
		}
		if !dry && len(m.gains)+len(m.losses) == 0 && !leavesSensitive(m) && m.more == 0 {
			continue // nobody's access changes
		}
		with := ""
		if m.along != (fhir.Ref{}) {
			with = ", along with " + shortRef(m.along)
		}
		a.say("%s: from %s to %s%s", shortRef(m.ref), m.from, m.to, with)
		for _, g := range m.gains {
			a.paragraph("  + ", partyName(g.Grant.To)+" will be able to read it, "+until(g.Grant.Until)+" (grant "+shortID(g.Grant.ID.String())+")")
		}
		for _, g := range m.losses {
			a.paragraph("  - ", partyName(g.Grant.To)+" will no longer be able to read it (grant "+shortID(g.Grant.ID.String())+")")
		}
		if len(m.gains)+len(m.losses) == 0 {
			a.say("  Nobody's access changes by it now.")
		}
		if leavesSensitive(m) {
			a.paragraph("  ! ", m.from.String()+" is sensitive and "+m.to.String()+" is not: a ready-made grant can open it from then on.")
		}
		if m.more > 0 {
			a.paragraph("  ! ", "It names very many files: up to "+thousands(m.more)+" of them may stay where they are, open to whoever can read them now.")
		}
	}
}

func leavesSensitive(m entryMove) bool { return m.from.Sensitive() && !m.to.Sensitive() }

// confirmMoves asks when anybody gains access.
func (a *app) confirmMoves(moves []entryMove) error {
	gained, sensitive := 0, ""
	for _, m := range moves {
		if len(m.gains) == 0 {
			continue
		}
		gained++
		if m.from.Sensitive() {
			sensitive = m.from.String()
		}
	}
	if gained == 0 || a.yes {
		return nil
	}
	if a.json {
		return usagef("this lets somebody read what they could not, and with --json there is nothing to look at before the question: look with -n, then say --yes")
	}
	question := "Move " + entriesOf(len(moves)) + ", and let them read it?"
	if sensitive != "" {
		question = "This opens what was closed as " + sensitive + ", and what they have read cannot be taken back. Move it all the same?"
	}
	ok, err := a.confirm(question, false)
	if err != nil || !ok {
		return declined(err)
	}
	return nil
}

// moveItem is a move in JSON.
type moveItem struct {
	Ref     string       `json:"ref"`
	Section string       `json:"section"`
	Moved   bool         `json:"moved"`
	Along   string       `json:"along,omitempty"`
	Stay    int          `json:"stay,omitempty"` // of its files; beforehand, at most
	DryRun  bool         `json:"dry_run,omitempty"`
	Gains   []grantParty `json:"gains,omitempty"`
	Losses  []grantParty `json:"loses,omitempty"`
}

type grantParty struct {
	Grant string `json:"grant"`
	To    string `json:"to"`
}

func (m entryMove) json(section string, moved, dry bool) moveItem {
	parties := func(list []holder.Granted) (out []grantParty) {
		for _, g := range list {
			out = append(out, grantParty{g.Grant.ID.String(), g.Grant.To.Name})
		}
		return out
	}
	along := ""
	if m.along != (fhir.Ref{}) {
		along = m.along.String()
	}
	return moveItem{m.ref.String(), section, moved, along, m.more, dry, parties(m.gains), parties(m.losses)}
}

func (a *app) dryMoves(moves []entryMove) error {
	for _, m := range moves {
		if a.json {
			if err := a.item(m.json(m.from.String(), false, true)); err != nil {
				return err
			}
		}
	}
	if !a.json {
		a.say("Nothing was moved.")
	}
	return nil
}

func (u *unlocked) move(ctx context.Context, moves []entryMove) error {
	a := u.app
	for i, m := range moves {
		if m.along != (fhir.Ref{}) { // it went with that, before this in the list
			if a.json {
				if err := a.item(m.json(m.to.String(), true, false)); err != nil {
					return err
				}
			} else {
				a.say("%s went along", shortRef(m.ref))
			}
			continue
		}
		done, err := u.session.Move(ctx, m.ref, m.to)
		if err != nil {
			err = noSuchEntry(err, m.ref.String())
			if i > 0 {
				return coded(exitPartly, fmt.Errorf("after %s: %w", entriesOf(i), err), "the others were not moved")
			}
			return err
		}
		m.more = done.Stay
		switch {
		case a.json:
			if err := a.item(m.json(done.Section, !done.Unchanged, false)); err != nil {
				return err
			}
		case done.Unchanged:
			a.say("%s was in %s already", shortRef(m.ref), done.Section)
		default:
			a.say("%s is now in %s", shortRef(m.ref), done.Section)
		}
		if m.more > 0 {
			a.warnStay(m)
		}
	}
	return nil
}

// warnStay says that files stay which the person may have meant to go, and what to do.
func (a *app) warnStay(m entryMove) {
	a.warn("%s of %s did not go along, for it names too many: who could read %s before still can. Whoever may write an entry can let it name files until yours do not fit; \"carehold history\" says who changed it. Look for yours with \"carehold entries --type Binary\", move each that matters with \"carehold move Binary/ID --to %s\", and end a grant that you do not trust with \"carehold revoke\"",
		plural(m.more, "file", "files"), shortRef(m.ref), oneOr(m.more, "it", "them"), m.to)
}
