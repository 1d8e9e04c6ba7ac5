package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"carehold/crypto"
	"carehold/record/holder"
)

func (a *app) deviceCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "device",
		Short: "See, add and remove the ways into your record",
		Long: `Your record can be opened in several ways: with the passphrase on each of your
devices, and with the recovery code. This lists, adds and removes them.`,
		Example: `  carehold device list
  carehold device add --server https://record.example.org
  carehold device remove laptop
  carehold device new-code
  carehold device server https://records.example.net`,
		Args: knownCommand,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(a.deviceListCommand(), a.deviceAddCommand(), a.deviceRemoveCommand(), a.newCodeCommand(), a.deviceServerCommand())
	return c
}

func (a *app) deviceListCommand() *cobra.Command {
	c := &cobra.Command{
		Use:     "list",
		Short:   "List the ways into your record",
		Example: "  carehold device list",
		Args:    nothing,
		RunE: func(c *cobra.Command, _ []string) error {
			u, err := a.unlock(c.Context())
			if err != nil {
				return err
			}
			defer u.close()
			rows := [][]string{}
			for _, s := range u.Slots() {
				if a.json {
					if err := a.item(struct {
						ID      string `json:"id"`
						Kind    string `json:"kind"`
						Label   string `json:"label"`
						Created string `json:"created"`
						This    bool   `json:"this"`
					}{slotID(s), slotKind(s), s.Label, s.Created.UTC().Format("2006-01-02T15:04:05Z"), s.This}); err != nil {
						return err
					}
				}
				label := s.Label
				if s.This {
					label += " (this one)"
				}
				rows = append(rows, []string{slotID(s)[:8], slotWords(s), local(s.Created), label})
			}
			if !a.json {
				a.table("", rows)
			}
			return nil
		},
	}
	a.deviceFlags(c)
	return c
}

func slotID(s holder.SlotInfo) string { return hex.EncodeToString(s.ID[:]) }

func slotKind(s holder.SlotInfo) string {
	switch s.Kind {
	case crypto.SlotPassphrase:
		return "passphrase"
	case crypto.SlotPasskey:
		return "passkey"
	case crypto.SlotRecovery:
		return "recovery"
	}
	return "unknown"
}

func slotWords(s holder.SlotInfo) string {
	if s.Kind == crypto.SlotRecovery {
		return "recovery code"
	}
	return slotKind(s)
}

// comeIn is what "device add" and "recover" share: opening the record with the
// recovery code and giving this device a passphrase of its own.
type comeIn struct {
	server, label, recoveryFile, recoveryOut *string
	newCode                                  bool
}

func (a *app) comeInFlags(c *cobra.Command, in *comeIn) {
	f := c.Flags()
	in.server = f.String("server", "", "the server's `address`: https:// and its name")
	in.label = f.String("label", "", "the `name` to call this device by (default: its host name)")
	in.recoveryFile = f.String("recovery-file", "", "read the recovery code from this `file`; - is stdin")
	a.deviceFlags(c)
}

func (a *app) deviceAddCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "add",
		Short: "Open your record on this new device, with the recovery code",
		Long: `On a new device: opens your record with the recovery code, and gives this device
a passphrase of its own. Your other devices go on as before.

The passphrase may be another than on your other devices. What this device keeps
is made here and sent nowhere.`,
		Example: `  carehold device add --server https://record.example.org
  carehold device add --server https://record.example.org --label tablet
  carehold device add --server https://nas.lan --ca-file root.crt`,
		Args: nothing,
	}
	var in comeIn
	a.comeInFlags(c, &in)
	c.RunE = func(c *cobra.Command, _ []string) error { return a.comeIn(c.Context(), in) }
	return c
}

func (a *app) recoverCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "recover",
		Short: "Open your record again with the recovery code",
		Long: `Opens your record with the recovery code, when the device or the passphrase is
lost, and gives this device a new passphrase. It works like "device add", and
then makes a new recovery code: the old one was used, and may have been seen.

On a device that has the record already, and whose passphrase is forgotten, it
needs no --server, and what the device has seen of the record is kept. The
forgotten passphrase is then still a way in: carehold device remove ID

If the old device was stolen: carehold device remove NAME --stolen (or its ID)`,
		Example: `  carehold recover --server https://record.example.org
  carehold recover --server https://nas.lan --ca-file root.crt
  carehold recover`,
		Args: nothing,
	}
	in := comeIn{newCode: true}
	a.comeInFlags(c, &in)
	in.recoveryOut = c.Flags().String("recovery-out", "", "write the new recovery code to this new `file` instead of showing it")
	c.RunE = func(c *cobra.Command, _ []string) error { return a.comeIn(c.Context(), in) }
	return c
}

func (a *app) comeIn(ctx context.Context, in comeIn) error {
	d, known, err := a.deviceFor(in)
	if err != nil {
		return err
	}
	if in.newCode {
		if err := a.canShowRecovery(*in.recoveryOut); err != nil {
			return err
		}
	}
	c, err := d.reach()
	if err != nil {
		return err
	}
	// An address or a certificate that is wrong is told before anybody has typed
	// eight groups, and before the code has been out of its drawer.
	if _, err := c.Node(ctx); err != nil {
		return err
	}
	code, err := a.recoveryCode(*in.recoveryFile)
	if err != nil {
		return err
	}
	slot := code.Slot()
	h, err := holder.Unlock(ctx, c, slot, d.memory)
	slot.Destroy()
	if errors.Is(err, holder.ErrNoSlot) {
		return coded(exitLocked, errors.New("this recovery code opens no record on this server"),
			"is it the newest one, and is this the right server")
	}
	if err != nil {
		return err
	}
	defer h.Close()
	if h.Waiting() != nil {
		if _, err := a.carryOn(ctx, h, false); err != nil {
			return err
		}
	}
	secret, err := a.newPassphrase(a.source(a.passphraseFile, credentialPassphrase), "--passphrase-file", "A passphrase for this device, at least 8 characters: ")
	if err != nil {
		return err
	}
	defer secret.Destroy()
	if d.key, err = h.AddPassphraseSlot(ctx, secret, d.label); err != nil {
		return err
	}
	d.memory = h.Memory()
	if err := d.save(); err != nil {
		return err
	}
	if in.newCode {
		fresh, err := h.ReplaceRecovery(ctx)
		d.memory = h.Memory()
		if err != nil {
			return errors.Join(err, d.save())
		}
		if err := a.handOver(d, fresh, *in.recoveryOut); err != nil {
			return err
		}
	}
	if a.json {
		return a.summary(struct {
			Server string `json:"server"`
			Device string `json:"device"`
		}{d.server, d.path})
	}
	a.say("Your record is open on this device.")
	if known {
		a.note("The forgotten passphrase is a way in as well, for whoever remembers it: \"carehold device list\" shows both, and \"carehold device remove ID\" removes the older one.")
		return nil
	}
	a.note("This device has not seen your record before: it took the server's word that what it shows is the newest.")
	return nil
}

// deviceFor is the device file to come in with. To recover may be to have
// forgotten the passphrase of this device: what it has seen of the record must not
// be forgotten with it, for by that an older state of the record is known.
func (a *app) deviceFor(in comeIn) (d *device, known bool, err error) {
	if path, err := a.statePath(); err != nil {
		return nil, false, err
	} else if _, err := os.Stat(path); in.newCode && err == nil {
		if d, err = a.loadDevice(); err != nil {
			return nil, false, err
		}
		if *in.server == "" || strings.TrimRight(*in.server, "/") == strings.TrimRight(d.server, "/") {
			d.label = first(*in.label, d.label)
			return d, true, nil
		}
	}
	if *in.server == "" {
		return nil, false, usagef("--server is needed: the address of the server your record is on")
	}
	d, err = a.newDevice(*in.server, *in.label)
	return d, false, err
}

func (a *app) recoveryCode(file string) (crypto.RecoveryCode, error) {
	read := func() (string, error) {
		b, err := a.readSecretFile(file)
		return string(b), err
	}
	if file == "" {
		t, err := a.terminal()
		if err != nil {
			return crypto.RecoveryCode{}, noTerminal("the recovery code", "--recovery-file")
		}
		defer t.close()
		read = func() (string, error) {
			b, err := t.secret("Your recovery code, eight groups (it is not shown): ")
			return string(b), err
		}
	}
	text, err := read()
	if err != nil {
		return crypto.RecoveryCode{}, err
	}
	code, err := crypto.ParseRecoveryCode(text)
	if err != nil {
		return code, coded(exitLocked, err, "letters and digits only; 0 and O, 1 and I are taken for each other")
	}
	return code, nil
}

func (a *app) deviceRemoveCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "remove NAME|ID",
		Short: "Remove a way into your record, and renew the root key",
		Long: `Removes a way into your record: a device you no longer use. It opens nothing
from now on, and the root key is made new for the others. Where several are
called alike, name it by the ID that "carehold device list" shows. The only
recovery code is not removed for the asking: "carehold device new-code" replaces
it.

With --stolen also everything that the device may have copied is made useless:
all keys are made new, and every grant ends; you make again those you want. What
was read before stays read.`,
		Example: `  carehold device remove laptop
  carehold device remove 3f2a91bc --stolen`,
		Args: exactly(1, "the name of a device, or an id"),
	}
	stolen := c.Flags().Bool("stolen", false, "make all keys new and end every grant")
	a.deviceFlags(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		u, err := a.unlock(c.Context())
		if err != nil {
			return err
		}
		defer u.close()
		s, err := findSlot(u.Slots(), args[0])
		if err != nil {
			return err
		}
		// Devices may all be called alike: id and date tell which it is.
		question := fmt.Sprintf("Remove %s (%s %s, added %s)", s.Label, slotWords(s), slotID(s)[:8], local(s.Created))
		if *stolen {
			question += ", make all keys new and end every grant"
		}
		question += "?"
		if lastCode(u.Slots(), s) {
			err = a.withoutCode()
		} else if ok, asked := a.confirm(question, false); asked != nil || !ok {
			err = declined(asked)
		}
		if err != nil {
			return err
		}
		if *stolen {
			var keep []crypto.CapsuleID
			for _, other := range u.Slots() {
				if other.ID != s.ID {
					keep = append(keep, other.ID)
				}
			}
			err = u.Evict(c.Context(), keep...)
		} else {
			err = u.RemoveSlot(c.Context(), s.ID)
		}
		if err != nil {
			return err
		}
		if a.json {
			return a.summary(struct {
				Removed string `json:"removed"`
			}{slotID(s)})
		}
		a.say("%s opens nothing any more.", clean(s.Label))
		return nil
	}
	return c
}

// lastCode reports whether no recovery code is left when s is gone.
func lastCode(slots []holder.SlotInfo, s holder.SlotInfo) bool {
	if s.Kind != crypto.SlotRecovery {
		return false
	}
	return !slices.ContainsFunc(slots, func(o holder.SlotInfo) bool { return o.Kind == crypto.SlotRecovery && o.ID != s.ID })
}

const withoutCodeText = "no recovery code"

// withoutCode asks whether the record is to be without a recovery code. --yes is
// no answer to this: a script must not shut somebody out by the way.
func (a *app) withoutCode() error {
	const why, hint = "this is the only recovery code: without one, whoever loses their devices loses the record",
		`"carehold device new-code" makes a new one, and the old one then opens nothing`
	t, err := a.terminal()
	if a.yes || err != nil {
		if err == nil {
			t.close()
		}
		return coded(exitFailed, errors.New(why), hint+"; to be without, answer at a terminal")
	}
	defer t.close()
	fmt.Fprint(t.out, wrap("", sentence(why), 80))
	fmt.Fprint(t.out, wrap("", sentence(hint), 80))
	typed, err := t.line(fmt.Sprintf("To be without one all the same, type %q: ", withoutCodeText))
	if err == nil && typed != withoutCodeText {
		err = hinted(declined(nil), hint)
	}
	return err
}

// findSlot finds a way in by its label, or by the beginning of its id.
func findSlot(slots []holder.SlotInfo, name string) (holder.SlotInfo, error) {
	var found []holder.SlotInfo
	for _, s := range slots {
		if s.Label == name || len(name) >= 4 && strings.HasPrefix(slotID(s), name) {
			found = append(found, s)
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return holder.SlotInfo{}, coded(exitNotFound, fmt.Errorf("there is no way in called %q", name), `"carehold device list" lists them`)
	}
	return holder.SlotInfo{}, coded(exitUsage, fmt.Errorf("more than one way in is called %q", name), `use the id that "carehold device list" shows`)
}

// declined is for a question that was answered with no.
func declined(err error) error {
	if err != nil {
		return err
	}
	return errors.New("nothing was changed")
}
