package main

import (
	"context"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"carehold/record"
)

// resting is a record that waits, or is closed, as the operator is shown it.
type resting struct {
	Name  string    `json:"record"`
	State string    `json:"state"`          // "waits" or "closed"
	From  string    `json:"from,omitempty"` // the store that one that waits came from
	To    string    `json:"to,omitempty"`   // where one that is closed was to move
	Since time.Time `json:"since"`
	Bytes uint64    `json:"bytes"`
}

type forgetRequest struct {
	Record string `json:"record"`
}

func (o *operator) resting(ctx context.Context) ([]resting, error) {
	list, err := o.store.Resting(ctx)
	out := make([]resting, 0, len(list))
	for _, r := range list {
		x := resting{Name: r.Person.String(), State: "closed", To: r.To, Since: r.Since.UTC(), Bytes: r.Used}
		if r.Waiting {
			x.State, x.From = "waits", r.From.String()
		}
		out = append(out, x)
	}
	return out, err
}

func (o *operator) forget(ctx context.Context, q forgetRequest) (forgetRequest, error) {
	id, err := record.ParsePersonID(q.Record)
	if err != nil {
		return q, err
	}
	return q, o.store.Forget(ctx, id)
}

func (a *app) forgetCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "forget [RECORD]",
		Short: "Take away a record that waits, or that has moved",
		Long: `Without RECORD, lists the records that nobody changes on this server: those that
wait for their person to carry them on, and those that are closed because they
have moved to another server. With one, takes it away for good.

Whoever has an invite can bring a record here under any name, and until its
person carries it on no server can tell whose it is. If somebody's own record is
refused because one of its name waits here already, and they did not bring that,
take it away; then theirs can come. A record that comes back to a server that it
moved from needs the closed one taken away first.

A record that is closed was to move, and this server cannot know whether it
arrived: where the person's device stopped in the middle, it is the only whole
copy. Ask them first.

What was restored from a backup waits too, and is then in the backup alone. What
is in use is not taken away.`,
		Example: `  carehold forget
  carehold forget 5f0c2b7a41e39d8806d1a4c7b2e95f13`,
		Args: cobra.MaximumNArgs(1),
	}
	settingFlags(c, "data", "node-key", "socket")
	c.RunE = func(c *cobra.Command, args []string) error {
		s, err := a.settings(c)
		if err != nil {
			return err
		}
		if len(args) == 1 {
			return a.forget(c.Context(), s, args[0])
		}
		list, err := operate(c.Context(), s, "GET", "/resting", nil, func(o *operator) ([]resting, error) { return o.resting(c.Context()) })
		if err != nil {
			return err
		}
		return a.showResting(list)
	}
	return c
}

func (a *app) forget(ctx context.Context, s *settings, name string) error {
	if _, err := record.ParsePersonID(name); err != nil {
		return usage(err)
	}
	list, err := operate(ctx, s, "GET", "/resting", nil, func(o *operator) ([]resting, error) { return o.resting(ctx) })
	if err != nil {
		return err
	}
	question := "Take it away?"
	for _, r := range list {
		if strings.EqualFold(r.Name, name) && r.To != "" {
			question = "It was to move to " + clean(r.To) + ", and may be the only whole copy. Take it away?"
			a.note("It was closed here to move to %s. This server cannot know whether it arrived: if the person's device stopped in the middle, this is the only whole copy. Ask them first: on their device, \"carehold check\" must hold at the new address, and their other devices must have followed (carehold device server %s), which they can only while it is still here.", r.To, r.To)
		}
	}
	a.note("The record %s is taken away for good. If it was restored from a backup, it is in the backup alone then.", name)
	if ok, err := a.confirm(question, false); err != nil || !ok {
		return declined(err)
	}
	q := forgetRequest{name}
	if _, err := operate(ctx, s, "POST", "/forget", q, func(o *operator) (forgetRequest, error) { return o.forget(ctx, q) }); err != nil {
		return err
	}
	if a.json {
		return a.summary(q)
	}
	a.say("The record %s is not here any more.", name)
	return nil
}

func (a *app) showResting(list []resting) error {
	if a.json {
		for _, r := range list {
			if err := a.item(r); err != nil {
				return err
			}
		}
		return a.summary(struct {
			Count int `json:"count"`
		}{len(list)})
	}
	if len(list) == 0 {
		a.say("No record waits here, and none is closed.")
		return nil
	}
	rows := make([][]string, 0, len(list))
	for _, r := range list {
		state := r.State
		if r.From != "" {
			state += ", from store " + r.From
		}
		if r.To != "" {
			state += ", to " + r.To
		}
		rows = append(rows, []string{r.Name, state, "here since " + local(r.Since), humanize.IBytes(r.Bytes)})
	}
	a.table("", rows)
	return nil
}
