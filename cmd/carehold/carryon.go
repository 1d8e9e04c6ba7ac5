package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/holder"
)

func (a *app) carryOnCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "carry-on",
		Short: "Go on with your record after a restore or a move",
		Long: `A record that was restored from a backup, or brought from another server, waits
for you. Nobody can read or change it meanwhile: only you can say that it goes
on. This looks at what is there, says what is missing of what this device had
seen, and asks.

Grants do not come back with a restore: they end, and you make again those you
want. What you did after the backup was made is as it was before: a device you
had removed can open your record again, and has to be removed again.

If nobody told you of a restore or a move, do not go on. Ask whoever runs the
server first.

Where the server itself was put back to an older state, devices that had seen
more refuse it. There, too, this says what is missing, and asks: what you
stopped or removed since then is undone, and has to be stopped again.

Your other devices go along by themselves. One that had seen more than this one
asks too.`,
		Example: `  carehold carry-on
  carehold carry-on --yes
  carehold carry-on --accept-loss`,
		Args: nothing,
	}
	loss := c.Flags().Bool("accept-loss", false, "go on though something this device had seen is missing; --yes alone does not")
	a.deviceFlags(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		d, err := a.loadDevice()
		if err != nil {
			return err
		}
		var back *holder.WoundBack
		u, err := a.unlockBy(c.Context(), d, func(ctx context.Context, srv holder.Server, slot crypto.Credential, m holder.Memory) (*holder.Holder, error) {
			h, err := holder.Unlock(ctx, srv, slot, m)
			if err == nil && h.Waiting() == nil {
				// It may have been put back, and grown since: only a check tells.
				var token string
				if token, _, err = h.SignIn(ctx); err == nil {
					_, err = h.Check(ctx, token)
					_ = h.SignOut(ctx, token)
				}
				if err == nil {
					return h, nil
				}
				h.Close()
			}
			if err == nil {
				return h, nil
			}
			if !errors.Is(err, record.Integrity) {
				return nil, err
			}
			h, w, other := holder.LookBack(ctx, srv, slot, m)
			if other != nil {
				return nil, err // what was wrong at first
			}
			back = &w
			return h, nil
		})
		if err != nil {
			return err
		}
		if back != nil {
			return a.takeBack(u, *back, *loss)
		}
		defer u.close()
		out, err := a.carryOn(c.Context(), u.Holder, *loss)
		if err != nil {
			return err
		}
		if a.json {
			return a.summary(out)
		}
		if !out.CarriedOn {
			a.say("Your record does not wait for anything: there is nothing to carry on.")
			return nil
		}
		a.say("Your record goes on here.")
		if out.Ended > 0 {
			a.note("%s: carehold grants --all shows them, carehold grant makes new ones.", plural(out.Ended, "grant has ended", "grants have ended"))
		}
		a.note("Next: carehold device list shows what opens your record: is there one that you had removed? Then carehold grant, for those who are to read it.")
		return nil
	}
	return c
}

// errWaits is what every other command says.
func errWaits(h *holder.Holder) error {
	if w := h.Waiting(); !w.Settled.IsZero() {
		return hinted(errors.New("your record was restored or moved, another of your devices went on with it, and something that this one had seen is missing there"),
			`"carehold carry-on" says what is missing, and asks`)
	}
	return hinted(errors.New("your record was restored from a backup or brought here from another server, and waits for you"),
		`"carehold carry-on" says what that means, and asks; if nobody told you of it, ask whoever runs the server first`)
}

type carriedJSON struct {
	CarriedOn bool      `json:"carried_on"`
	Newest    time.Time `json:"newest,omitzero"`
	From      string    `json:"from_store,omitempty"`
	Entries   uint64    `json:"lost_log_entries"`
	Changes   uint64    `json:"lost_changes"`
	Forked    bool      `json:"forked"`
	Looked    time.Time `json:"last_looked,omitzero"`
	Ended     int       `json:"grants_ended"`
}

// carryOn says what it would mean, asks, and does it.
func (a *app) carryOn(ctx context.Context, h *holder.Holder, acceptLoss bool) (out carriedJSON, err error) {
	if h.Waiting() == nil {
		return out, nil
	}
	newest, err := h.Examine(ctx)
	if err != nil {
		return out, whatWasFound(err)
	}
	w := h.Waiting()
	if w == nil { // another device was faster
		return out, nil
	}
	out = carriedJSON{Newest: newest, From: hex.EncodeToString(w.Store[:]), Entries: w.Entries, Changes: uint64(w.Changes), Forked: w.Forked, Looked: h.Memory().Looked}
	for _, g := range h.Grants() {
		if g.State != holder.Ended {
			out.Ended++
		}
	}
	a.tellWaiting(h, *w, newest, out.Ended)
	if err := a.mayCarryOn(*w, acceptLoss); err != nil {
		return out, err
	}
	if err := h.CarryOn(ctx, w.Lost()); err != nil {
		return out, whatWasFound(err)
	}
	out.CarriedOn = true
	return out, nil
}

// tellWaiting is what a person reads before they answer.
func (a *app) tellWaiting(h *holder.Holder, w holder.Waiting, newest time.Time, grants int) {
	switch {
	case !w.Settled.IsZero():
		a.note("Another of your devices went on with your record, %s, after it was restored or moved.", local(w.Settled))
	case newest.IsZero():
		a.note("Your record was restored from a backup, or brought here from another server, and waits for you.")
	default:
		a.note("Your record was restored from a backup, or brought here from another server, and waits for you. It is as it was %s.", local(newest))
	}
	a.note("")
	switch {
	case w.Forked:
		a.note("What is there is NOT what this device saw: the history goes another way. That can be a backup that was restored twice, or somebody who changed the past. Ask whoever runs the server before you go on.")
	case w.Lost() && w.Changes > 0:
		a.note("Missing of what this device had seen: %s, and %s of your own to grants, devices or keys. A newer backup may have them: ask whoever runs the server before you go on.",
			plural(int(w.Entries), "entry of the log", "entries of the log"), plural(int(w.Changes), "change", "changes"))
		a.note("%s", strings.TrimSpace(sinceLooked(h.Memory())))
	case w.Lost():
		a.note("Missing of what this device had seen: %s. Whatever was written or read after that time is not there. A newer backup may have it: ask whoever runs the server before you go on.",
			plural(int(w.Entries), "entry of the log", "entries of the log"))
		a.note("%s", strings.TrimSpace(sinceLooked(h.Memory())))
	case w.Settled.IsZero():
		a.note("Nothing is missing of what this device had seen.%s", sinceLooked(h.Memory()))
	}
	if w.Settled.IsZero() {
		if grants > 0 {
			a.note("Every grant ends: %s.", plural(grants, "grant", "grants"))
		}
		a.note("These open your record, those that you removed since then included:")
		for _, s := range h.Slots() {
			a.note("  %s", joined(", ", slotWords(s), clean(s.Label), "added "+local(s.Created)))
		}
		a.note(`If one should not: carehold device remove NAME --stolen, as soon as your record goes on.`)
	}
	a.note("")
}

// sinceLooked is what no device can count: what it was not there for.
func sinceLooked(m holder.Memory) string {
	if m.Looked.IsZero() {
		return " When it last looked at the log is not known: what was added since is not counted."
	}
	return " It last looked at the log on " + local(m.Looked) + ": what was added since is not counted."
}

// mayCarryOn asks. Where something is missing, --yes is no answer: it must be said.
func (a *app) mayCarryOn(w holder.Waiting, acceptLoss bool) error {
	if !w.Lost() {
		if ok, err := a.confirm("Go on with it here?", false); err != nil || !ok {
			return declined(err)
		}
		return nil
	}
	if acceptLoss {
		return nil
	}
	lost := coded(exitIntegrity, errors.New("something that this device had seen of your record is missing, and nobody said that it may be lost"),
		`to go on without it: carehold carry-on --accept-loss`)
	t, err := a.terminal()
	if err != nil || a.yes {
		if err == nil {
			t.close()
		}
		return lost
	}
	t.close()
	question := fmt.Sprintf("Go on without what is missing (%s, %s)?", plural(int(w.Entries), "log entry", "log entries"), plural(int(w.Changes), "change", "changes"))
	if w.Forked {
		question = "Go on with another past than this device saw?"
	}
	if ok, err := a.confirm(question, false); err != nil || !ok {
		return declined(err)
	}
	return nil
}
