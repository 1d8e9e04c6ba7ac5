package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"carehold/crypto"
	"carehold/record/holder"
)

func (a *app) enrolCommand() *cobra.Command {
	c := &cobra.Command{
		Use:     "enrol",
		Aliases: []string{"enroll"},
		Short:   "Make a record for yourself on a server",
		Long: `Makes a new, empty record on a server, and its keys on this device.

You need an invite from whoever runs the server, and a passphrase that you make
up now. You get a recovery code to write down: with it you can open your record
on another device, or when the passphrase is forgotten. Nobody else can, the
people who run the server included. If both are lost, the record is lost.`,
		Example: `  carehold enrol --server https://record.example.org
  carehold enrol --server http://127.0.0.1:8470 --invite-file invite.txt \
    --passphrase-file pass.txt --recovery-out recovery.txt`,
		Args: nothing,
	}
	f := c.Flags()
	server := f.String("server", "", "the server's `address`: https:// and its name")
	inviteFile := f.String("invite-file", "", "read the invite from this `file`; - is stdin")
	recoveryOut := f.String("recovery-out", "", "write the recovery code to this new `file` instead of showing it")
	label := f.String("label", "", "the `name` to call this device by (default: its host name)")
	a.deviceFlags(c)
	c.RunE = func(cmd *cobra.Command, _ []string) error {
		if *server == "" {
			return usagef("--server is needed: the address that whoever runs the server gave you")
		}
		d, err := a.newDevice(*server, *label)
		if err != nil {
			return err
		}
		if err := a.canShowRecovery(*recoveryOut); err != nil {
			return err
		}
		// An address or a certificate that is wrong is told before anybody has typed anything.
		if c, err := d.reach(); err != nil {
			return err
		} else if _, err := c.Node(cmd.Context()); err != nil {
			return err
		}
		invite, err := a.invite(*inviteFile)
		if err != nil {
			return err
		}
		passphrase, err := a.newPassphrase(a.source(a.passphraseFile, credentialPassphrase), "--passphrase-file", "A passphrase for your record, at least 8 characters: ")
		if err != nil {
			return err
		}
		defer passphrase.Destroy()
		return a.enrol(cmd.Context(), d, invite, passphrase, *recoveryOut)
	}
	return c
}

// deviceFlags are those of every command that opens the record.
func (a *app) deviceFlags(c *cobra.Command) {
	c.Flags().StringVar(&a.state, "state", "", "this device's `file` (default: device.json in $XDG_STATE_HOME/carehold)")
	c.Flags().StringVar(&a.passphraseFile, "passphrase-file", "", "read the passphrase from this `file`; - is stdin")
	c.Flags().StringVar(&a.caFile, "ca-file", "", "believe the certificate authority in this `file` (PEM), and no other; the device remembers it")
}

// newDevice begins a device file. One that is there is a record somebody would lose.
func (a *app) newDevice(server, label string) (*device, error) {
	path, err := a.statePath()
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(path); err == nil {
		hint := "for another person's record name another file with --state"
		if d, err := a.loadDevice(); err == nil && d.unconfirmed {
			hint = `its recovery code was shown, and nobody confirmed that it is written down: "carehold device new-code" makes another; ` + hint
		}
		return nil, hinted(errors.New("this device has a record already, in "+path), hint)
	}
	authority, err := a.authority()
	if err != nil {
		return nil, err
	}
	d := &device{path: path, server: server, authority: authority}
	c, err := d.reach()
	if err != nil {
		return nil, usage(err)
	}
	if label == "" {
		if label, _ = os.Hostname(); label == "" {
			label = "this device"
		}
	}
	// Find out now whether the file can be made: later the record exists, and its
	// keys would have nowhere to go.
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	unlock, err := lockFile(path + ".lock")
	if err != nil {
		return nil, err
	}
	unlock()
	d.server, d.label = c.Base(), label
	return d, nil
}

// tries is how often something may be typed wrong.
const tries = 3

var errInvite = errors.New("there is a slip in this invite: it begins with chdi_, and its end tells whether it was typed right")

// invite reads the invite. A slip is found here, before a passphrase is made up.
func (a *app) invite(file string) (string, error) {
	if file != "" {
		b, err := a.readSecretFile(file)
		text := strings.TrimSpace(string(b))
		if err == nil && !isInvite(text) {
			err = coded(exitLocked, errInvite, "copy it again, whole")
		}
		return text, err
	}
	t, err := a.terminal()
	if err != nil {
		return "", noTerminal("the invite", "--invite-file")
	}
	defer t.close()
	for range tries {
		text, err := t.line("The invite you were given (chdi_…): ")
		if err != nil || isInvite(text) {
			return text, err
		}
		fmt.Fprint(t.out, wrap("", sentence(errInvite.Error()), 80))
	}
	return "", coded(exitLocked, errInvite, "--invite-file FILE reads it from a file")
}

func isInvite(text string) bool {
	c, err := crypto.ParseToken(text)
	if err != nil {
		return false
	}
	defer c.Destroy()
	return c.Kind() == crypto.Invite
}

// enrol makes the record.
func (a *app) enrol(ctx context.Context, d *device, invite string, passphrase crypto.Secret, recoveryOut string) error {
	c, err := d.reach()
	if err != nil {
		return err
	}
	h, kit, err := holder.Enrol(ctx, c, holder.Enrolment{Invite: invite, Passphrase: passphrase, Label: d.label})
	if h == nil {
		return enrolHint(err)
	}
	defer h.Close()
	d.key, d.memory, d.unconfirmed = kit.DeviceKey, h.Memory(), true
	if err := errors.Join(err, d.save()); err != nil {
		return err
	}
	if err := a.handOver(d, kit.Recovery, recoveryOut); err != nil {
		return err
	}
	if a.json {
		return a.summary(struct {
			Server   string `json:"server"`
			Device   string `json:"device"`
			Recovery string `json:"recovery_file,omitempty"`
		}{d.server, d.path, recoveryOut})
	}
	a.say("Your record is made, and open on this device.")
	a.note("")
	a.note("Next:")
	a.command("carehold import FILE", "put in what you were given")
	a.command("carehold grant --to NAME --ready gp-visit", "let somebody read a part of it")
	return nil
}

// enrolHint says what a refused invite can mean: the server does not tell.
func enrolHint(err error) error {
	if exitCode(context.Background(), err) == exitLocked {
		return coded(exitLocked, errors.New("the server does not take this invite"), "an invite is good once, and for a day or so: ask for another")
	}
	return err
}

// canShowRecovery refuses before anything is made.
func (a *app) canShowRecovery(out string) error {
	if out != "" {
		return mustBeNew(out)
	}
	t, err := a.terminal()
	if err != nil {
		return coded(exitLocked, errors.New("there is no terminal to show the recovery code on"), "--recovery-out FILE writes it to a new file")
	}
	t.close()
	return nil
}

const recoveryWords = `This is your recovery code. It opens your record on any device, without the
passphrase. It is shown once, now, and kept nowhere.

    %s
    %s

Write it down on paper, and put it where you keep your will or your passport.
Whoever has it can read everything. If you lose it and this device, nobody can
open your record again.

`

// showRecovery shows the code on the terminal, once, and asks for a group of it;
// or writes it to a file.
func (a *app) showRecovery(code crypto.RecoveryCode, out string) error {
	text := code.Text()
	if out != "" {
		if err := writeNewFile(out, []byte(text+"\n")); err != nil {
			return coded(exitFailed, fmt.Errorf("the recovery code is made, and could not be written down: %w", err), `"carehold device new-code" makes another`)
		}
		return nil
	}
	t, err := a.terminal()
	if err != nil {
		return err
	}
	defer t.close()
	groups := strings.Split(text, "-")
	fmt.Fprintln(t.out)
	fmt.Fprintf(t.out, recoveryWords, strings.Join(groups[:4], "-"), strings.Join(groups[4:], "-"))
	// Any group will do; which one must not be guessed from habit.
	n := 2 + int(text[0])%5
	for wrong := 0; ; {
		typed, err := t.line(fmt.Sprintf("To be sure it is written down, type group %d of 8: ", n+1))
		if err != nil {
			return unconfirmed(err)
		}
		if strings.EqualFold(strings.TrimSpace(typed), groups[n]) {
			fmt.Fprintln(t.out, "That is right.")
			fmt.Fprintln(t.out)
			return nil
		}
		fmt.Fprintf(t.out, "Group %d of what is above is another. Please look again.\n", n+1)
		if wrong++; wrong%tries > 0 {
			continue
		}
		again, err := t.yesNo("Show the code again?", true)
		if err != nil || !again {
			return unconfirmed(err)
		}
		fmt.Fprintln(t.out)
		fmt.Fprintf(t.out, recoveryWords, strings.Join(groups[:4], "-"), strings.Join(groups[4:], "-"))
	}
}

// unconfirmed is for a code that was shown, and maybe not written down. It is good
// all the same.
func unconfirmed(err error) error {
	code, text := exitFailed, "the recovery code was made, and not confirmed"
	if errors.Is(err, errStopped) {
		code, text = exitInterrupted, "stopped; the recovery code was made, and not confirmed"
	}
	return coded(code, errors.New(text), `your record is open on this device; if the code is not written down, "carehold device new-code" makes another`)
}
