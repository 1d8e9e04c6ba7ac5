package main

import (
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"
)

// minQuota is what a record with nothing but its keys and its history soon takes.
const minQuota = 1 << 20

func (a *app) inviteCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "invite",
		Short: "Let one person make a record on this server",
		Long: `Prints an invite: a word that lets one person make one record on this server.
It is good once, and until it expires. Give it to them in a way that others do
not read; whoever has it first can use it.

The operator never gets a way into the record: its keys are made on the person's
own device.`,
		Example: `  carehold invite
  carehold invite --quota 10GiB --expires 7d`,
		Args: nothing,
	}
	quota := c.Flags().String("quota", "4GiB", "the most `room` the record may take")
	expires := c.Flags().String("expires", "24h", "how `long` the invite is good: 2h, 7d")
	settingFlags(c, "data", "node-key", "socket")
	c.RunE = func(c *cobra.Command, _ []string) error {
		bytes, err := humanize.ParseBytes(*quota)
		if err != nil || bytes == 0 {
			return usagef("--quota %s is no amount of room, such as 4GiB or 500MB", *quota)
		}
		if bytes < minQuota {
			return usagef("--quota %s is too little for a record: at least 1 MiB", *quota)
		}
		lasts, err := parseDuration(*expires)
		if err != nil || lasts <= 0 || lasts > 366*24*time.Hour {
			return usagef("--expires %s is no time such as 24h or 7d, or is more than a year", *expires)
		}
		s, err := a.settings(c)
		if err != nil {
			return err
		}
		q := inviteRequest{bytes, lasts}
		answer, err := operate(c.Context(), s, "POST", "/invite", q, func(o *operator) (inviteAnswer, error) { return o.invite(c.Context(), q) })
		if err != nil {
			return err
		}
		if a.json {
			return a.summary(answer)
		}
		a.say("%s", answer.Invite)
		a.note("")
		server := answer.Server
		if server == "" {
			server = "URL"
			a.note("Good once, until %s. The person makes their record with this, and types the invite when asked:", local(answer.Until))
		} else { // behind the #, which no browser sends
			a.note("Good once, until %s. The person makes their record in a browser:", local(answer.Until))
			a.aside("  %s/start#%s", strings.TrimSuffix(server, "/"), answer.Invite)
			a.note("Or with this program, and types the invite when asked:")
		}
		a.aside("  carehold enrol --server %s", server)
		return nil
	}
	return c
}
