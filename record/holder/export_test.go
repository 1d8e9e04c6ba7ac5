package holder

import (
	"context"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/audit"
	"carehold/record/keys"
	"carehold/record/statement"
)

// OpensWith reports whether anything that h holds opens a keyring as the server
// has it: its root key, its slot, or any key in its keyring used as a key that
// wraps or as the seed of one.
func (h *Holder) OpensWith(s RingState) bool {
	r := h.now.ring
	if _, err := openRing(h.now.root, r.person, s.Seq, s.Blob); err == nil {
		return true
	}
	if _, err := h.opener.unwrap(r.person, s.Wrap); err == nil {
		return true
	}
	all := append([]crypto.Key{h.now.root, h.opener.key.KEK, r.id}, r.epochs...)
	for _, g := range r.gens {
		for _, k := range []crypto.Key{g.audit, g.box, g.identity, g.grants} {
			if !k.IsZero() {
				all = append(all, k)
			}
		}
	}
	for _, k := range all {
		for _, slot := range r.slots {
			if _, err := k.Open(keys.RootContext(r.person, slot.id), s.Wrap); err == nil {
				return true
			}
			if _, err := crypto.NewBoxKey(k).Open(keys.RootContext(r.person, slot.id), s.Wrap); err == nil {
				return true
			}
		}
	}
	return false
}

// Remember makes h remember something else.
func (h *Holder) Remember(m Memory) { h.mem = m }

// ForgeLeaf makes the log entry of a change as a device that was once unlocked
// could, whatever it says.
func (h *Holder) ForgeLeaf(n record.Seq, e audit.Event) []byte {
	return audit.DeviceLeaf(h.now.ring.newest().audit, h.now.ring.person, n, e)
}

// Reader opens the log as h does.
func (h *Holder) Reader() *audit.Reader { return h.now.ring.reader() }

// Within is the head that is still met of a log whose end is gone.
func Within(f audit.Frontier, size uint64) statement.Head { return within(f, size) }

// RenewAsOlder begins an epoch as a program does that knows nothing of suspending: every
// grant that has not ended gets a row.
func (h *Holder) RenewAsOlder(ctx context.Context) error {
	_, err := change(ctx, h, func(d *draft) (struct{}, error) {
		for i := range d.ring.grants {
			g := &d.ring.grants[i]
			g.paused = time.Time{}
			if l, there := d.live[g.grant.ID]; there {
				l.Suspended = false
				d.live[g.grant.ID] = l
			}
		}
		d.renew = true
		d.renewed()
		return struct{}{}, nil
	})
	return err
}

// StateOf is what a grant is shown as that the keyring and the server's list say this of.
func StateOf(paused time.Time, l LiveGrant) State {
	g := held{paused: paused}
	return g.shown(map[record.GrantID]LiveGrant{g.grant.ID: l}, time.Now()).State
}
