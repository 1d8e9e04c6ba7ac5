package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"carehold/crypto"
	"carehold/httpapi/client"
	"carehold/record"
	"carehold/record/backup"
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
	f.StringVar(&a.state, "state", "", "this device's `file` (by itself device.json in $XDG_STATE_HOME/carehold)")
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

// copied closes the record where it is and fetches it, unless that was done, and
// nothing was done there since.
func (m *mover) copied(ctx context.Context, to *client.Client) error {
	a, j := m.app, m.journal
	old, err := m.device.reach()
	if err != nil {
		return err
	}
	h, err := m.unlockAt(ctx, old)
	if err != nil {
		if kind := record.KindOf(err); j.Copied && (kind == record.Unavailable || kind == record.Internal) {
			a.note("%s does not answer; going on with the copy that was fetched.", m.device.server)
			m.closed = true
			return nil
		}
		return err
	}
	u := &unlocked{Holder: h, app: a, device: m.device, client: old}
	defer u.close()
	if h.Waiting() != nil {
		return errWaits(h)
	}
	if err := h.Doubt(); err != nil { // what is missing there would be missing for good
		return err
	}
	url, _ := h.Moved()
	m.closed = url == j.To
	// Whoever looked at it meanwhile has seen more of the log than the copy has.
	if j.Copied && m.closed && uint64(h.Memory().Seq) == j.Seq && h.Memory().Newest().Size <= j.Size {
		return nil
	}
	if !m.closed {
		if err := m.tryInvite(ctx, to); err != nil {
			return err
		}
		if err := m.agree(h); err != nil {
			return err
		}
	}
	j.Copied, j.Given = false, false
	if err := j.save(); err != nil { // before anything is closed: --cancel must know
		return err
	}
	if err := h.CloseHere(ctx, j.To); err != nil {
		return err
	}
	m.closed = true
	a.note("Closed at %s.", m.device.server)
	j.Seq = uint64(h.Memory().Seq)
	token, _, err := h.SignIn(ctx)
	if err != nil {
		return err
	}
	u.token, u.session = token, old.With(token)
	if err := m.fetch(ctx, u); err != nil {
		return err
	}
	j.Copied = true
	return j.save()
}

// invite asks for the invite, once.
func (m *mover) invite() (text string, err error) {
	if m.asked == "" {
		m.asked, err = m.app.invite(m.inviteFile)
	}
	return m.asked, err
}

// tryInvite finds out whether the other server will have the record, before it is
// closed where it is. A record that waits there needs no invite that is new.
func (m *mover) tryInvite(ctx context.Context, to *client.Client) error {
	h, err := m.unlockAt(ctx, to)
	if err == nil {
		h.Close()
		return nil
	}
	if !errors.Is(err, holder.ErrNoSlot) {
		return m.inTheWay(ctx, to, err)
	}
	invite, err := m.invite()
	if err != nil {
		return err
	}
	if err := to.TryInvite(ctx, invite); err != nil {
		return enrolHint(err)
	}
	return nil
}

// agree says what will be, and asks.
func (m *mover) agree(h *holder.Holder) error {
	n := 0
	for _, g := range h.Grants() {
		if g.State != holder.Ended {
			n++
		}
	}
	m.app.note("Your record moves from %s to %s.", m.device.server, m.journal.To)
	if n > 0 {
		m.app.note("%s: make again those you want, there.", plural(n, "grant ends", "grants end"))
	}
	if ok, err := m.app.confirm("Move it?", false); err != nil || !ok {
		return declined(err)
	}
	return nil
}

// fetch copies the record to this device, and believes nothing of it before all of
// it is there, signed, and what its head says.
func (m *mover) fetch(ctx context.Context, u *unlocked) error {
	path := m.journal.copyPath()
	part, err := os.OpenFile(path+".part", os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer os.Remove(part.Name())
	defer part.Close()
	if err := u.session.Copy(ctx, part); err != nil {
		return err
	}
	if err := part.Sync(); err != nil {
		return err
	}
	if _, err := part.Seek(0, 0); err != nil {
		return err
	}
	r, err := backup.NewReader(part)
	if err != nil {
		return err
	}
	mem := u.Memory()
	if h := r.Header(); h.Store != mem.Store || h.Verifier != mem.Verifier || h.Person != mem.Person {
		return record.Safef(record.Integrity, "what the server gave is a copy of another record, or of one of another server")
	}
	report, err := backup.Verify(ctx, []*backup.Reader{r}, nil)
	switch {
	case err != nil:
		return err
	case report.Damage > 0 || report.People != 1:
		return hinted(record.Safef(record.Integrity, "the record is damaged at the server it is on, and is not moved"),
			"carehold check --all says what is damaged; carehold move-record --cancel opens the record again")
	}
	if err := part.Close(); err != nil {
		return err
	}
	m.journal.Size = report.Leaves
	m.app.note("Copied: %s, %s of the log, nothing missing.", entriesOf(int(report.Entries)), plural(int(report.Leaves), "entry", "entries"))
	return os.Rename(part.Name(), path)
}

// given gives the copy to the other server, unless it has it.
func (m *mover) given(ctx context.Context, to *client.Client) error {
	j := m.journal
	if j.Given {
		return nil
	}
	h, err := m.unlockAt(ctx, to)
	if err == nil {
		w := h.Waiting()
		h.Close()
		if w == nil || !w.Lost() { // of an older copy something is missing: then the new one is given
			j.Given = true
			return j.save()
		}
	} else if !errors.Is(err, holder.ErrNoSlot) {
		return m.inTheWay(ctx, to, err)
	}
	invite, err := m.invite()
	if err != nil {
		return err
	}
	f, err := os.Open(j.copyPath())
	if err != nil {
		return hinted(err, "carehold move-record --cancel opens the record again where it is; then begin again")
	}
	defer f.Close()
	if _, err := to.Take(ctx, invite, f); err != nil {
		return enrolHint(err)
	}
	m.app.note("Given to %s.", j.To)
	j.Given = true
	return j.save()
}

// inTheWay is why the other server's record is not the one that is moved: it may be
// that one as it was closed there, when it moved away; or else err.
func (m *mover) inTheWay(ctx context.Context, to *client.Client, err error) error {
	h, other := holder.Unlock(ctx, to, m.slot, holder.Memory{})
	if other != nil {
		return err
	}
	defer h.Close()
	if url, _ := h.Moved(); url == "" || h.Waiting() != nil {
		return err
	}
	return hinted(fmt.Errorf("your record was at %s before, and what is closed there is in the way", m.journal.To),
		fmt.Sprintf("ask whoever runs it to take that away (carehold forget %s); then say this again, or carehold move-record --cancel", m.device.memory.Person))
}

// goOn carries the record on at the other server, and tells the device file.
func (m *mover) goOn(ctx context.Context, to *client.Client) error {
	h, err := m.unlockAt(ctx, to)
	if err != nil {
		return err
	}
	defer h.Close()
	if w := h.Waiting(); w != nil {
		if w.Lost() {
			return hinted(record.Safef(record.Integrity, "what the other server shows is not all that this device has seen of the record"),
				"carehold move-record --cancel opens the record again where it is")
		}
		if err := h.CarryOn(ctx, false); err != nil {
			return whatWasFound(err)
		}
	}
	d := m.there()
	d.memory = h.Memory()
	if err := d.save(); err != nil {
		return err
	}
	m.closed = false
	return m.done(m.device.server)
}

// done forgets the move, and says where the record is.
func (m *mover) done(was string) error {
	a, d := m.app, m.there()
	if err := m.journal.remove(); err != nil {
		return err
	}
	if a.json {
		return a.summary(struct {
			Server string `json:"server"`
			Was    string `json:"was"`
		}{d.server, was})
	}
	a.say("Your record is on %s now.", d.server)
	a.note("On each of your other devices: carehold device server %s", d.server)
	a.note("At %s it stays closed and sealed; when all your devices have followed, whoever runs it can delete it: carehold forget %s. carehold check --all looks at all of it here.", was, d.memory.Person)
	return nil
}

// cancel opens the record again where it is, if it does not go on elsewhere.
func (m *mover) cancel(ctx context.Context) error {
	a := m.app
	old, err := m.device.reach()
	if err != nil {
		return err
	}
	defer func() { m.slot.Destroy() }()
	h, err := m.unlockAt(ctx, old)
	if err != nil {
		return err
	}
	u := &unlocked{Holder: h, app: a, device: m.device, client: old}
	defer u.close()
	if h.Waiting() != nil {
		return errWaits(h)
	}
	url, _ := h.Moved()
	if url != "" {
		if err := m.notThere(ctx, url); err != nil {
			return err
		}
		if err := h.Reopen(ctx); err != nil {
			return err
		}
	}
	if m.journal != nil {
		if err := m.journal.remove(); err != nil {
			return err
		}
	}
	if a.json {
		return a.summary(struct {
			Reopened bool   `json:"reopened"`
			Server   string `json:"server"`
		}{url != "", m.device.server})
	}
	if url == "" {
		a.say("Your record is not closed here: there is nothing to take back.")
		return nil
	}
	a.say("Your record is open again on %s.", m.device.server)
	a.note("The grants that ended stay ended: carehold grants --all shows them.")
	if m.journal != nil && m.journal.Given {
		a.note("The invite of %s was used, for what waits there now: a move there again takes the same one until it expires. After that, or when what waits was taken away, it needs another.", m.journal.To)
	}
	return nil
}

// notThere makes sure that the record does not go on at the other server: it would
// be in two places, and each would go its own way.
func (m *mover) notThere(ctx context.Context, url string) error {
	d := *m.device
	d.server, d.authority = url, nil
	if m.journal != nil && m.journal.To == url {
		d.authority = []byte(m.journal.Authority)
	}
	to, err := d.reach()
	var h *holder.Holder
	if err == nil {
		ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
		defer cancel()
		h, err = m.unlockAt(ctx, to)
	}
	switch {
	case err == nil:
		defer h.Close()
		if w := h.Waiting(); w == nil || !w.Settled.IsZero() {
			return hinted(fmt.Errorf("your record goes on at %s already", url), "carehold device server "+url+" makes this device follow")
		}
		if m.journal != nil {
			m.journal.Given = true // though this device was stopped before it knew
		}
		return nil // it waits there, and nobody went on with it
	case errors.Is(err, holder.ErrNoSlot):
		return nil
	}
	m.app.note("%s cannot be asked whether your record goes on there already: %s.", url, errorText(err))
	m.app.note("If it does, it would be in two places that know nothing of each other.")
	if ok, err := m.app.confirm("Open it again here all the same?", false); err != nil || !ok {
		return declined(err)
	}
	return nil
}
