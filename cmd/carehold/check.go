package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/dustin/go-humanize"
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

With --all it also fetches the whole record as the server keeps it, sealed, and
opens every version of every entry with your keys on this device: nothing may be
missing, nothing another, and the entries must be those that your log knows. It
takes as long as downloading all of it. Do it once in a while, and after a
restore or a move.

The exit code is 7 when it does not hold. Then change nothing, and keep this
device's file: it is the evidence.`,
		Example: `  carehold check
  carehold check --all
  carehold check --json`,
		Args: nothing,
	}
	all := c.Flags().Bool("all", false, "fetch the whole record, and open every version of every entry")
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
		if *all {
			return a.showCheckAll(ctx, u)
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

// showCheckAll opens all of the record, and says what came of it.
func (a *app) showCheckAll(ctx context.Context, u *unlocked) error {
	step, done := func() {}, func() {}
	if a.atTerminal() && !a.json { // how many versions there are shows at the end only
		p := a.progress("Opening", -1)
		step, done = func() { p.add(1) }, p.finish
	}
	out, err := u.checkAll(ctx, step)
	done()
	if err != nil {
		return whatWasFound(err)
	}
	if a.json {
		if err := a.summary(struct {
			Holds      bool     `json:"holds"`
			Entries    uint64   `json:"entries"`
			Versions   uint64   `json:"versions"`
			Size       uint64   `json:"size"`
			Root       string   `json:"root"`
			Statements uint64   `json:"statements"`
			Epochs     uint64   `json:"epochs"`
			Bytes      uint64   `json:"bytes"`
			Damage     uint64   `json:"damage"`
			Damaged    []string `json:"damaged,omitempty"`
		}{out.damage == 0, out.entries, out.versions, out.head.Size, hex.EncodeToString(out.head.Root[:]), uint64(out.statements),
			uint64(out.epochs), out.bytes, out.damage, out.named}); err != nil {
			return err
		}
	} else if out.damage > 0 {
		a.say("It does NOT hold. Damaged, %s:", plural(int(out.damage), "thing", "things"))
		for _, text := range out.named {
			a.paragraph("  ", sentence(clean(text)))
		}
		if more := out.damage - uint64(len(out.named)); more > 0 {
			a.say("  and %d more", more)
		}
	} else {
		a.say("It holds: every version of every entry opens, and nothing was changed or left out.")
		a.say("")
		a.table("", [][]string{
			{"Entries", thousands(int(out.entries))},
			{"Versions opened", thousands(int(out.versions))},
			{"Entries in the log", thousands(int(out.head.Size))},
			{"Your own changes", thousands(int(out.statements))},
			{"Fetched, sealed", humanize.IBytes(out.bytes)},
			{"Checkpoint", fmt.Sprintf("%d %s", out.head.Size, shortRoot(out.head.Root[:]))},
		})
	}
	if out.damage > 0 {
		return &failure{err: record.Safef(record.Integrity, "something of this record is damaged"), code: exitIntegrity,
			hint: `change nothing now, keep this device's file, and tell whoever runs the server: they have "carehold verify", and backups`}
	}
	return nil
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
