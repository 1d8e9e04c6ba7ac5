package holder

import (
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/audit"
	"carehold/record/grant"
	"carehold/record/keys"
	"carehold/record/statement"
)

// draft is a change before it is a statement. It works on a copy of the keyring.
type draft struct {
	now  time.Time
	prev statement.Hash
	live map[record.GrantID]LiveGrant

	ring   *ring
	root   crypto.Key // R after the change
	signer crypto.SigningKey
	opener opener // the slot in hand after the change

	action  audit.Action
	text    string           // what was done, in words that follow "You"
	about   []record.GrantID // the grants it is about
	ended   []record.GrantID // the grants it ends besides
	changed bool
	renew   bool // an epoch begins: somebody lost access
	first   bool

	carry   *statement.CarryOn
	reopens bool // or closes: the one kind of change that a closed record takes

	identity *statement.Identity
	put      []record.Capsule
	cut      []crypto.CapsuleID
	rows     map[record.GrantID]bool // grants that need a row though no epoch begins
	resumed  map[record.GrantID]bool // grants that were suspended, and go on
	stopped  []statement.Ended
	capsules []record.Capsule

	suspended []statement.Ended
	refused   int // how often in a row the server refused it, though no other device was first
}

func (h *Holder) draft() *draft {
	now := h.Now().Truncate(time.Millisecond)
	h.mu.Lock()
	defer h.mu.Unlock()
	r := h.now.ring.copy()
	if m := h.mem.Head(); m.Size > r.seen.Size {
		r.seen = m
	}
	d := &draft{
		now:    now,
		prev:   h.now.hash,
		live:   make(map[record.GrantID]LiveGrant, len(h.now.live)),
		ring:   r,
		root:   h.now.root.Clone(),
		opener: h.opener,
		signer: crypto.NewSigningKey(r.newest().identity),
		rows:   map[record.GrantID]bool{},

		resumed: map[record.GrantID]bool{},
	}
	for id, l := range h.now.live {
		d.live[id] = l
	}
	return d
}

// did says what the change is, for the log.
func (d *draft) did(a audit.Action, text string, about ...record.GrantID) {
	d.action, d.text, d.about, d.changed = a, text, append(d.about, about...), true
}

// tidy ends every grant that is not to be had any more: whose time ran out, that
// was struck, that the server no longer has.
func (d *draft) tidy() {
	for i := range d.ring.grants {
		g := &d.ring.grants[i]
		if !g.ended.IsZero() {
			continue
		}
		l, there := d.live[g.grant.ID]
		switch {
		case g.grant.Ended(d.now):
			d.end(g, RanOut)
		case there && l.Struck:
			d.end(g, WasStruck)
		case !there:
			d.end(g, Lost)
		default:
			continue
		}
		d.ended = append(d.ended, g.grant.ID)
		d.changed = true
	}
	// A person is never without a grant of their own: sessions need it.
	if d.ring.self() == nil {
		d.newSelf()
		d.changed = true
	}
}

// end takes a grant away. Whoever else keeps access gets new keys for it.
func (d *draft) end(g *held, why EndReason) {
	g.ended, g.why = d.now.Truncate(time.Second), why
	if !g.grant.Self {
		d.renew = true
	}
	if _, there := d.live[g.grant.ID]; there {
		d.stopped = append(d.stopped, d.stoppedRow(g))
		delete(d.live, g.grant.ID)
	}
}

// stoppedRow is what takes the place of a grant's keys.
func (d *draft) stoppedRow(g *held) statement.Ended {
	gen := d.ring.gens[g.gen]
	return statement.Ended{Grant: g.grant.ID, Row: keys.SealStoppedRow(d.ring.person, g.grant.ID, gen.grants, gen.audit)}
}

// add puts a grant on the list. The pointer is good until the next add.
func (d *draft) add(g grant.Grant) *held {
	d.ring.grants = append(d.ring.grants, held{grant: g, gen: uint32(len(d.ring.gens) - 1)})
	d.live[g.ID] = LiveGrant{Grant: g.ID, Until: g.Until, Self: g.Self}
	d.rows[g.ID] = true
	return &d.ring.grants[len(d.ring.grants)-1]
}

// skew is how far before the present a grant begins, so that it is good at once
// by a clock that is a little behind.
const skew = 2 * time.Minute

// newSelf makes the person's own standing grant, in the name the last one had.
func (d *draft) newSelf() {
	name := "you"
	for _, h := range d.ring.grants {
		if h.grant.Self {
			name = h.grant.To.Name
		}
	}
	d.add(selfGrant(d.ring.person, name, d.now))
}

func selfGrant(p record.PersonID, name string, now time.Time) grant.Grant {
	return grant.Grant{
		ID: crypto.RandomID(), Person: p, Self: true,
		To:       grant.Party{Name: name},
		Sections: record.AllSections,
		Scopes:   []grant.Scope{{Type: "*", Verbs: grant.Create | grant.Read | grant.Update | grant.Delete | grant.Search}},
		Purpose:  "PATRQT",
		From:     now.Add(-skew).Truncate(time.Second),
		Daily:    selfDaily,
	}
}

// selfDaily is how many requests a day the person may make of their own record.
const selfDaily = 1_000_000

// addSlot adds a way in, and its capsule.
func (d *draft) addSlot(o opener, label string) {
	d.ring.slots = append(d.ring.slots, o.entry(label, d.now.Truncate(time.Second)))
	d.put = append(d.put, keys.SealSlot(o.key, d.ring.person))
}

// cutSlots removes ways in, and makes a new R, which they do not open.
func (d *draft) cutSlots(gone func(slot) bool) {
	var rest []slot
	for _, s := range d.ring.slots {
		if gone(s) {
			d.cut = append(d.cut, s.id)
		} else {
			rest = append(rest, s)
		}
	}
	d.ring.slots = rest
	d.root.Destroy()
	d.root = crypto.NewKey()
}

// needsWayBack refuses a record that would be lost with one authenticator, or
// that nobody could open.
func (d *draft) needsWayBack() error {
	for _, s := range d.ring.slots {
		if s.kind != crypto.SlotPasskey {
			return nil
		}
	}
	return record.Safef(record.Unprocessed, "a passphrase or a recovery code must remain: without one the record could be lost for good")
}

// finish signs the statement. After it the draft's keyring is what the record's
// will be, if the server takes it.
func (d *draft) finish() (statement.Signed, error) {
	r := d.ring
	if len(r.slots) > statement.MaxSlots {
		return statement.Signed{}, record.Safef(record.TooMany, "a record has at most %d ways in: remove one first", statement.MaxSlots)
	}
	r.seq++
	if !d.first {
		r.recent = append(r.recent, d.prev)
		r.recent = r.recent[max(0, len(r.recent)-maxRecent):]
	}
	b := statement.Body{
		Person: r.person, Store: r.store, Seq: r.seq, Prev: d.prev, Seen: r.seen, Time: d.now.Truncate(time.Second),
		CarryOn: d.carry, Identity: d.identity, PutSlots: d.put, CutSlots: d.cut, Ended: d.stopped, Capsules: d.capsules,
		Suspended: d.suspended,
	}
	if r.moved != nil {
		b.MovedTo = r.moved.url
	}
	if d.renew {
		next := keys.NewEpochKey(r.epoch() + 1)
		back := next.BackRow(r.person, func(e record.Epoch) crypto.Key { return r.epochs[e-1] })
		r.epochs = append(r.epochs, next.Key)
		b.Epoch = &statement.Epoch{Number: next.Epoch, Back: back}
	} else if d.first {
		b.Epoch = &statement.Epoch{Number: 1}
	}
	b.Grants = d.grantRows()
	e := audit.Event{Time: d.now, Action: d.action, Text: d.text, About: append(d.about, d.ended...), State: &d.prev}
	b.Leaf = audit.DeviceLeaf(r.newest().audit, r.person, r.seq, e)
	r.trail = follow(r.trail, b.Leaf)
	for _, s := range r.slots {
		wrap, err := s.wrap(r.person, d.root)
		if err != nil {
			return statement.Signed{}, err
		}
		b.Slots = append(b.Slots, statement.Slot{ID: s.id, Wrap: wrap})
	}
	b.Ring = r.seal(d.root)

	signed := statement.Sign(b, d.signer)
	if d.identity != nil {
		signed = signed.SignNew(crypto.NewSigningKey(r.newest().identity))
	}
	return signed, nil
}

// grantRows seals the keys of the newest epoch for the grants that need them:
// the new ones, and in a new epoch all. One that is suspended has none until it goes on.
func (d *draft) grantRows() []statement.GrantRow {
	r := d.ring
	gen := r.newest()
	epoch := keys.EpochKey{Epoch: r.epoch(), Key: r.epochs[len(r.epochs)-1]}
	signer := crypto.NewSigningKey(gen.identity)
	var rows []statement.GrantRow
	for _, h := range r.grants {
		g := h.grant
		if !h.ended.IsZero() || !h.paused.IsZero() || d.live[g.ID].Suspended || !d.renew && !d.rows[g.ID] {
			continue
		}
		rows = append(rows, statement.GrantRow{Grant: g.ID, Until: g.Until, Self: g.Self, Resumes: d.resumed[g.ID],
			Row: keys.SealGrantRow(g, g.Sign(signer), epoch, r.id, gen.grants, gen.audit)})
	}
	return rows
}

// discard overwrites what only this draft had.
func (d *draft) discard() {
	d.ring.destroy()
	d.root.Destroy()
}
