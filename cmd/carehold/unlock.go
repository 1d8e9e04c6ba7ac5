package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"carehold/crypto"
	"carehold/httpapi/client"
	"carehold/record"
	"carehold/record/holder"
)

// unlocked is a record while a command has it open: the holder with its keys, the
// server, and a session when one was needed. Close it.
type unlocked struct {
	*holder.Holder
	app     *app
	device  *device
	client  *client.Client
	token   string
	session *client.Session
}

// unlock asks for the passphrase and opens the record this device is for.
func (a *app) unlock(ctx context.Context) (*unlocked, error) {
	d, err := a.loadDevice()
	if err != nil {
		return nil, err
	}
	return a.unlockWith(ctx, d)
}

func (a *app) unlockWith(ctx context.Context, d *device) (*unlocked, error) {
	u, err := a.unlockWaiting(ctx, d)
	if err == nil && u.Waiting() != nil {
		err = errWaits(u.Holder)
		u.close()
		return nil, err
	}
	if err == nil {
		u.tellDoubt()
		u.tellCarried()
		u.tellMoved()
	}
	return u, err
}

// tellDoubt says at once what a check would find: whoever stopped somebody has to know
// that it may be undone.
func (u *unlocked) tellDoubt() {
	if err := u.Doubt(); err != nil {
		u.app.warn("the server cannot show that your history goes on from what this device has seen: some of it is damaged there, or the server was put back to an older state, and what you have done since then is undone. Change nothing now: \"carehold check\" says which, and \"carehold carry-on\" what is missing")
	}
}

// unlockWaiting is unlockWith for the command that a record may wait for.
func (a *app) unlockWaiting(ctx context.Context, d *device) (*unlocked, error) {
	return a.unlockBy(ctx, d, holder.Unlock)
}

// unlockBy asks for the passphrase, and opens the record as it is told.
func (a *app) unlockBy(ctx context.Context, d *device, by func(context.Context, holder.Server, crypto.Credential, holder.Memory) (*holder.Holder, error)) (*unlocked, error) {
	c, err := d.reach()
	if err != nil {
		return nil, err
	}
	prompt := fmt.Sprintf("Passphrase for your record on %s: ", d.label)
	for again := tries - 1; ; again-- {
		secret, typed, err := a.passphrase(prompt)
		if err != nil {
			return nil, err
		}
		slot := crypto.PassphraseSlot(d.key, secret)
		secret.Destroy()
		h, err := by(ctx, c, slot, d.memory)
		slot.Destroy()
		if err == nil {
			return &unlocked{Holder: h, app: a, device: d, client: c}, nil
		}
		if !typed || again == 0 || !errors.Is(err, holder.ErrNoSlot) {
			return nil, err
		}
		prompt = fmt.Sprintf("That does not open it. The passphrase for your record on %s, again: ", d.label)
	}
}

// open unlocks, tidies and signs in: what most commands begin with.
func (a *app) open(ctx context.Context) (*unlocked, error) {
	u, err := a.unlock(ctx)
	if err != nil {
		return nil, err
	}
	if err := u.signIn(ctx); err != nil {
		u.close()
		return nil, err
	}
	return u, nil
}

// tidy ends what ran out or was stopped while nobody had the keys in hand.
// Not while it is in doubt what was done: nothing is to be changed then.
func (u *unlocked) tidy(ctx context.Context) error {
	if u.Doubt() != nil {
		return nil
	}
	ended, err := u.Tidy(ctx)
	for _, g := range ended {
		u.app.note("the grant to %s is over (%s); the keys of this record were renewed", partyName(g.Grant.To), g.Why)
	}
	return err
}

func (u *unlocked) signIn(ctx context.Context) error {
	if u.session != nil {
		return nil
	}
	if err := u.tidy(ctx); err != nil {
		return err
	}
	token, _, err := u.SignIn(ctx)
	if err != nil {
		return err
	}
	u.token, u.session = token, u.client.With(token)
	return nil
}

// signOut ends the session, and has this device remember how far the log had come.
// Without an answer it remembers what it did before.
func (u *unlocked) signOut() {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel() // a session nobody uses ends in 15 minutes by itself
	if err := u.SignOut(ctx, u.token); errors.Is(err, record.Integrity) {
		u.app.warn("the history that the server shows does not go on from what this device saw: %s. carehold check says more; change nothing before that", errorText(err))
	}
}

// close ends the session, keeps what the device has to remember, and overwrites
// the keys. It is called on every way out, a Ctrl-C included.
func (u *unlocked) close() {
	if u.session != nil {
		u.signOut()
	}
	u.device.memory = u.Memory()
	if err := u.device.save(); err != nil {
		u.app.warn("what this device has seen of your record could not be kept: %s", errorText(err))
	}
	u.Holder.Close()
}
