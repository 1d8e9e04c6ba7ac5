package holder

import (
	"context"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/audit"
)

// maxLabel is the longest name of a slot or a token, in bytes.
const maxLabel = 200

var (
	errLabel        error = record.Safef(record.Invalid, "a label has at most %d characters", maxLabel)
	errNoPassphrase error = record.Safef(record.Invalid, "a passphrase is needed")
)

// SlotInfo is a way into the record.
type SlotInfo struct {
	ID      crypto.CapsuleID
	Kind    crypto.Kind // SlotPassphrase, SlotPasskey, SlotRecovery
	Label   string
	Created time.Time
	This    bool // the one that this Holder came in by
}

// Slots lists the ways in, the oldest first.
func (h *Holder) Slots() []SlotInfo {
	h.mu.Lock()
	defer h.mu.Unlock()
	var list []SlotInfo
	for _, s := range h.now.ring.slots {
		list = append(list, SlotInfo{s.id, s.kind, s.label, s.created, s.id == h.opener.key.ID})
	}
	return list
}

// AddPassphraseSlot lets a passphrase open the record on this device, which must
// keep the device key that is returned.
func (h *Holder) AddPassphraseSlot(ctx context.Context, passphrase crypto.Secret, label string) (crypto.DeviceKey, error) {
	if passphrase.IsZero() {
		return crypto.DeviceKey{}, errNoPassphrase
	}
	device := crypto.NewDeviceKey()
	return device, h.addSlot(ctx, crypto.PassphraseSlot(device, passphrase), label)
}

// AddPasskeySlot lets a passkey open the record: prf is the 32-byte output of
// WebAuthn's PRF extension.
func (h *Holder) AddPasskeySlot(ctx context.Context, prf []byte, label string) error {
	c, err := crypto.PasskeySlot(prf)
	if err != nil {
		return record.Safef(record.Invalid, "%w", err)
	}
	return h.addSlot(ctx, c, label)
}

func (h *Holder) addSlot(ctx context.Context, c crypto.Credential, label string) error {
	if len(label) > maxLabel {
		return errLabel
	}
	o := newOpener(c)
	_, err := change(ctx, h, func(d *draft) (struct{}, error) {
		if d.ring.slot(o.key.ID) != nil {
			return struct{}{}, record.Safef(record.Unprocessed, "this opens the record already")
		}
		d.addSlot(o, label)
		d.did(audit.SlotAdd, "added a way to unlock: "+describeSlot(d.ring.slot(o.key.ID)))
		return struct{}{}, nil
	})
	return err
}

// RemoveSlot removes a way in, and makes the root key new. It is for what is no
// longer used. Whoever may have unlocked the record with it may also have copied
// the keyring, which has the keys of the record: against them, Evict.
func (h *Holder) RemoveSlot(ctx context.Context, id crypto.CapsuleID) error {
	_, err := change(ctx, h, func(d *draft) (struct{}, error) {
		s := d.ring.slot(id)
		if s == nil {
			return struct{}{}, record.Safef(record.NotFound, "there is no way in of this id")
		}
		if id == d.opener.key.ID {
			return struct{}{}, record.Safef(record.Unprocessed, "you came in by this one: unlock with another to remove it")
		}
		d.did(audit.SlotRemove, "removed a way to unlock: "+describeSlot(s))
		d.cutSlots(func(s slot) bool { return s.id == id })
		return struct{}{}, d.needsWayBack()
	})
	return err
}

// ReplaceRecovery makes a new recovery code; the old one opens nothing more.
func (h *Holder) ReplaceRecovery(ctx context.Context) (crypto.RecoveryCode, error) {
	code := crypto.NewRecoveryCode()
	o := newOpener(code.Slot())
	_, err := change(ctx, h, func(d *draft) (struct{}, error) {
		d.did(audit.SlotAdd, "made a new recovery code; the old one opens nothing more")
		d.cutSlots(func(s slot) bool { return s.kind == crypto.SlotRecovery })
		d.addSlot(o, "recovery code")
		if d.opener.kind == crypto.SlotRecovery { // unlocked by the code that is no more
			d.opener = o
		}
		return struct{}{}, nil
	})
	if err != nil {
		return crypto.RecoveryCode{}, err
	}
	return code, nil
}

// Evict shuts out whoever may have had the record's keys: a thief of a device,
// somebody who once helped. The identity, the root key, the keys of grants and
// of the log and the epoch are made new; all grants end; of the ways in, only
// the one in hand and those named stay. What was already read stays read.
func (h *Holder) Evict(ctx context.Context, keep ...crypto.CapsuleID) error {
	_, err := change(ctx, h, func(d *draft) (struct{}, error) {
		stays := map[crypto.CapsuleID]bool{d.opener.key.ID: true}
		for _, id := range keep {
			if d.ring.slot(id) == nil {
				return struct{}{}, record.Safef(record.NotFound, "there is no way in of this id")
			}
			stays[id] = true
		}
		d.cutSlots(func(s slot) bool { return !stays[s.id] })
		if err := d.needsWayBack(); err != nil {
			return struct{}{}, err
		}
		var ended []record.GrantID
		for i := range d.ring.grants {
			if g := &d.ring.grants[i]; g.ended.IsZero() {
				d.end(g, Evicted)
				if !g.grant.Self {
					ended = append(ended, g.grant.ID)
				}
			}
		}
		// Those in hand were signed and sealed by the old generation; now it is over.
		old := d.ring.newest()
		old.identity.Destroy()
		old.grants.Destroy()
		old.identity, old.grants = crypto.Key{}, crypto.Key{}
		d.ring.gens = append(d.ring.gens, newGeneration())
		d.identity = d.ring.newest().public()
		d.rows = map[record.GrantID]bool{}
		d.newSelf()
		d.renew = true
		d.did(audit.Evict, "made all keys new and ended every grant", ended...)
		return struct{}{}, nil
	})
	return err
}
