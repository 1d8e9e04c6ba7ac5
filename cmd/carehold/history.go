package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"carehold/record"
	"carehold/record/audit"
	"carehold/record/holder"
)

func (a *app) historyCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "history",
		Short: "See who looked at what, and what was changed",
		Long: `Tells in sentences what happened to your record, the newest last: who looked at
what, what was refused, what you changed. Every answer the server ever gave from
your record is in it, for a read that cannot be logged does not happen.

Your own looking and unlocking is counted at the end; --all lists that too. The
part that is shown was checked; "carehold check" checks everything.`,
		Example: `  carehold history
  carehold history --who "Dr Amara Okafor" --since 7d
  carehold history --all --json`,
		Args: cobra.NoArgs,
	}
	who := c.Flags().String("who", "", "only what this `name` did, or a part of it; \"you\" is yourself")
	since := c.Flags().String("since", "", "only what happened since: 7d, or a `date` such as 2026-11-01")
	all := c.Flags().Bool("all", false, "also your own looking and unlocking")
	a.deviceFlags(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		from := time.Time{}
		if *since != "" {
			var err error
			if from, err = parseSince(*since, time.Now()); err != nil {
				return usage(err)
			}
		}
		u, err := a.open(c.Context())
		if err != nil {
			return err
		}
		defer u.close()
		entries, err := u.History(c.Context(), u.token, 0)
		if err != nil {
			return err
		}
		var kept []audit.Entry
		for _, e := range entries {
			if e.Event.Time.Before(from) || *who != "" && !strings.Contains(strings.ToLower(actor(e, u.Grants())), strings.ToLower(*who)) {
				continue
			}
			kept = append(kept, e)
		}
		return a.showHistory(kept, u.Grants(), *all || *who != "")
	}
	return c
}

type historyItem struct {
	Index   uint64    `json:"index"`
	Time    time.Time `json:"time"`
	Who     string    `json:"who"`
	Grant   string    `json:"grant,omitempty"`
	Action  string    `json:"action"`
	Refused bool      `json:"refused"`
	Entries []string  `json:"entries,omitempty"`
	More    uint64    `json:"more,omitempty"`
	Query   string    `json:"query,omitempty"`
	Text    string    `json:"text"`
}

// showHistory tells the log. What the person did by looking and unlocking would
// drown what others did: without all it is counted.
func (a *app) showHistory(entries []audit.Entry, grants []holder.Granted, all bool) error {
	own, unlocked := 0, 0
	type told struct {
		at, until time.Time
		text      string
		n         int
	}
	var lines []told
	for _, e := range entries {
		if a.json {
			item := historyItem{Index: e.Index, Time: e.Event.Time.UTC(), Who: actor(e, grants), Action: actionWord(e.Event.Action), Refused: e.Event.Outcome == audit.Refused,
				Entries: e.Event.Entries, More: e.Event.More, Query: e.Event.Query, Text: tell(e, grants)}
			if e.Event.Grant != (record.GrantID{}) {
				item.Grant = e.Event.Grant.String()
			}
			if err := a.item(item); err != nil {
				return err
			}
			continue
		}
		if !all && e.Writer == audit.ByNode && e.Event.Action == audit.RingFetch {
			unlocked++
			continue
		}
		if !all && e.Writer == audit.ByGrant && actor(e, grants) == you && looking(e.Event.Action) {
			own++
			continue
		}
		text := tell(e, grants)
		if n := len(lines); n > 0 && lines[n-1].text == text {
			lines[n-1].n++
			lines[n-1].until = e.Event.Time
			continue
		}
		lines = append(lines, told{e.Event.Time, e.Event.Time, text, 1})
	}
	if a.json {
		return a.summary(countJSON{len(entries)})
	}
	for _, l := range lines {
		text := l.text
		if l.n > 1 {
			text += fmt.Sprintf(" (%d times)", l.n)
		}
		a.paragraph(l.at.Local().Format("02 Jan 2006 15:04  "), text)
	}
	if len(lines) == 0 {
		a.say("Nothing that was asked for is in the history.")
	}
	if own+unlocked > 0 {
		a.say("")
		a.paragraph("", fmt.Sprintf("Besides, the record was unlocked %s, and you looked into it %s (--all lists that). If that is more often than you did, somebody has your keys.",
			plural(unlocked, "time", "times"), plural(own, "time", "times")))
	}
	return nil
}

// looking is what the person does all the time, and what changes nothing.
func looking(action audit.Action) bool {
	switch action {
	case audit.Read, audit.Search, audit.History, audit.SignIn, audit.Preview:
		return true
	}
	return false
}

// tell is holder.Describe without the time, and with what was shown counted by
// type: names of entries are 30 characters that nobody can read.
func tell(e audit.Entry, grants []holder.Granted) string {
	v := e.Event
	if e.Writer == audit.ByGrant && len(v.Entries) > 1 {
		who := actor(e, grants)
		switch {
		case v.Outcome == audit.Refused:
		case v.Action == audit.Search:
			if who == you {
				who = "You searched and were"
			} else {
				who += " searched and was"
			}
			return who + " shown " + counted(v)
		case v.Action == audit.Change:
			return who + " wrote " + counted(v)
		case v.Action == audit.Undo:
			return who + " took back an import: " + counted(v)
		case v.Action == audit.Move:
			return who + " moved to " + first(v.Text, "another section") + ": " + counted(v)
		}
	}
	e.Event.Time = time.Time{}
	text := strings.TrimSuffix(holder.Describe(e, grants), ", "+holder.When(time.Time{}))
	if who := actor(e, grants); who == you {
		text = strings.Replace(text, "You looked for "+v.Query+" and was shown", "You looked for "+v.Query+" and were shown", 1)
		text = strings.Replace(text, "You was refused", "You were refused", 1)
	}
	return clean(text)
}

// counted is "12 conditions and 3 procedures".
func counted(v audit.Event) string {
	types := map[string]int{}
	for _, ref := range v.Entries {
		typ, _, _ := strings.Cut(ref, "/")
		types[typ]++
	}
	var parts []string
	for _, t := range keysByCount(types) {
		parts = append(parts, fmt.Sprintf("%d %s", types[t], typeCount(t, types[t])))
	}
	if v.More > 0 {
		parts = append(parts, fmt.Sprintf("%d more", v.More))
	}
	return and(parts)
}

const you = "you"

// actor is who did what an entry of the log tells.
func actor(e audit.Entry, grants []holder.Granted) string {
	switch e.Writer {
	case audit.ByDevice:
		return you
	case audit.ByNode:
		return "the server"
	}
	for _, g := range grants {
		if g.Grant.ID == e.Event.Grant {
			return partyName(g.Grant.To)
		}
	}
	return you
}

var actionWords = map[audit.Action]string{
	audit.Read: "read", audit.Search: "search", audit.Change: "change", audit.History: "history", audit.Move: "move", audit.Undo: "undo",
	audit.SignIn: "sign-in", audit.Strike: "strike", audit.Preview: "preview", audit.Used: "used", audit.Enrol: "enrol", audit.Grant: "grant",
	audit.Revoke: "revoke", audit.SlotAdd: "slot-add", audit.SlotRemove: "slot-remove", audit.Evict: "evict", audit.Renew: "renew",
	audit.RingFetch: "unlock", audit.Restored: "restored", audit.LossTaken: "loss-accepted", audit.ClockMoved: "clock",
}

func actionWord(action audit.Action) string {
	return first(actionWords[action], fmt.Sprintf("action-%d", action))
}
