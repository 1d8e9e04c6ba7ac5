package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"carehold/httpapi/message"
	"carehold/record"
	"carehold/record/fhir"
	"carehold/record/filing"
)

// Where entries are filed is who may read them, and an export is a file that anybody may
// have had in their hands: its checksums are for damage. So what it says of that holds for
// entries that this run created alone, and so far as nobody gains by it:
//
//	in the record before, from whatever source   stays where it is, also as the file of
//	                                             a letter that is moved
//	nobody would gain by the export's section    is moved there
//	somebody would, or it leaves a sensitive     is named, with who would read it then, and
//	section of a record that has other entries   asked about; else stays where the server's
//	                                             rules file it, and the person is told
//
// In an empty record nobody gains: there everything comes back as it was filed.

// sections files what was created as it was filed; with ask it asks about what somebody
// gains by.
func (x *exportImport) sections(ctx context.Context, ask bool) error {
	moved := map[fhir.Ref]bool{}
	for {
		if err := x.importer.look(ctx); err != nil {
			return err
		}
		quiet := x.planFiling(moved)
		if len(quiet) == 0 {
			break
		}
		if err := x.refile(ctx, quiet, moved); err != nil { // it may take files of this import along, which may have been elsewhere
			return err
		}
	}
	if ask && len(x.left) > 0 {
		wider := x.left
		ok, err := x.mayWiden(wider)
		if err != nil {
			return err
		}
		if ok {
			x.left = nil
			if err := x.refile(ctx, wider, moved); err != nil {
				return err
			}
			if err := x.importer.look(ctx); err != nil {
				return err
			}
		}
	}
	for _, m := range x.left {
		x.first.Sections[m.to.String()]--
		x.first.Sections[m.from.String()]++
	}
	return nil
}

// planFiling compares where entries are with where the export has them. What may be moved
// it returns, the strictest first; the others it notes.
func (x *exportImport) planFiling(moved map[fhir.Ref]bool) (quiet []entryMove) {
	x.left, x.stay = nil, nil
	for ref, c := range x.entries {
		now, there := x.there[ref]
		from, err := record.ParseSection(now.Section)
		if !c.brought || !there || now.Moved || moved[ref] || err != nil || from == c.section {
			continue
		}
		m := entryMove{ref: ref, from: from, to: c.section}
		m.gains, m.losses = accessChange(x.Grants(), ref.Type, from, c.section)
		switch {
		case !c.created && (now.Deleted || !x.unfinished.brought(ref)) || !now.Deleted && !x.wrote(now.Import):
			x.stay = append(x.stay, m)
		case len(m.gains) > 0 || leavesSensitive(m) && !x.fresh:
			x.left = append(x.left, m)
		default:
			quiet = append(quiet, m)
		}
	}
	for _, list := range [][]entryMove{quiet, x.left, x.stay} {
		slices.SortFunc(list, func(a, b entryMove) int {
			switch {
			case filing.Stricter(a.to, b.to):
				return -1
			case filing.Stricter(b.to, a.to):
				return 1
			}
			return cmp.Or(cmp.Compare(a.to, b.to), strings.Compare(a.ref.String(), b.ref.String()))
		})
	}
	return quiet
}

// broughtBy is the import that an entry is of: this one, or a try of it before.
func (x *exportImport) broughtBy(ref fhir.Ref) record.ImportID {
	if id := x.there[ref].Import; id != (message.ID{}) {
		return record.ImportID(id)
	}
	return x.first.ID // it is deleted, which is no part of an import
}

// refile moves entries.
func (x *exportImport) refile(ctx context.Context, moves []entryMove, moved map[fhir.Ref]bool) error {
	p := x.app.progress("filing as it was", len(moves))
	defer p.finish()
	for _, m := range moves {
		if _, err := x.session.MoveImported(ctx, m.ref, m.to, x.broughtBy(m.ref)); err != nil {
			return hinted(fmt.Errorf("%s could not be filed as it was: %w", m.ref, err), "what was done so far stays; the same command again goes on")
		}
		moved[m.ref] = true
		x.moved++
		p.add(1)
	}
	return nil
}

// mostNamed is how many entries are named to look at.
const mostNamed = 50

// mayWiden asks. --yes is no answer to it: it is given before anybody knows what the
// export says.
func (x *exportImport) mayWiden(wider []entryMove) (bool, error) {
	a := x.app
	if a.yes || a.json {
		return false, nil
	}
	a.showMoves(wider[:min(len(wider), mostNamed)], false)
	if more := len(wider) - mostNamed; more > 0 {
		a.say("… and %s more, by which %s would gain.", thousands(more), and(gainers(wider)))
	}
	what := "The export has " + plural(len(wider), "entry", "entries") + " filed so, and this server's rules do not. "
	return a.unlessAlone(what + "What they have read cannot be taken back. File as the export has it?")
}

// unlessAlone asks what is no where nobody is there to be asked.
func (a *app) unlessAlone(question string) (bool, error) {
	ok, err := a.confirm(question, false)
	if err != nil && exitCode(noContext, err) == exitLocked {
		return false, nil
	}
	return ok, err
}

// gainers are those who would read more.
func gainers(moves []entryMove) []string {
	names := []string{}
	for _, m := range moves {
		for _, g := range m.gains {
			if name := partyName(g.Grant.To); !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	if len(names) == 0 {
		names = append(names, "nobody as yet")
	}
	slices.Sort(names)
	return names
}

// showFiling says what is not filed as in the export, and how it would be.
func (a *app) showFiling(x *exportImport) error {
	if a.json {
		for _, m := range x.left {
			if err := a.item(m.json(m.from.String(), false, false)); err != nil {
				return err
			}
		}
		return nil
	}
	line := func(m entryMove) {
		text := fmt.Sprintf("%s: %s; in the export %s", m.ref, m.from, m.to)
		if names := gainers([]entryMove{m}); len(m.gains) > 0 {
			text += ", where " + and(names) + " would read it"
		}
		fmt.Fprint(a.stderr, wrap("  ", clean(text), a.noteColumns()))
	}
	if n := len(x.left); n > 0 {
		a.warn("%s filed by this server's rules and not as in the export, which would let more people read %s:", plural(n, "entry is", "entries are"), oneOr(n, "it", "them"))
		for _, m := range x.left[:min(n, mostNamed)] {
			line(m)
		}
		if n > mostNamed {
			a.note("  … and %s more; --json lists all", thousands(n-mostNamed))
		}
		m := x.left[0]
		a.note("To file one as the export has it: carehold move %s --to %s", m.ref, m.to)
	}
	if n := len(x.stay); n > 0 {
		a.note("%s in the record before, and not moved to where the export has %s:", plural(n, "entry was", "entries were"), oneOr(n, "it", "them"))
		for _, m := range x.stay[:min(n, fewRefusals)] {
			line(m)
		}
	}
	return nil
}
