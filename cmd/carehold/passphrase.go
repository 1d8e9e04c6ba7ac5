package main

import (
	"errors"

	"github.com/spf13/cobra"

	"carehold/crypto"
	"carehold/record/holder"
)

func (a *app) passphraseCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "passphrase",
		Short: "Change the passphrase on this device",
		Long: `Changes the passphrase that opens your record on this device. Your other devices
keep theirs, and the recovery code stays the same.`,
		Example: `  carehold passphrase
  carehold passphrase --passphrase-file old.txt --new-passphrase-file new.txt`,
		Args: nothing,
	}
	newFile := c.Flags().String("new-passphrase-file", "", "read the new passphrase from this `file`; - is stdin")
	a.deviceFlags(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		ctx := c.Context()
		u, err := a.unlock(ctx)
		if err != nil {
			return err
		}
		defer func() { u.close() }()
		secret, err := a.newPassphrase(*newFile, "--new-passphrase-file", "The new passphrase, at least 8 characters: ")
		if err != nil {
			return err
		}
		defer secret.Destroy()
		var old crypto.CapsuleID
		for _, s := range u.Slots() {
			if s.This {
				old = s.ID
			}
		}
		// First the new way in, and the file that opens it; then the old one goes,
		// by way of the new. Wherever this is interrupted, one of them opens.
		key, err := u.AddPassphraseSlot(ctx, secret, u.device.label)
		if err != nil {
			return err
		}
		u.device.key, u.device.memory = key, u.Memory()
		if err := u.device.save(); err != nil {
			return err
		}
		slot := crypto.PassphraseSlot(key, secret)
		h, err := holder.Unlock(ctx, u.client, slot, u.Memory())
		slot.Destroy()
		if err != nil {
			return err
		}
		u.Holder.Close()
		u.Holder = h
		if err := u.RemoveSlot(ctx, old); err != nil {
			return hinted(errors.Join(errors.New("the new passphrase opens your record, but the old one could not be removed"), err),
				`"carehold device list" shows both; "carehold device remove" removes the older one`)
		}
		if a.json {
			return a.summary(struct {
				Changed bool `json:"changed"`
			}{true})
		}
		a.say("The passphrase is changed; the old one opens nothing any more.")
		return nil
	}
	return c
}
