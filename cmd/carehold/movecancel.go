package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"carehold/record/holder"
)

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
