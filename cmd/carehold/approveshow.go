package main

import (
	"context"
	"strconv"
	"strings"
	"time"

	"carehold/record"
	"carehold/record/grant"
	"carehold/record/holder"
)

// What a person sees who is asked: who, what would be given, what would not, until when.
// The words are short, for they are read by somebody who did not choose the moment.

// labelled prints a line with its name in front, wrapped beside it.
func (a *app) labelled(label, text string) {
	a.paragraph(fit(label, 10)+"  ", text)
}

// showAsker shows who asks, and where the answer goes.
func (a *app) showAsker(r holder.Request) {
	a.labelled("Who asks", saysTheyAre(r))
	if r.App.URI != "" {
		a.labelled("", "About it: "+r.App.URI)
	}
	why := strings.TrimPrefix(strings.TrimPrefix(forWhat(r.Question.Purpose), ", "), "for ")
	if r.Question.Words != "" {
		why = joined(". They say: ", why, strconv.Quote(clean(r.Question.Words)))
	}
	if why != "" {
		a.labelled("Why", sentence(why))
	}
	if !withCode(r) {
		a.labelled("Asked", local(r.Question.At)+where(r))
		a.labelled("Answer to", "the page on which they asked")
	} else if r.App.Redirect != "" {
		a.labelled("Answer to", r.App.Redirect)
	}
}

// countOf is how much there is now in each section that would be open.
func (u *unlocked) countOf(ctx context.Context, give holder.GrantRequest) (map[string]int, error) {
	if (grant.Grant{Scopes: give.Scopes}).WriteOnly() {
		return nil, nil
	}
	p, err := u.session.Preview(ctx, grant.With(give.Sections), give.Scopes)
	if err != nil {
		return nil, err
	}
	n := map[string]int{}
	for _, s := range p.Sections {
		if s.Granted {
			n[s.Section] = s.Total
		}
	}
	return n, nil
}

// showGift shows what would be given, and what would not.
func (a *app) showGift(u *unlocked, r holder.Request, give holder.GrantRequest, counted map[string]int) {
	w := wantedOf(r)
	a.say("")
	given := doings(give.Scopes)
	if ofAllTypes(give.Scopes) {
		a.paragraph("", "If you say yes, they may "+mayDo(give.Scopes)+" this, "+giftEnds(r, endOf(give, u.Now()))+saidWhy(r, give)+":")
		a.say("")
		a.labelled("", countedSections(give.Sections, counted))
	} else {
		a.paragraph("", "If you say yes, they may, "+giftEnds(r, endOf(give, u.Now()))+saidWhy(r, give)+":")
		a.say("")
		for _, d := range given {
			a.labelled("  "+d.verb, d.what)
		}
		a.labelled("  in", countedSections(give.Sections, counted))
	}
	if (grant.Grant{Scopes: give.Scopes}).WriteOnly() {
		a.labelled("", "They see nothing of your record, and what they add waits until you have looked at it.")
	}
	switch {
	case w.back:
		a.labelled("", "The app can come back by itself until then.")
	case r.Question.Client != "":
		a.labelled("", "For this once: after some minutes the app has to ask you again.")
	}
	if w.name {
		a.labelled("", "The app is told a name for you that means nothing elsewhere.")
	}
	var rows [][2]string
	kept := (w.sections | w.sensitive) &^ grant.With(give.Sections)
	if kept != 0 {
		rows = append(rows, [2]string{"Not given", "They asked for this too, and do not get it: " + openSections(kept) + "."})
	}
	if less := notOf(doings(w.scopes), given); len(less) > 0 && !sameScopes(w.scopes, give.Scopes) {
		rows = append(rows, [2]string{first(map[bool]string{true: "Not given"}[kept == 0]), askedMore(less, w)})
	}
	if shut := kept & record.SensitiveSections; shut != 0 {
		how := "only --add gives it"
		if keyless(r) {
			how = "they get it only in a grant that you make yourself (carehold grant) and hand to them"
		}
		rows = append(rows, [2]string{"", sentence(openSections(shut) + " is sensitive: " + how)})
	}
	if open := give.Sections & record.SensitiveSections; open != 0 {
		rows = append(rows, [2]string{"Sensitive", sentence(openSections(open) + " is sensitive, and you would give it")})
		if give.Unbound && r.Question.Client != "" {
			rows = append(rows, [2]string{"", "If the app has no key of its own, its tokens open nothing of this until it has one."})
		}
	}
	if more := give.Sections &^ grant.With(w.sections|w.sensitive); more != 0 {
		rows = append(rows, [2]string{"More", "They did not ask for: " + openSections(more) + "."})
	}
	if shut := closedSections(give.Sections) &^ kept; shut != 0 {
		rows = append(rows, [2]string{"Closed", sentence(openSections(shut))})
	}
	for i, row := range rows {
		if i == 0 {
			a.say("")
		}
		a.labelled(row[0], row[1])
	}
}

// saidWhy is what it would be for. Who asked without saying it, and most apps cannot, is not
// told to do it at the person's wish: that is only how it is then kept.
func saidWhy(r holder.Request, give holder.GrantRequest) string {
	if r.Question.Purpose == "" && give.Purpose == "PATRQT" {
		return " (they did not say what for)"
	}
	return forWhat(give.Purpose)
}

// askedMore is what they asked to do besides. Everything is everything of what they named.
func askedMore(less []doing, w wanted) string {
	if ofAllTypes(w.scopes) && w.sections|w.sensitive != 0 {
		var verbs []string
		for _, d := range less {
			verbs = append(verbs, d.verb)
		}
		return "They asked for more than that: to " + and(verbs) + " in these sections too."
	}
	return "They asked for more than that: to " + inOneLine(less) + "."
}

// giftEnds is until when: an app that does not come back by itself has its access for some
// minutes, however long the grant is.
func giftEnds(r holder.Request, end time.Time) string {
	if r.Question.Client != "" && !wantedOf(r).back {
		return "for one visit"
	}
	return until(end)
}

// closedSections are those that nobody asked for, and that are not given.
func closedSections(given record.SectionSet) record.SectionSet {
	return record.SectionsOf(record.Sections()...) &^ grant.With(given)
}

// countedSections is "allergies (3), medicines (12)".
func countedSections(set record.SectionSet, counted map[string]int) string {
	var names []string
	for _, s := range set.List() {
		if s.Always() {
			continue
		}
		name := s.String()
		if counted != nil {
			name += " (" + thousands(counted[name]) + ")"
		}
		names = append(names, name)
	}
	switch {
	case names == nil:
		return "who you are and who cares for you"
	case counted == nil:
		return strings.Join(names, ", ")
	}
	return strings.Join(names, ", ") + "; and who you are, and who cares for you"
}

type approvedJSON struct {
	Request  string         `json:"request"`
	DryRun   bool           `json:"dry_run,omitempty"`
	Grant    string         `json:"grant,omitempty"`
	To       string         `json:"to"`
	Client   string         `json:"client,omitempty"`
	Verified bool           `json:"registered"`
	Answer   string         `json:"answer_to,omitempty"`
	Sections []string       `json:"sections"`
	Scopes   string         `json:"scopes"`
	Purpose  string         `json:"purpose"`
	Until    time.Time      `json:"until,omitzero"`
	NotGiven []string       `json:"not_given,omitempty"`
	Total    map[string]int `json:"total,omitempty"` // of each section
}

// notGiven ends a dry run.
func (a *app) notGiven(u *unlocked, r holder.Request, give holder.GrantRequest, counted map[string]int) error {
	if a.json {
		w := wantedOf(r)
		return a.summary(approvedJSON{Request: requestID(r), DryRun: true, To: give.To.Name, Client: r.Question.Client, Verified: r.App.Verified && r.Question.Verified,
			Answer: r.App.Redirect, Sections: sectionNames(grant.With(give.Sections)), Scopes: grant.FormatScopes(give.Scopes), Purpose: give.Purpose,
			Until: endOf(give, u.Now()).UTC().Truncate(time.Second), NotGiven: sectionNames((w.sections | w.sensitive) &^ grant.With(give.Sections)), Total: counted})
	}
	a.say("")
	a.say("Nothing was given, and nobody was told anything.")
	return nil
}

func (a *app) showApproved(u *unlocked, r holder.Request, g grant.Grant) error {
	if a.json {
		w := wantedOf(r)
		return a.summary(approvedJSON{Request: requestID(r), Grant: g.ID.String(), To: g.To.Name, Client: g.Client, Verified: r.App.Verified && r.Question.Verified,
			Answer: r.App.Redirect, Sections: sectionNames(g.Sections), Scopes: grant.FormatScopes(g.Scopes), Purpose: g.Purpose, Until: g.Until.UTC(),
			NotGiven: sectionNames((w.sections | w.sensitive) &^ g.Sections)})
	}
	id := shortID(g.ID.String())
	a.say("")
	a.paragraph("", "Given to "+theirWords(g.To)+", "+giftEnds(r, g.Until)+".")
	if withCode(r) {
		a.note("The page with the code goes on by itself, back to the app.")
	} else {
		a.note("They find their access on the page on which they asked; it is shown there once.")
	}
	a.note("")
	a.command("carehold revoke "+id, "takes it back, at any time")
	a.command("carehold amend "+id, "makes it less, or longer")
	a.command("carehold receipt "+id+" -o receipt.txt", "a signed receipt for you to keep")
	return nil
}
