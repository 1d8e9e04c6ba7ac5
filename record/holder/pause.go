package holder

import (
	"context"
	"time"

	"carehold/record"
	"carehold/record/audit"
)

// Suspend stops grants for a while: they open nothing until Resume, and what is
// written from now on is under keys they do not have, whoever has a copy of the disk.
// Those that are suspended already are passed over.
func (h *Holder) Suspend(ctx context.Context, ids ...record.GrantID) error {
	return h.pausing(ctx, ids, true, func(d *draft, g *held) {
		g.paused = d.now.Truncate(time.Second)
		d.suspended = append(d.suspended, d.stoppedRow(g))
		l := d.live[g.grant.ID]
		l.Suspended = true
		d.live[g.grant.ID] = l
		d.renew = true
	}, func(d *draft, names string) {
		d.did(audit.Suspend, "suspended the grant to "+names)
	})
}

// Resume lets grants go on that were suspended, with the keys there are now. Those
// that are not suspended are passed over.
func (h *Holder) Resume(ctx context.Context, ids ...record.GrantID) error {
	return h.pausing(ctx, ids, false, func(d *draft, g *held) {
		g.paused = time.Time{}
		d.rows[g.grant.ID], d.resumed[g.grant.ID] = true, d.live[g.grant.ID].Suspended
		d.live[g.grant.ID] = LiveGrant{Grant: g.grant.ID, Until: g.grant.Until}
	}, func(d *draft, names string) {
		d.did(audit.Resume, "let the grant to "+names+" go on")
	})
}

// pausing changes the grants that are not yet as they should be.
func (h *Holder) pausing(ctx context.Context, ids []record.GrantID, paused bool, each func(*draft, *held), did func(d *draft, names string)) error {
	_, err := change(ctx, h, func(d *draft) (struct{}, error) {
		var changed []string
		for _, id := range ids {
			g := d.ring.find(id)
			if g == nil || g.grant.Self || !g.ended.IsZero() {
				return struct{}{}, errNoGrant // nor one that was stopped: tidying has ended it
			}
			if here := d.live[id].Suspended; !g.paused.IsZero() == paused && here == paused {
				continue // by the keyring, and at the server
			}
			each(d, g)
			changed = append(changed, name(g.grant.To))
			d.about = append(d.about, id)
		}
		if changed != nil {
			did(d, list(changed))
		} else if d.changed {
			d.renewed()
		}
		return struct{}{}, nil
	})
	return err
}
