package main

import (
	"errors"
	"fmt"
	"time"

	"carehold/record/holder"
)

type takenBackJSON struct {
	CarriedOn bool      `json:"carried_on"`
	WoundBack bool      `json:"wound_back"`
	Newest    time.Time `json:"newest,omitzero"`
	Taken     time.Time `json:"operator_accepted,omitzero"`
	Entries   uint64    `json:"lost_log_entries"`
	Changes   uint64    `json:"lost_changes"`
	Forked    bool      `json:"forked"`
}

// takeBack is for a server that shows less than this device had seen, and is the same
// server: it says what is missing and what that undoes, and forgets what the device saw
// when the person says so. u is not closed as others are: that would keep its memory.
func (a *app) takeBack(u *unlocked, w holder.WoundBack, accept bool) error {
	defer u.Holder.Close()
	a.tellBack(u, w)
	if err := a.mayTakeBack(w, accept); err != nil {
		return err
	}
	d := u.device
	d.memory, d.accepted = u.Memory(), true
	if err := d.save(); err != nil {
		return err
	}
	if a.json {
		return a.summary(takenBackJSON{true, true, w.Newest, w.Taken, w.Entries, uint64(w.Changes), w.Forked})
	}
	a.say("This device takes the server as it is now.")
	struck := 0
	for _, g := range u.Grants() {
		if g.State == holder.Struck {
			struck++
		}
	}
	if struck > 0 {
		a.note("%s stopped at the server: carehold grant makes anew those you want.", plural(struck, "grant was", "grants were"))
	}
	a.note("Next: carehold grants, carehold device list, carehold history: stop again what you had stopped, and remove again what you had removed.")
	return nil
}

func (a *app) tellBack(u *unlocked, w holder.WoundBack) {
	a.note("The server %s shows less of your record than this device had seen. It was put back to an older state: by whoever runs it, who had to, or by somebody who wants to undo what you did. This device cannot tell which.", u.device.server)
	if w.Taken.IsZero() {
		a.note("Nothing in the history says that whoever runs it accepted a loss.")
	} else {
		a.note("The history says that whoever runs it accepted a loss, %s.", local(w.Taken))
	}
	a.note("")
	if w.Forked {
		a.note("Changes were made there that this device did not see: by another of your devices since, or by somebody who changed the past.")
	}
	a.note("Missing of what this device had seen: up to %s, and up to %s of your own to grants, devices or keys.%s",
		plural(int(w.Entries), "entry of the log", "entries of the log"), plural(int(w.Changes), "change", "changes"), sinceLooked(u.device.memory))
	if !w.Newest.IsZero() {
		a.note("It is surely as this device saw it until %s.", local(w.Newest))
	}
	a.note("What you did after that is undone: a grant that you stopped may be open again, and a way to unlock that you removed opens your record again. These are there:")
	for _, g := range u.Grants() {
		if g.State != holder.Ended && !g.Grant.Self {
			state := ""
			switch g.State {
			case holder.Struck:
				state = ", stopped at the server"
			case holder.Over:
				state = ", its time ran out"
			}
			a.note("  grant to %s%s", partyName(g.Grant.To), state)
		}
	}
	for _, s := range u.Slots() {
		a.note("  %s", joined(", ", slotWords(s), clean(s.Label), "added "+local(s.Created)))
	}
	a.note("If nobody told you of it, do not go on: ask whoever runs the server first.")
	a.note("")
}

// mayTakeBack asks; --yes is no answer.
func (a *app) mayTakeBack(w holder.WoundBack, accept bool) error {
	if accept {
		return nil
	}
	lost := coded(exitIntegrity, errors.New("something that this device had seen of your record is missing, and nobody said that it may be lost"),
		"to go on without it: carehold carry-on --accept-loss")
	t, err := a.terminal()
	if err == nil {
		t.close()
	}
	if err != nil || a.yes {
		return lost
	}
	question := fmt.Sprintf("Go on without what is missing (up to %s, up to %s)?", plural(int(w.Entries), "log entry", "log entries"), plural(int(w.Changes), "change", "changes"))
	if ok, err := a.confirm(question, false); err != nil || !ok {
		return declined(err)
	}
	return nil
}
