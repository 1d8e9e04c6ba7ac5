package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"carehold/record"
)

func (a *app) statusCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "status",
		Short: "Say how the server is, what is wrong and what to do",
		Long: `Says how a store and its server are: counts and sizes, and every problem that
can be seen, with what to do about it. It shows nothing of anybody's record, for
the operator cannot open one.

The exit code is 0 when nothing is wrong, and 1 when something is: also when no
server is running. With --quiet it prints the problems alone, or nothing.`,
		Example: `  carehold status
  carehold status --json`,
		Args: nothing,
	}
	settingFlags(c, "data", "node-key", "socket")
	c.RunE = func(c *cobra.Command, _ []string) error {
		s, err := a.settings(c)
		if err != nil {
			return err
		}
		st, err := operate(c.Context(), s, "GET", "/status", nil, func(o *operator) (serverStatus, error) { return o.status(c.Context()) })
		if errors.Is(err, record.Integrity) {
			return a.showRefused(s, err)
		}
		if err != nil {
			return err
		}
		if a.json {
			if err := a.summary(st); err != nil {
				return err
			}
		} else {
			a.showStatus(st)
		}
		if len(st.Problems) > 0 {
			return coded(exitFailed, fmt.Errorf("%s", plural(len(st.Problems), "problem", "problems")+" found"), "")
		}
		return nil
	}
	return c
}

func (a *app) showStatus(st serverStatus) {
	if a.quiet {
		a.showProblems(st.Problems)
		return
	}
	serving := "no server is running"
	if st.Serving {
		serving = fmt.Sprintf("at %s, since %s", st.Server, local(st.Since))
	}
	rows := [][]string{
		{"Serving", serving},
		{"Store", st.Data},
		{"Version", st.Version},
		{"People", thousands(st.People)},
		{"Live grants", thousands(st.Grants)},
		{"Room used", humanize.IBytes(st.Bytes)},
		{"Log entries", thousands(int(st.LogEntries))},
		{"Last written", whenOr(st.LastCommit, "nothing yet")},
		{"Last backup", whenOr(st.LastBackup, "never")},
		{"Last verified", whenOr(st.LastVerify, "never")},
	}
	if st.DiskFree >= 0 {
		rows = append(rows, []string{"Disk free", humanize.IBytes(uint64(st.DiskFree))})
	}
	if !st.CertificateUntil.IsZero() {
		rows = append(rows, []string{"Certificate", "good until " + local(st.CertificateUntil)})
	}
	a.table("", rows)
	a.say("")
	a.say("Public key, which signs its backups:") // whole: it is to be noted
	a.say("%s", st.Verifier)
	a.say("")
	if len(st.Problems) == 0 {
		a.say("Nothing is wrong.")
		return
	}
	a.showProblems(st.Problems)
}

func (a *app) showProblems(list []problem) {
	for _, p := range list {
		a.paragraph("Problem: ", p.What)
		a.paragraph("     Do: ", p.Do)
	}
}

func whenOr(t time.Time, never string) string {
	if t.IsZero() {
		return never
	}
	return local(t)
}
