package main

import (
	"fmt"
	"io"
	"os/signal"
	"strings"
	"syscall"
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

Each of your own commands unlocks the record: how often that was is told at the
end; --all lists it, and what you looked at. The part that is shown was checked;
"carehold check" checks everything.`,
		Example: `  carehold history
  carehold history --who "Dr Amara Okafor" --since 7d
  carehold history --all --json
  carehold history --fhir > audit.ndjson`,
		Args: nothing,
	}
	who := c.Flags().String("who", "", "only what this `name` did, or a part of it; \"you\" is yourself")
	since := c.Flags().String("since", "", "only what happened since: 30min, 12h, 7d, or a `date` such as 2026-11-01")
	all := c.Flags().Bool("all", false, "also your own looking and unlocking")
	asFHIR := c.Flags().Bool("fhir", false, "as FHIR AuditEvents (IHE BALP), one a line, your own too")
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
		signal.Ignore(syscall.SIGPIPE)
		if *asFHIR {
			about, err := u.about(c.Context())
			if err != nil {
				return err
			}
			return unlessClosed(eachAuditEvent(about, kept, u.Grants(), a.ndjson))
		}
		return unlessClosed(a.showHistory(kept, u.Grants(), *all || *who != ""))
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

// told is one line of the history: one entry of the log, or several of one kind
// that followed one another.
type told struct {
	at   time.Time
	last time.Time
	kind string // "" is never joined with another
	text func(counts, int) string
	sum  counts
	n    int
}

// apart is how long after one another two looks are two.
const apart = 10 * time.Minute

// showHistory tells the log. What the person did by looking and unlocking would
// drown what others did: without all, unlocking is counted, for it is what a command
// does once. How many requests it makes says nothing to anybody.
func (a *app) showHistory(entries []audit.Entry, grants []holder.Granted, all bool) error {
	unlocked, before, last := 0, time.Time{}, time.Time{}
	var lines []told
	written := map[string]bool{} // versions that an entry before told of
	for _, e := range entries {
		e = onlyNew(e, written)
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
			unlocked, before, last = unlocked+1, last, e.Event.Time
			continue
		}
		if !all && e.Writer == audit.ByGrant && actor(e, grants) == you && looking(e.Event.Action) {
			continue
		}
		next := narrate(e, grants)
		if n := len(lines); n > 0 && next.kind != "" && lines[n-1].kind == next.kind && next.at.Sub(lines[n-1].last) < apart {
			lines[n-1].n++
			lines[n-1].last = next.at
			lines[n-1].sum.add(next.sum)
			continue
		}
		lines = append(lines, next)
	}
	if a.json {
		return a.summary(countJSON{len(entries)})
	}
	for _, l := range lines {
		text := clean(l.text(l.sum, l.n))
		if _, err := io.WriteString(a.stdout, wrap(l.at.Local().Format("02 Jan 2006 15:04  "), text, a.columns())); err != nil {
			return err
		}
	}
	if len(lines) == 0 {
		a.say("Nothing that was asked for is in the history.")
	}
	if unlocked > 0 {
		times := "This record was unlocked " + plural(unlocked, "time", "times")
		if !before.IsZero() {
			times += "; the last time before this command was " + local(before)
		}
		a.say("")
		a.paragraph("", times+". Each command of your own is one; --all lists them.")
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
	audit.Read: "read", audit.Search: "search", audit.Change: "change", audit.Delete: "delete", audit.History: "history", audit.Move: "move", audit.Undo: "undo",
	audit.SignIn: "sign-in", audit.Strike: "strike", audit.Preview: "preview", audit.Used: "used", audit.Enrol: "enrol", audit.Grant: "grant",
	audit.Revoke: "revoke", audit.SlotAdd: "slot-add", audit.SlotRemove: "slot-remove", audit.Evict: "evict", audit.Renew: "renew",
	audit.Opened: "open", audit.Copy: "copy",
	audit.Collected: "collected", audit.Exchanged: "exchanged", audit.Refreshed: "refreshed", audit.Replayed: "replayed", audit.GaveBack: "gave-back",
	audit.Contribute: "contribute", audit.TakenIn: "taken-in", audit.Dismissed: "dismissed",
	audit.Amend: "amend", audit.Suspend: "suspend", audit.Resume: "resume", audit.Address: "address", audit.Approve: "approve", audit.Asked: "asked",
	audit.RingFetch: "unlock", audit.Restored: "restored", audit.LossTaken: "loss-accepted", audit.ClockMoved: "clock",
}

func actionWord(action audit.Action) string {
	return first(actionWords[action], fmt.Sprintf("action-%d", action))
}
