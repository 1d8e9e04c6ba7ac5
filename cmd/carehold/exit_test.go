package main

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"carehold/record"
	"carehold/record/holder"
)

// TestExitCode has the contract of docs/cli.md: what an error is decides, and that
// something was changed or lost goes before whatever else is said about it.
func TestExitCode(t *testing.T) {
	stopped, stop := context.WithCancel(t.Context())
	stop()
	damage := fmt.Errorf("after 3 of 9: %w", record.Safef(record.Integrity, "an entry does not open"))
	for name, c := range map[string]struct {
		ctx  context.Context
		err  error
		want int
	}{
		"integrity":                       {t.Context(), damage, 7},
		"integrity with a hint":           {t.Context(), hinted(damage, "go on"), 7},
		"integrity with another code":     {t.Context(), coded(exitFailed, damage, ""), 7},
		"integrity together with a fault": {t.Context(), errors.Join(errors.New("closing"), damage), 7},
		"integrity and a Ctrl-C":          {stopped, damage, 7},
		"a Ctrl-C":                        {stopped, context.Canceled, 130},
		"no way in":                       {t.Context(), holder.ErrNoSlot, 4},
		"not there":                       {t.Context(), record.Safef(record.NotFound, "x"), 5},
		"not in the grant":                {t.Context(), record.Safef(record.Forbidden, "x"), 6},
		"usage":                           {t.Context(), usagef("x"), 2},
		"anything else":                   {t.Context(), errors.New("x"), 1},
	} {
		if got := exitCode(c.ctx, c.err); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}
