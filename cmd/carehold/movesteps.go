package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"carehold/httpapi/client"
	"carehold/record"
	"carehold/record/backup"
	"carehold/record/holder"
)

// The steps of move-record, each of which can be done again.

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
