package store

import (
	"context"
	"crypto/sha256"
	"errors"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/audit"
	"carehold/record/keys"
	"carehold/record/kv"
	"carehold/record/statement"
)

var (
	errBehind     error = record.Safef(record.Conflict, "another device was first: reload the keyring and do it again")
	errOtherStore error = record.Safef(record.Unprocessed, "this statement was signed for another server, or for this one before it was restored")
	errBadSign    error = record.Safef(record.Unauthorized, "the statement is not signed by this record's identity")
	errLogLost    error = record.Safef(record.Integrity, "this device has seen more of the log than this server has: the server was wound back")
)

func against(rule string) error {
	return record.Safef(record.Unprocessed, "the statement is against the rules: %s", rule)
}

// Apply carries out a statement: wholly, or not at all. It must follow the
// person's last one, else record.Conflict. The first of a person needs an
// invite. A statement that is sent again after it was applied is answered as it
// was the first time.
func (s *Store) Apply(ctx context.Context, st statement.Signed, invite crypto.Credential) (Receipt, error) {
	now, err := s.checkClock()
	if err != nil {
		return Receipt{}, err
	}
	claimed, err := statement.ParseBody(st.Body)
	if err != nil {
		return Receipt{}, record.Safef(record.Invalid, "this is not a statement: %w", err)
	}
	if claimed.Store != s.id {
		return Receipt{}, errOtherStore
	}
	unlock := s.writers.lock(claimed.Person)
	defer unlock()

	known, err := s.person(claimed.Person)
	var identity *crypto.PublicKey
	switch {
	case errors.Is(err, errNoPerson):
	case err != nil:
		return Receipt{}, err
	default:
		identity = &known.account.signing
		if claimed.Seq == known.account.seq && statement.HashOf(st.Body) == known.account.last {
			return s.receipt(known)
		}
		if claimed.Seq != known.account.seq+1 || claimed.Prev != known.account.last {
			return Receipt{}, errBehind
		}
	}
	body, err := st.Verify(identity)
	if err != nil {
		return Receipt{}, errBadSign
	}
	var quota uint64
	if identity == nil {
		admitted, err := s.claim(ctx, invite, body.Person, now)
		if err != nil {
			return Receipt{}, err
		}
		quota = admitted.Quota
	}
	// Capsules first: one that leads to nothing is harmless, and a grant whose
	// token was lost is not.
	if err := s.putCapsules(ctx, append(append([]record.Capsule(nil), body.PutSlots...), body.Capsules...)); err != nil {
		return Receipt{}, err
	}
	var after *person
	err = s.engine.Update(ctx, kv.Partition(body.Person), func(tx kv.Tx) error {
		after, err = s.apply(tx, body, statement.HashOf(st.Body), quota, now)
		return err
	})
	if err != nil {
		return Receipt{}, err
	}
	for _, id := range body.CutSlots { // they open nothing any more; this tidies
		s.dropCapsule(context.WithoutCancel(ctx), id)
	}
	return s.receipt(after)
}

// person reads a person's state as it is on the disk.
func (s *Store) person(id record.PersonID) (p *person, err error) {
	err = s.engine.View(kv.Partition(id), func(r kv.Reader) error {
		p, err = s.load(r, id)
		return err
	})
	return p, err
}

func (s *Store) receipt(p *person) (Receipt, error) {
	cp, err := s.signer.Sign(p.id, p.head.log.Head())
	return Receipt{p.account.seq, cp}, err
}

// apply writes a verified statement inside its commit.
func (s *Store) apply(tx kv.Tx, b statement.Body, name statement.Hash, quota uint64, now time.Time) (*person, error) {
	p, err := s.load(tx, b.Person)
	switch {
	case errors.Is(err, errNoPerson) && b.Seq == 1:
		p = &person{id: b.Person, account: account{quota: quota, since: now}}
		empty := new(directory).marshal()
		tx.Put(dirKey, empty)
		p.head.dir = dirRoot(empty)
	case errors.Is(err, errNoPerson):
		return nil, errBehind
	case err != nil:
		return nil, err
	case b.Seq != p.account.seq+1 || b.Prev != p.account.last:
		return nil, errBehind
	}
	if b.Seen.Size > p.head.log.Size {
		return nil, errLogLost
	}
	if err := p.applyIdentity(b); err != nil {
		return nil, err
	}
	if err := p.applySlots(tx, b); err != nil {
		return nil, err
	}
	if err := p.applyGrants(tx, b); err != nil {
		return nil, err
	}
	p.account.seq, p.account.last = b.Seq, name
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
	p.account.signing, p.account.box = b.Identity.Signing, b.Identity.Box
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
	for _, c := range b.PutSlots {
		if !wrapped[c.ID] || c.Hour != crypto.NoExpiry {
			return against("a new slot needs the root key wrapped for it, and no expiry")
		}
	}
	for _, id := range b.CutSlots {
		if wrapped[id] {
			return against("a slot that is removed still has the root key")
		}
	}
	if b.Seq > 1 && len(b.CutSlots) > 0 {
		old, err := p.ring(tx)
		if err != nil {
			return err
		}
		for _, id := range b.CutSlots { // nobody removes another person's slot
			if _, theirs := old.wrap(id); !theirs {
				return against("a slot that is removed is not of this record")
			}
		}
	}
	row := ring{b.Seq, b.Slots, b.Ring}.marshal()
	p.head.ring = sha256.Sum256(row)
	tx.Put(ringKey, row)
	return nil
}

// applyGrants brings the live list, the grants' rows and the epoch forward.
func (p *person) applyGrants(tx kv.Tx, b statement.Body) error {
	for _, e := range b.Ended {
		if _, there := p.live.find(e.Grant); !there {
			return against("a grant that is ended is not on the live list")
		}
		p.live.grants = without(p.live.grants, e.Grant)
		tx.Put(grantKey(e.Grant), e.Row)
	}
	fresh := make(map[record.GrantID]bool)
	for _, g := range b.Grants {
		if fresh[g.Grant] {
			return against("a grant stands twice")
		}
		fresh[g.Grant] = true
		old, there := p.live.find(g.Grant)
		if there && old.Struck {
			return against("a grant that was stopped cannot be renewed: end it, and make a new one")
		}
		if !there {
			if _, err := tx.Get(grantKey(g.Grant)); err == nil {
				return against("a grant that has ended cannot be used again: make a new one")
			}
		}
		p.live.grants = append(without(p.live.grants, g.Grant),
			LiveGrant{Grant: g.Grant, Until: g.Until, Self: g.Self})
		tx.Put(grantKey(g.Grant), g.Row)
	}
	if b.Epoch != nil {
		if b.Epoch.Number != p.live.epoch+1 {
			return against("epochs are numbered without a gap")
		}
		if first := b.Epoch.Number == 1; first != (len(b.Epoch.Back) == 0) || !first && len(b.Epoch.Back) != keys.BackRowSize() {
			return against("an epoch leads back to the one before it")
		}
		if len(b.Epoch.Back) > 0 {
			tx.Put(backKey(b.Epoch.Number), b.Epoch.Back)
		}
		p.live.epoch = b.Epoch.Number
		for _, g := range p.live.grants {
			if !fresh[g.Grant] {
				return against("every grant that goes on needs a row of the new epoch")
			}
		}
	}
	if p.live.epoch == 0 {
		return against("the first statement starts the first epoch")
	}
	selves := 0
	for _, g := range p.live.grants {
		if g.Self {
			selves++
		}
	}
	if selves != 1 {
		return against("a record has one grant of the person's own")
	}
	if len(p.live.grants) > statement.MaxGrants {
		return record.Safef(record.TooMany, "a record has at most %d live grants: end some first", statement.MaxGrants)
	}
	return nil
}

func without(list []LiveGrant, g record.GrantID) []LiveGrant {
	kept := make([]LiveGrant, 0, len(list)+1)
	for _, x := range list {
		if x.Grant != g {
			kept = append(kept, x)
		}
	}
	return kept
}
