package main

import (
	"errors"

	"github.com/spf13/cobra"

	"carehold/crypto"
)

func (a *app) newCodeCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "new-code",
		Short: "Make a new recovery code; the old one opens nothing any more",
		Long: `Makes a new recovery code, when the paper with the old one is lost or somebody
may have seen it. The old one opens nothing any more.`,
		Example: "  carehold device new-code",
		Args:    nothing,
	}
	out := c.Flags().String("recovery-out", "", "write the new recovery code to this new `file` instead of showing it")
	a.deviceFlags(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		if err := a.canShowRecovery(*out); err != nil {
			return err
		}
		u, err := a.unlock(c.Context())
		if err != nil {
			return err
		}
		defer u.close()
		code, err := u.ReplaceRecovery(c.Context())
		if err != nil {
			return err
		}
		if err := a.handOver(u.device, code, *out); err != nil {
			return err
		}
		if a.json {
			return a.summary(struct {
				Recovery string `json:"recovery_file,omitempty"`
			}{*out})
		}
		a.say("The new recovery code is good from now on; the old one opens nothing any more.")
		return nil
	}
	return c
}

// handOver shows a recovery code that was just made. Until it is confirmed the
// device file says so: whoever is interrupted here is told later what to do.
func (a *app) handOver(d *device, code crypto.RecoveryCode, out string) error {
	d.unconfirmed = true
	saved := d.save() // the code is good already: it is shown whatever comes of this
	if err := a.showRecovery(code, out); err != nil {
		return errors.Join(err, saved)
	}
	d.unconfirmed = false
	return d.save()
}
