package main

import (
	"context"
	"slices"
	"strconv"
	"time"

	"carehold/record"
	"carehold/record/audit"
	"carehold/record/holder"
)

// summaryQuery is what the log calls a summary that was made for somebody.
const summaryQuery = "$summary"

// openings are how often a link was opened, and by whom at last, in their own words.
type openings struct {
	n    int
	last time.Time
	by   string
	bad  int // passcodes that were another
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
			o.bad++
		}
		found[v.Grant] = o
	}
	return found, nil
}

// String is "A link, opened 3 times, last on 22 Nov 2026 at 10:20 by someone who said:
// "Ward 7"".
func (o openings) String() string {
	text := "A link, not opened yet"
	if o.n > 0 {
		text = "A link, opened " + plural(o.n, "time", "times") + ", last on " + local(o.last) + " by someone who said: " + strconv.Quote(o.by)
	}
	if o.bad > 0 {
		text += "; " + plural(o.bad, "wrong passcode was", "wrong passcodes were") + " tried"
	}
	return text
}

func isLink(id record.GrantID, list []holder.Granted) bool {
	return slices.ContainsFunc(list, func(g holder.Granted) bool { return g.Grant.ID == id && g.Link() })
}
