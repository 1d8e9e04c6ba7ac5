package main

import (
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"carehold/record"
	"carehold/record/audit"
)

func (a *app) checkCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "check",
		Short: "Check that nothing in your record's history was changed or lost",
		Long: `Fetches the whole history of your record and believes none of it: every entry
must open with your keys, your own changes must all be there in their order, all
together must give the number that the server signed, and what this device saw
before must be the beginning of it.

Compare the checkpoint it prints with that on another of your devices: if they
differ at the same size, the server shows two histories.

The exit code is 7 when it does not hold. Then change nothing, and keep this
device's file: it is the evidence.`,
		Example: `  carehold check
  carehold check --json`,
		Args: nothing,
	}
	a.deviceFlags(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		ctx := c.Context()
		u, err := a.unlock(ctx)
		if err != nil {
			return err
		}
		defer u.close()
		seen := u.Memory().Head()
		// Not signIn: what a check finds must not be written over by tidying first.
		token, _, err := u.SignIn(ctx)
		if err != nil {
			return err
		}
		u.token, u.session = token, u.client.With(token)
		report, err := u.Check(ctx, token)
		if err != nil {
			return whatWasFound(err)
		}
		if a.json {
			return a.summary(struct {
				Holds      bool   `json:"holds"`
				Size       uint64 `json:"size"`
				Root       string `json:"root"`
				Statements uint64 `json:"statements"`
				SeenBefore uint64 `json:"seen_before"`
				Verifier   string `json:"verifier"`
			}{true, report.Head.Size, hex.EncodeToString(report.Head.Root[:]), uint64(report.Statements), seen.Size, u.Memory().Verifier})
		}
		a.say("It holds: nothing was changed, left out or put in another order.")
		a.say("")
		before := "this device had not checked before"
		if seen.Size > 0 {
			before = fmt.Sprintf("the first %s are those this device checked before", thousands(int(seen.Size)))
		}
		a.table("", [][]string{
			{"Entries in the log", thousands(int(report.Head.Size))},
			{"Your own changes", thousands(int(report.Statements))},
			{"Compared with", before},
			{"Checkpoint", fmt.Sprintf("%d %s", report.Head.Size, shortRoot(report.Head.Root[:]))},
		})
		a.note("")
		a.note("What it cannot show: that the server has not left out the newest entries, and what happened before a device first saw the record.")
		return nil
	}
	return c
}

// shortRoot is enough of a root to compare by eye: 80 bits in groups of four.
func shortRoot(root []byte) string {
	text := hex.EncodeToString(root[:10])
	out := ""
	for i := 0; i < len(text); i += 4 {
		if i > 0 {
			out += " "
		}
		out += text[i : i+4]
	}
	return out
}

// whatWasFound says plainly that this is no network fault.
func whatWasFound(err error) error {
	if t, ok := errors.AsType[*audit.Tampered](err); ok {
		return &failure{err: fmt.Errorf("the history of this record was changed: %s (this device had seen %d entries, the server shows %d): %w",
			t.Why, t.Seen.Size, t.Now.Size, errIntegrity{err}), code: exitIntegrity}
	}
	if errors.Is(err, record.Integrity) {
		return &failure{err: err, code: exitIntegrity}
	}
	return err
}

// errIntegrity keeps a cause without its text.
type errIntegrity struct{ cause error }

func (e errIntegrity) Error() string { return "this is not a fault of the network" }
func (e errIntegrity) Unwrap() error { return e.cause }
