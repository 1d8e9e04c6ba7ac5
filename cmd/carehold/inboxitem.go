package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"carehold/record"
	"carehold/record/fhir"
	"carehold/record/filing"
	"carehold/record/grant"
	"carehold/record/holder"
)

// wrote is an entry that a notice tells of, in the version that was written.
type wrote struct {
	ref     fhir.Ref
	version record.Version
}

// writtenIn reads Type/id/_history/n. What is none is left out: nothing can be asked for
// by such a name.
func writtenIn(i holder.Item) (list []wrote) {
	for _, text := range i.Entries {
		name, version, _ := strings.Cut(text, "/_history/")
		ref, err := fhir.ParseRef(name)
		n, err2 := strconv.ParseUint(version, 10, 40)
		if err == nil && err2 == nil && n > 0 {
			list = append(list, wrote{ref, record.Version(n)})
		}
	}
	return list
}

// howMany is "3 conditions and 2 others" of a notice.
func howMany(list []wrote, more uint64) string {
	c := counts{refs: map[string]bool{}, more: int(more)}
	for _, w := range list {
		c.refs[w.ref.String()] = true
	}
	return c.String()
}

// wroteWhat says what an entry of a notice is: what it was called when it was written.
func (u *unlocked) wroteWhat(ctx context.Context, w wrote, budget *int) (string, error) {
	did := "new"
	if w.version > 1 {
		did = "changed"
	}
	about := typeWord(w.ref.Type)
	// A file has no words of its own, and may be large.
	if *budget <= 0 || w.ref.Type == "Binary" {
		return sentence(fmt.Sprintf("%s: %s, %s", did, about, shortRef(w.ref))), nil
	}
	*budget--
	body, err := u.session.VRead(ctx, w.ref, w.version)
	switch record.KindOf(err) {
	case record.Gone:
		return sentence(fmt.Sprintf("deleted: %s, %s", about, shortRef(w.ref))), nil
	case record.NotFound:
		return sentence(fmt.Sprintf("%s: %s, %s, which is not there any more", did, about, shortRef(w.ref))), nil
	}
	if err != nil {
		return "", err
	}
	s := summarize(body)
	title := s.line() + " ("
	if s.Title == about {
		about = ""
	}
	return title + joined(", ", about, s.Date, did, shortRef(w.ref)) + ")", nil
}

// findItems are the things that are named; all of them without a name.
func (u *unlocked) findItems(ctx context.Context, args []string) ([]holder.Item, error) {
	list, err := u.Inbox(ctx, u.token)
	if err != nil || len(args) == 0 {
		return list, err
	}
	var found []holder.Item
	for _, arg := range args {
		var is []holder.Item
		for _, i := range list {
			if begins(itemID(i), arg) {
				is = append(is, i)
			}
		}
		switch {
		case strings.Contains(arg, "/"):
			return nil, coded(exitUsage, fmt.Errorf("%s is the name of an entry", clean(arg)), `a thing of the inbox is named by the letters and digits in front of it: "carehold inbox" lists them`)
		case len(is) == 0:
			return nil, coded(exitNotFound, fmt.Errorf("there is no %q in your inbox", clean(arg)), `"carehold inbox" lists what is; what was taken in, looked at or removed is not in it any more`)
		case len(is) > 1:
			return nil, coded(exitUsage, fmt.Errorf("%s of your inbox begin with %q", plural(len(is), "thing", "things"), clean(arg)), "type more of it; --json has all of each name")
		}
		if !slices.ContainsFunc(found, func(i holder.Item) bool { return i.ID == is[0].ID }) {
			found = append(found, is[0])
		}
	}
	return found, nil
}

// withItems opens the record and does something with the things that are named; with all
// of the inbox without a name.
func (a *app) withItems(ctx context.Context, args []string, do func(*unlocked, []holder.Item) error) error {
	u, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer u.close()
	items, err := u.findItems(ctx, args)
	switch {
	case err != nil:
		return err
	case len(items) > 0:
		return do(u, items)
	case a.json:
		return a.summary(countJSON{0})
	}
	a.say("There is nothing in your inbox.")
	return nil
}

// itemsGiven refuses a command that was not told what it is about.
func itemsGiven(args []string, all bool) error {
	switch {
	case all && len(args) > 0:
		return usagef("name what it is about, or say --all: not both")
	case !all && len(args) == 0:
		return coded(exitUsage, errors.New("say which: the letters and digits in front of it"), `"carehold inbox" lists them; --all means all of them`)
	}
	return nil
}

// called is something of the inbox in a few words, for a sentence.
func called(i holder.Item) string {
	switch {
	case i.Damaged:
		return "what does not open"
	case i.Notice():
		return joined(" from ", "the notice of "+howMany(writtenIn(i), i.More), partyName(i.By))
	}
	return clean(summarize(i.JSON).line())
}

// whyThere is why something that waits would be filed where it would be, in words: the
// same table decides here as at the server, which told only the rule.
func whyThere(i holder.Item) string {
	if r, err := fhir.Parse(i.JSON, fhir.Limits{}); err == nil {
		f := filing.File([]filing.Item{{Ref: refOf(i), Resource: r}}, nil)[0]
		if f.Section == i.Section {
			return strings.Replace(strings.TrimSuffix(f.Why.String(), "."), ". (", " (", 1)
		}
	}
	for _, rule := range filing.Rules() {
		if rule.ID == i.Why {
			return strings.TrimSuffix(rule.Why, ".")
		}
	}
	return "by the rule " + i.Why
}

// readers are who can read an entry of a type in a section now, besides the person. Whom
// a grant lets read by what an entry says is there with "perhaps", last.
func readers(grants []holder.Granted, typ string, section record.Section) (names []string) {
	var perhaps []string
	for _, g := range grants {
		may := grant.Covers(g.Grant, grant.ActRead, typ) || grant.Covers(g.Grant, grant.ActSearch, typ)
		if g.State != holder.Live || !may || !g.Grant.Sections.Has(section) {
			continue
		}
		if readsAll(g.Grant, typ) {
			names = append(names, partyName(g.Grant.To))
		} else {
			perhaps = append(perhaps, partyName(g.Grant.To))
		}
	}
	slices.Sort(names)
	slices.Sort(perhaps)
	names = slices.Compact(names)
	for _, name := range slices.Compact(perhaps) {
		if !slices.Contains(names, name) {
			names = append(names, "perhaps "+name)
		}
	}
	return names
}

// readsAll reports whether a grant lets all of a type be read, whatever an entry says.
func readsAll(g grant.Grant, typ string) bool {
	return slices.ContainsFunc(g.Scopes, func(s grant.Scope) bool {
		return (s.Type == "*" || s.Type == typ) && s.Verbs&(grant.Read|grant.Search) != 0 && len(s.Params) == 0
	})
}

// whoCanRead is a sentence about them.
func whoCanRead(names []string, when string) string {
	switch {
	case len(names) == 0:
		return "Nobody but you can read it" + when + "."
	case len(names) > 6:
		names = append(slices.Clone(names[:6]), plural(len(names)-6, "other", "others"))
	}
	return "Who else can read it" + when + ": " + and(names) + "."
}
