package store

import (
	"errors"
	"slices"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/audit"
	"carehold/record/keys"
	"carehold/record/kv"
	"carehold/record/rows"
	"carehold/record/statement"
)

// errStruck is a conflict, not a rule: a session was first, and a device that
// reloads will see what it did.
var errStruck error = record.Safef(record.Conflict, "a grant was stopped from a session meanwhile: reload the keyring, and end it instead of renewing it")

// errSuspended is for a device that does not know that a grant is suspended: another
// device was first, or its program is from before there was suspending, and would let
// the grant go on without a word.
var errSuspended error = record.Safef(record.Conflict, "a grant is suspended, and would go on by this: reload the keyring; if it comes again, this device's program is too old, and needs to be updated first")

func against(rule string) error {
	return record.Safef(record.Unprocessed, "the statement is against the rules: %s", rule)
}

// apply writes a verified statement inside its commit.
func (s *Store) apply(tx kv.Tx, b statement.Body, name statement.Hash, quota uint64, now time.Time) (*person, error) {
	p, err := s.load(tx, b.Person)
	switch {
	case errors.Is(err, errNoPerson) && b.Seq == 1:
		p = &person{rows.Person{ID: b.Person, Account: rows.Account{Quota: quota, Since: now}}}
		empty := new(rows.Directory).Marshal()
		tx.Put(rows.DirKey, empty)
		p.Head.Dir = rows.DirRoot(empty)
	case errors.Is(err, errNoPerson):
		return nil, errBehind
	case err != nil:
		return nil, err
	case b.Seq != p.Account.Seq+1 || b.Prev != p.Account.Last:
		return nil, errBehind
	}
	if b.Seen.Size > p.Head.Log.Size {
		return nil, errLogLost
	}
	if err := s.applyCarryOn(p, b); err != nil {
		return nil, err
	}
	if err := p.applyIdentity(b); err != nil {
		return nil, err
	}
	if err := p.applySlots(tx, b); err != nil {
		return nil, err
	}
	fresh := 0
	for _, g := range b.Grants {
		if _, there := p.Live.Find(g.Grant); !there {
			fresh++
		}
	}
	if err := p.applySuspended(tx, b); err != nil {
		return nil, err
	}
	if err := p.applyGrants(tx, b); err != nil {
		return nil, err
	}
	if err := p.applyMoved(b); err != nil {
		return nil, err
	}
	if err := p.applyQuota(b, fresh); err != nil {
		return nil, err
	}
	p.Account.Seq, p.Account.Last = b.Seq, name
	if seq, ok := audit.DeviceSeq(b.Leaf); !ok || seq != b.Seq {
		return nil, against("it must bring its own log entry")
	}
	if err := p.appendLeaf(tx, func(uint64) ([]byte, error) { return b.Leaf, nil }); err != nil {
		return nil, err
	}
	p.putAccount(tx)
	p.putLive(tx)
	s.save(tx, p)
	return p, nil
}

func (p *person) applyIdentity(b statement.Body) error {
	if b.Identity == nil {
		return nil // the first statement without one did not verify
	}
	if _, err := crypto.ParseBoxPublicKey(b.Identity.Box); err != nil {
		return against("the identity's box key is not an X-Wing key")
	}
	if b.Epoch == nil {
		return against("with a new identity an epoch begins: the grants' certificates are signed by the old one")
	}
	p.Account.Signing, p.Account.Box = b.Identity.Signing, b.Identity.Box
	return nil
}

// applyQuota counts what a statement leaves outside its person's partition. A
// record that is full takes no new credentials and no new grants, and still ends
// and renews those there are, and goes on after a restore. fresh is how many grants
// are new.
func (p *person) applyQuota(b statement.Body, fresh int) error {
	for _, list := range [][]record.Capsule{b.PutSlots, b.Capsules} {
		for _, c := range list {
			p.Head.Used += uint64(rows.CapsuleHead + len(c.Blob))
		}
	}
	if len(b.PutSlots)+len(b.Capsules)+fresh > 0 && b.Seq > 1 && b.CarryOn == nil && p.full(0) {
		return errFull
	}
	return nil
}

var errFull error = record.Safef(record.TooMany, "this record has used the room it was given: ask the server's operator for more")

// full reports whether there is no room for so many bytes more.
func (p *person) full(more uint64) bool {
	return p.Account.Quota != 0 && p.Head.Used+more > p.Account.Quota
}

// keep puts a row that stays, and counts it in place of what was there.
func (p *person) keep(tx kv.Tx, key, row []byte) error {
	old, err := tx.Get(key)
	if err != nil && !errors.Is(err, kv.ErrNotFound) {
		return err
	}
	p.Head.Used += uint64(len(row)) - min(uint64(len(old)), p.Head.Used+uint64(len(row)))
	tx.Put(key, row)
	return nil
}

// applySlots puts the keyring and its wraps in place, in one row.
func (p *person) applySlots(tx kv.Tx, b statement.Body) error {
	if len(b.Slots) == 0 {
		return against("a record needs at least one way to unlock it")
	}
	wrapped := make(map[crypto.CapsuleID]bool)
	for _, slot := range b.Slots {
		if wrapped[slot.ID] {
			return against("a slot stands twice")
		}
		wrapped[slot.ID] = true
	}
	own := make(map[crypto.CapsuleID]bool) // nobody names another person's slot, or removes it
	if b.Seq > 1 {
		old, err := p.Ring(tx)
		if err != nil {
			return err
		}
		for _, slot := range old.Slots {
			own[slot.ID] = true
		}
	}
	for _, id := range b.CutSlots {
		if b.Seq > 1 && !own[id] {
			return against("a slot that is removed is not of this record")
		}
	}
	for _, c := range b.PutSlots {
		own[c.ID] = true
		if !wrapped[c.ID] || c.Hour != crypto.NoExpiry {
			return against("a new slot needs the root key wrapped for it, and no expiry")
		}
	}
	for _, id := range b.CutSlots {
		if wrapped[id] {
			return against("a slot that is removed still has the root key")
		}
	}
	for id := range wrapped {
		if !own[id] {
			return against("a slot is neither new nor of this record")
		}
	}
	row := rows.Ring{Seq: b.Seq, Slots: b.Slots, Blob: b.Ring}.Marshal()
	p.Head.Ring = rows.HashOf(row)
	return p.keep(tx, rows.RingKey, row)
}

// applySuspended takes from grants that stay on the list what opens anything: their row
// is a stopped one, until a new one renews them. It comes before the rows that do.
func (p *person) applySuspended(tx kv.Tx, b statement.Body) error {
	for _, e := range b.Suspended {
		at := slices.IndexFunc(p.Live.Grants, func(g rows.LiveGrant) bool { return g.Grant == e.Grant })
		switch {
		case at < 0:
			return against("a grant that is suspended is not on the live list")
		case p.Live.Grants[at].Self:
			return against("the person's own grant cannot be suspended")
		case p.Live.Grants[at].Struck:
			return errStruck
		}
		p.Live.Grants[at].Suspended = true
		p.Live.Grants[at].Row = rows.HashOf(e.Row)
		if err := p.keep(tx, rows.GrantKey(e.Grant), e.Row); err != nil {
			return err
		}
	}
	return nil
}

// applyGrants brings the live list, the grants' rows and the epoch forward.
func (p *person) applyGrants(tx kv.Tx, b statement.Body) error {
	for _, e := range b.Ended {
		if _, there := p.Live.Find(e.Grant); !there {
			return against("a grant that is ended is not on the live list")
		}
		p.Live.Grants = without(p.Live.Grants, e.Grant)
		if err := p.keep(tx, rows.GrantKey(e.Grant), e.Row); err != nil {
			return err
		}
	}
	fresh := make(map[record.GrantID]bool)
	for _, g := range b.Grants {
		if fresh[g.Grant] {
			return against("a grant stands twice")
		}
		fresh[g.Grant] = true
		old, there := p.Live.Find(g.Grant)
		switch {
		case there && old.Struck:
			return errStruck
		case there && old.Suspended && !g.Resumes:
			return errSuspended
		case g.Resumes && !(there && old.Suspended):
			return against("a grant goes on that was not suspended")
		case there && old.Self != g.Self:
			return against("a grant stays the person's own, or somebody else's")
		case !there:
			switch _, err := tx.Get(rows.GrantKey(g.Grant)); {
			case err == nil:
				return against("a grant that has ended cannot be used again: make a new one")
			case !errors.Is(err, kv.ErrNotFound):
				return err
			}
		}
		p.Live.Grants = append(without(p.Live.Grants, g.Grant),
			rows.LiveGrant{Grant: g.Grant, Until: g.Until, Self: g.Self, Row: rows.HashOf(g.Row)})
		if err := p.keep(tx, rows.GrantKey(g.Grant), g.Row); err != nil {
			return err
		}
	}
	if b.Epoch != nil {
		if b.Epoch.Number != p.Live.Epoch+1 {
			return against("epochs are numbered without a gap")
		}
		if first := b.Epoch.Number == 1; first != (len(b.Epoch.Back) == 0) || !first && len(b.Epoch.Back) != keys.BackRowSize(b.Epoch.Number) {
			return against("an epoch leads back to the one before it")
		}
		if len(b.Epoch.Back) > 0 {
			if err := p.keep(tx, rows.BackKey(b.Epoch.Number), b.Epoch.Back); err != nil {
				return err
			}
		}
		p.Live.Epoch = b.Epoch.Number
		for _, g := range p.Live.Grants {
			switch {
			case fresh[g.Grant], g.Suspended:
			case g.Struck:
				return errStruck
			default:
				return against("every grant that goes on needs a row of the new epoch")
			}
		}
	}
	if p.Live.Epoch == 0 {
		return against("the first statement starts the first epoch")
	}
	selves := 0
	for _, g := range p.Live.Grants {
		if g.Self {
			selves++
		}
	}
	if selves != 1 {
		return against("a record has one grant of the person's own")
	}
	if len(p.Live.Grants) > statement.MaxGrants {
		return record.Safef(record.TooMany, "a record has at most %d live grants: end some first", statement.MaxGrants)
	}
	return nil
}

func without(list []rows.LiveGrant, g record.GrantID) []rows.LiveGrant {
	kept := make([]rows.LiveGrant, 0, len(list)+1)
	for _, x := range list {
		if x.Grant != g {
			kept = append(kept, x)
		}
	}
	return kept
}
