package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"carehold/crypto"
	"carehold/httpapi/client"
	"carehold/record/holder"
)

func (a *app) moveRecordCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "move-record",
		Short: "Take your whole record to another server",
		Long: `Takes your record, with all its versions and its whole history, to another
server, which needs an invite from whoever runs it:

  1. closes the record at the server it is on; every grant ends
  2. copies it to this device, sealed as it is, and checks that it is whole
  3. gives the copy to the other server
  4. goes on with the record there, and tells this device

If anything comes in between, say the same again: it goes on where it was. Until
the last step, --cancel opens the record again where it is.

Your other devices are told where it went when they next ask the old server; on
each: carehold device server ADDRESS. What stays at the old server is closed and
sealed; whoever runs it can delete it ("carehold forget").`,
		Example: `  carehold move-record --to https://record.example.net
  carehold move-record --to https://nas.lan --ca-file root.crt
  carehold move-record --cancel`,
		Args: nothing,
	}
	var m mover
	f := c.Flags()
	f.StringVar(&m.to, "to", "", "the other server's `address`: https:// and its name")
	f.StringVar(&m.inviteFile, "invite-file", "", "read the invite from this `file`; - is stdin")
	f.StringVar(&m.caFile, "ca-file", "", "for the other server, believe the certificate authority in this `file` (PEM), and no other; the device remembers it")
	cancel := f.Bool("cancel", false, "open the record again where it is; the grants that ended stay ended")
	f.StringVar(&a.state, "state", "", "this device's `file` (default: device.json in $XDG_STATE_HOME/carehold)")
	f.StringVar(&a.passphraseFile, "passphrase-file", "", "read the passphrase from this `file`; - is stdin")
	c.RunE = func(c *cobra.Command, _ []string) error {
		d, err := a.loadDevice()
		if err != nil {
			return err
		}
		m.app, m.device = a, d
		if m.journal, err = loadJournal(d); err != nil {
			return err
		}
		if *cancel {
			return m.cancel(c.Context())
		}
		if err := m.prepare(); err != nil {
			return err
		}
		unlock, err := lockFile(d.path + ".moving.lock")
		if err != nil {
			return err
		}
		defer unlock()
		err = m.run(c.Context())
		if err != nil && m.closed {
			a.warn("the move is not done: your record is closed at %s, its grants have ended, and it does not go on at %s yet. carehold move-record goes on with it; carehold move-record --cancel opens it again where it is", d.server, m.journal.To)
		}
		return err
	}
	return c
}

// mover is a move under way. What it has done is in its journal and at the two
// servers; each step finds out for itself whether it was done, so that a move that
// was stopped anywhere goes on when it is asked for again.
type mover struct {
	to, inviteFile, caFile string

	app     *app
	device  *device // as it is, at the old server
	journal *journal
	slot    crypto.Credential
	asked   string // the invite, once it was asked for
	closed  bool   // at the old server, and not yet gone on at the other
}

// prepare looks at what was asked for, before anything is done.
func (m *mover) prepare() error {
	authority, err := readAuthority(m.caFile)
	if err != nil {
		return err
	}
	if m.journal == nil && m.to == "" {
		return usagef("--to is needed: the address of the server to move to")
	}
	if m.to != "" {
		c, err := client.New(m.to, client.Options{})
		if err != nil {
			return usage(err)
		}
		m.to = c.Base()
	}
	switch {
	case m.journal == nil:
		m.journal = &journal{path: m.device.path + ".moving", To: m.to, From: m.device.server, Authority: string(authority)}
	case m.to != "" && m.to != m.journal.To:
		return hinted(fmt.Errorf("a move to %s has begun", m.journal.To), "carehold move-record ends it, and carehold move-record --cancel takes it back")
	case authority != nil:
		m.journal.Authority = string(authority)
	}
	if m.journal.To == m.device.server && !m.ended() {
		return usagef("your record is on %s already", m.device.server)
	}
	return nil
}

// ended reports whether all that is left to do is to forget the journal.
func (m *mover) ended() bool { return m.journal.Given && m.journal.To == m.device.server }

// there is this device, with the other server.
func (m *mover) there() *device {
	d := *m.device
	d.server, d.authority = m.journal.To, []byte(m.journal.Authority)
	return &d
}

func (m *mover) run(ctx context.Context) error {
	if m.ended() {
		return m.done(m.journal.From)
	}
	to, err := m.there().reach()
	if err != nil {
		return err
	}
	node, err := to.Node(ctx)
	if err != nil {
		return err
	}
	if node.Store == m.device.memory.Store {
		return hinted(errors.New("this is the server that your record is on"), "where only its address is another: carehold device server "+m.journal.To)
	}
	defer func() { m.slot.Destroy() }()
	if err := m.copied(ctx, to); err != nil {
		return err
	}
	if err := m.given(ctx, to); err != nil {
		return err
	}
	return m.goOn(ctx, to)
}

// unlockAt opens the record at a server; the passphrase is asked for once.
func (m *mover) unlockAt(ctx context.Context, c *client.Client) (*holder.Holder, error) {
	for again := tries - 1; ; again-- {
		typed, fresh := false, m.slot.IsZero()
		if fresh {
			secret, t, err := m.app.passphrase(fmt.Sprintf("Passphrase for your record on %s: ", m.device.label))
			if err != nil {
				return nil, err
			}
			m.slot, typed = crypto.PassphraseSlot(m.device.key, secret), t
			secret.Destroy()
		}
		h, err := holder.Unlock(ctx, c, m.slot, m.device.memory)
		if !errors.Is(err, holder.ErrNoSlot) || !typed || again == 0 || c.Base() != m.device.server {
			return h, err
		}
		m.slot.Destroy()
		m.slot = crypto.Credential{}
		m.app.note("That does not open it.")
	}
}
