package main

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"
)

// clockStatus is what the store knows of the clock.
type clockStatus struct {
	Clock    time.Time `json:"clock"`
	Mark     time.Time `json:"mark,omitzero"` // the latest time it has believed
	Wrong    string    `json:"wrong,omitempty"`
	Accepted bool      `json:"accepted"`
}

// clock looks at the clock, and accepts it when told to.
func (o *operator) clock(ctx context.Context, accept bool) (clockStatus, error) {
	if accept {
		if err := o.store.AcceptClock(ctx); err != nil {
			return clockStatus{}, err
		}
	}
	c := o.store.Clock()
	return clockStatus{c.Now.UTC().Truncate(time.Second), c.Mark.UTC().Truncate(time.Second), c.Wrong, accept}, nil
}

func (a *app) clockCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "clock",
		Short: "Say whether the store believes this machine's clock",
		Long: `Grants end at a time, so a clock that is set back would bring them back to life.
A store remembers the latest time it has seen, and opens nothing while the clock
is more than five minutes before that. It goes on by itself when the clock is
right again: nothing needs to be restarted.

If the clock was far ahead once, the latest time seen has not come yet, and the
store would wait for it. Set the clock right, then say --accept: the store takes
the time as it is now. Everybody sees in their history that you did. What had
ended by the wrong time alone opens again, unless it was swept away.`,
		Example: `  carehold clock
  carehold clock --accept`,
		Args: nothing,
	}
	accept := c.Flags().Bool("accept", false, "take the clock as it is now for right")
	settingFlags(c, "data", "node-key", "socket")
	c.RunE = func(c *cobra.Command, _ []string) error {
		s, err := a.settings(c)
		if err != nil {
			return err
		}
		ask := func(method string, accept bool) (clockStatus, error) {
			return operate(c.Context(), s, method, "/clock", nil, func(o *operator) (clockStatus, error) { return o.clock(c.Context(), accept) })
		}
		st, err := ask("GET", false)
		if err != nil {
			return err
		}
		if *accept && st.Wrong != "" {
			a.note("The clock says %s. The latest time that this store has seen is %s.", local(st.Clock), whenOr(st.Mark, "none"))
			if ok, asked := a.confirm("Is the clock right now?", false); asked != nil || !ok {
				return declined(asked)
			}
			if st, err = ask("POST", true); err != nil {
				return err
			}
		} else if *accept {
			return errors.New("there is nothing wrong with the clock, and nothing was changed")
		}
		if a.json {
			if err := a.summary(st); err != nil {
				return err
			}
		} else {
			a.table("", [][]string{{"Clock", local(st.Clock)}, {"Latest seen", whenOr(st.Mark, "none")}})
			switch {
			case st.Accepted:
				a.say("")
				a.say("The clock is believed from now on, and everybody can see that it was accepted.")
			case st.Wrong == "":
				a.say("")
				a.say("Nothing is wrong.")
			}
		}
		if st.Wrong != "" {
			return hinted(errors.New("the clock is wrong, and nothing opens: "+st.Wrong),
				`set it right, and all goes on by itself; if it is right now: "carehold clock --accept"`)
		}
		return nil
	}
	return c
}
