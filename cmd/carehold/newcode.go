package main

import (
	"errors"

	"github.com/spf13/cobra"
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
		if err := a.showRecovery(code, *out); err != nil {
			return hinted(errors.Join(errors.New("the new recovery code is made, and was not written down"), err), `make another: "carehold device new-code"`)
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
