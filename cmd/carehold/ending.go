package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"
)

// ending is how a person says until when: for how long, until a day, or until they stop
// it.
type ending struct{ lasts, until string }

func (e *ending) flags(c *cobra.Command, what string) {
	c.Flags().StringVar(&e.lasts, "for", "", "how `long`: a number with min, h, d, w or y (1d, 90d), or until-stopped"+what)
	c.Flags().StringVar(&e.until, "until", "", "until the end of this `day`, such as 2027-01-31, or until a time, such as \"2027-01-31 15:00\"")
	c.MarkFlagsMutuallyExclusive("for", "until")
	_ = c.RegisterFlagCompletionFunc("for", completeDurations)
	_ = c.RegisterFlagCompletionFunc("until", noFiles)
}

// said reports whether anything was.
func (e ending) said() bool { return e.lasts != "" || e.until != "" }

// read is what was said: how long, or until when, or neither, until it is stopped.
func (e ending) read(now time.Time) (lasts time.Duration, until time.Time, err error) {
	switch {
	case e.until != "":
		if until, err = parseUntil(e.until); err == nil && !until.After(now) {
			err = fmt.Errorf("%s is over already", e.until)
		}
	case e.lasts != "until-stopped" && e.lasts != "":
		lasts, err = parseLasting(e.lasts)
	}
	if err != nil {
		err = usage(err)
	}
	return lasts, until, err
}

// parseUntil reads a day, which is meant to its end, or a time.
func parseUntil(s string) (time.Time, error) {
	if t, err := time.ParseInLocation("2006-01-02", s, time.Local); err == nil {
		return t.AddDate(0, 0, 1), nil
	}
	for _, form := range []string{"2006-01-02 15:04", "2006-01-02T15:04"} {
		if t, err := time.ParseInLocation(form, s, time.Local); err == nil {
			return t, nil
		}
	}
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t, nil
	}
	return time.Time{}, fmt.Errorf("--until %s is no day such as 2027-01-31, and no time such as \"2027-01-31 15:00\"", s)
}
