package main

import (
	"context"
	"slices"
	"strconv"
	"time"

	"carehold/record"
	"carehold/record/audit"
	"carehold/record/holder"
	"carehold/record/keys"
)

// summaryQuery is what the log calls a summary that was made for somebody.
const summaryQuery = "$summary"

// openings are how often a link was opened, and by whom at last, in their own words.
type openings struct {
	n    int
	last time.Time
	by   string
	bad  int  // passcodes that were another
	over bool // its tries are used up, and it opens for nobody
}

// openings looks into the log, where there are links to be shown; not while it is in
// doubt what was done, for nothing is to be changed then, and a look is logged: nil then.
func (u *unlocked) openings(ctx context.Context, list []holder.Granted, all bool) (map[record.GrantID]openings, error) {
	if u.Doubt() != nil || !slices.ContainsFunc(list, func(g holder.Granted) bool { return g.Link() && (all || g.State == holder.Live) }) {
		return nil, nil
	}
	if err := u.signIn(ctx); err != nil {
		return nil, err
	}
	entries, err := u.History(ctx, u.token, 0)
	if err != nil {
		return nil, err
	}
	found := map[record.GrantID]openings{}
	for _, e := range entries {
		v := e.Event
		if e.Writer != audit.ByGrant || v.Action != audit.Opened {
			continue
		}
		o := found[v.Grant]
		switch {
		case v.Outcome == audit.Done:
			o.n, o.last, o.by = o.n+1, v.Time.UTC(), v.Text
		case v.Reason == audit.WrongCode:
			o.bad, o.over = o.bad+1, o.over || v.More == 0
		case v.Reason == audit.UsedUp:
			o.over = true
		}
		found[v.Grant] = o
	}
	return found, nil
}

// String is "Opened 3 times, last on 22 Nov 2026 at 10:20 by someone who said: "Ward 7"".
func (o openings) String() string {
	text := "Not opened yet"
	if o.n > 0 {
		text = "Opened " + plural(o.n, "time", "times") + ", last on " + local(o.last) + " by someone who said: " + strconv.Quote(o.by)
	}
	if o.bad > 0 {
		text += "; " + plural(o.bad, "wrong passcode was", "wrong passcodes were") + " tried"
	}
	return text
}

// linkKind is what sort of link a grant is for: "A link to a summary made when it is
// opened, with a passcode".
func linkKind(g holder.Granted) string {
	text := "A link"
	for _, t := range g.Tokens {
		switch {
		case !t.Link:
		case t.Flags&keys.LinkDirect != 0:
			text += " to a snapshot, without a passcode"
		case t.Flags&keys.LinkSummary != 0 && t.Flags&keys.LinkPasscode != 0:
			text += " to your record as it is, with a passcode"
		case t.Flags&keys.LinkSummary != 0:
			text += " to your record as it is, without a passcode"
		}
	}
	if handsOver(g) {
		text += "; it hands over a token"
	}
	return text
}

// handsOver reports whether a link has a token in it, by which its sections are read.
func handsOver(g holder.Granted) bool {
	return g.Link() && slices.ContainsFunc(g.Tokens, func(t holder.TokenInfo) bool { return !t.Link })
}

func isLink(id record.GrantID, list []holder.Granted) bool {
	return slices.ContainsFunc(list, func(g holder.Granted) bool { return g.Grant.ID == id && g.Link() })
}

// linkFlags are the same for a program: live or snapshot, "" of one that an earlier
// version made.
func linkFlags(g holder.Granted) (kind string, passcode bool) {
	for _, t := range g.Tokens {
		switch {
		case t.Flags&keys.LinkDirect != 0:
			kind = "snapshot"
		case t.Flags&keys.LinkSummary != 0:
			kind = "live"
		}
		passcode = passcode || t.Flags&keys.LinkPasscode != 0
	}
	return kind, passcode
}
