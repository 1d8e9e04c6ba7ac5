package holder

import (
	"context"
	"errors"
	"slices"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/audit"
	"carehold/record/keys"
)

// AddressInfo is where others can ask the person for access: a link or a QR code that
// the person shows. Whoever has it can ask, and learns nothing.
type AddressInfo struct {
	ID      crypto.CapsuleID
	Label   string
	Until   time.Time // zero: until it is closed
	Created time.Time
	Closed  time.Time // zero: it was not
	Segment string    // the last part of its URL
}

// Open reports whether anybody can be asked there at now.
func (a AddressInfo) Open(now time.Time) bool {
	return a.Closed.IsZero() && (a.Until.IsZero() || now.Before(a.Until))
}

// maxAddresses is how many may be open at once.
const maxAddresses = 50

// NewAddress makes an address at which the person can be asked for access; until zero:
// until it is closed.
func (h *Holder) NewAddress(ctx context.Context, label string, until time.Time) (AddressInfo, error) {
	return change(ctx, h, func(d *draft) (AddressInfo, error) {
		a := address{secret: crypto.NewKey(), label: label, created: d.now.Truncate(time.Second)}
		open := 0
		for i := range d.ring.addresses {
			if d.ring.addresses[i].info().Open(d.now) {
				open++
			}
		}
		if !until.IsZero() {
			a.until = until.UTC().Truncate(time.Second)
		}
		switch {
		case len(label) > maxLabel:
			return AddressInfo{}, errLabel
		case !a.until.IsZero() && !a.until.After(d.now):
			return AddressInfo{}, record.Safef(record.Invalid, "an address must close after it was made")
		case open >= maxAddresses:
			return AddressInfo{}, record.Safef(record.TooMany, "a record has at most %d open addresses: close some first", maxAddresses)
		}
		c := a.credential()
		defer c.Destroy()
		key := c.CapsuleKey()
		defer key.KEK.Destroy()
		d.capsules = append(d.capsules, keys.SealAddress(key, keys.Address{Person: d.ring.person, Until: a.until}))
		d.ring.addresses = append(d.ring.addresses, a)
		d.did(audit.Address, "made an address to be asked at"+called(label))
		return a.info(), nil
	})
}

// CloseAddress closes one, with a session: nobody is asked there any more.
func (h *Holder) CloseAddress(ctx context.Context, token string, id crypto.CapsuleID) error {
	srv, err := h.asking()
	if err != nil {
		return err
	}
	_, err = change(ctx, h, func(d *draft) (struct{}, error) {
		a := d.ring.address(id)
		switch {
		case a == nil:
			return struct{}{}, record.Safef(record.NotFound, "there is no address of this id")
		case !a.closed.IsZero():
			if d.changed {
				d.renewed()
			}
		default:
			a.closed = d.now.Truncate(time.Second)
			d.did(audit.Address, "closed an address you were asked at"+called(a.label))
		}
		return struct{}{}, nil
	})
	if err != nil {
		return err
	}
	if err := srv.DropAddress(ctx, token, id); !errors.Is(err, record.NotFound) {
		return err
	}
	return nil
}

// Addresses lists those there are and were, the newest first.
func (h *Holder) Addresses() []AddressInfo {
	h.mu.Lock()
	defer h.mu.Unlock()
	var all []AddressInfo
	for i := range h.now.ring.addresses {
		all = append(all, h.now.ring.addresses[i].info())
	}
	slices.Reverse(all)
	return all
}

func (r *ring) address(id crypto.CapsuleID) *address {
	for i := range r.addresses {
		c := r.addresses[i].credential()
		found := c.CapsuleID() == id
		c.Destroy()
		if found {
			return &r.addresses[i]
		}
	}
	return nil
}

func (a *address) credential() crypto.Credential { return crypto.AddressFrom(a.secret) }

func (a *address) info() AddressInfo {
	c := a.credential()
	defer c.Destroy()
	return AddressInfo{ID: c.CapsuleID(), Label: a.label, Until: a.until, Created: a.created, Closed: a.closed,
		Segment: c.Token()[len("chdw_"):]}
}

// called is a label, in a sentence.
func called(label string) string {
	if label == "" {
		return ""
	}
	return ": " + label
}
