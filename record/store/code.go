package store

import (
	"context"
	"errors"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/audit"
	"carehold/record/grant"
	"carehold/record/keys"
	"carehold/record/kv"
	"carehold/record/rows"
)

// What a client is given on its way to a record is a chain of secrets: the answer to its
// request, a code, tokens. Behind each lies the grant's key once more, under that secret
// alone. This file is what they have in common: a secret is presented, by a client whose
// name the caller has proved, and there is a View on its grant or there is ErrGrant.
//
// Whatever hands out a secret goes in this order:
//
//	log      in the person's partition, where the grant is found valid in that commit
//	put      the new secrets' capsules, each in its own partition
//	turn     the row of what was presented: gone or spent. One request wins it
//
// and then it answers. A crash in between leaves capsules whose secrets nobody has ever
// had, and what was presented is as good as before.

// ErrGrant is the one answer to every code, refresh token and answer that is good for
// nothing here: what OAuth calls invalid_grant.
var ErrGrant error = record.Safef(record.Unauthorized, "this opens nothing here for this client: it may have been used already, have run out, have been stopped, or be another's; ask the person for access again")

// ErrUnbound: all is right, and yet the grant shows what no token is given for that
// works without its client's key.
var ErrUnbound error = record.Safef(record.Unauthorized, "what was shared includes sensitive sections, for which there are only tokens that are bound to a key: use DPoP (RFC 9449)")

// ErrScope: more was asked for than was granted. OAuth calls it invalid_scope.
var ErrScope error = record.Safef(record.Invalid, "these scopes are not among those that were granted: ask for the same or fewer, or ask the person again")

// Presented is who presents a secret, as the caller has found.
type Presented struct {
	Client string
	Bound  [32]byte // thumbprint of the key of the proof that came along; zeros: none did
	Public bool     // nothing but its name is known of the client
}

// opener reads what is behind a secret.
type opener func(crypto.CapsuleKey, record.Capsule) (keys.TokenCapsule, error)

// present opens what lies behind a secret, whatever its state, and logs nothing. The
// View stands on nothing yet: load comes next.
func (s *Store) present(c crypto.Credential, kind crypto.Kind, open opener) (v *View, row rows.Capsule, now time.Time, err error) {
	if c.IsZero() || c.Kind() != kind {
		return nil, row, now, ErrGrant
	}
	if now, err = s.checkClock(); err != nil {
		return nil, row, now, err
	}
	id := c.CapsuleID()
	err = s.engine.View(kv.Partition(id), func(r kv.Reader) error {
		row, err = s.readCapsule(r, id)
		return err
	})
	if errors.Is(err, errNoCapsule) {
		err = ErrGrant
	}
	if err != nil {
		return nil, row, now, err
	}
	key := c.CapsuleKey()
	defer key.KEK.Destroy()
	v = &View{s: s, capsule: id, kind: kind, minting: true}
	if v.token, err = open(key, row.Capsule); err != nil {
		return nil, row, now, ErrGrant
	}
	if v.person = v.token.Person; !s.ownedBy(row, v.person) { // as in openToken
		v.Close()
		return nil, row, now, ErrGrant
	}
	return v, row, now, nil
}

// theirs reports whether the secret is for whoever presents it.
func (v *View) theirs(by Presented) bool {
	return v.token.Client != "" && v.token.Client == by.Client &&
		(v.token.Bound == [32]byte{} || v.token.Bound == by.Bound)
}

// stand opens the grant, for tokens that will be bound to a key.
func (v *View) stand(ctx context.Context, now time.Time, bound [32]byte) error {
	if v.ended(now) {
		return v.fail(ctx, audit.Expired)
	}
	v.token.Bound = bound
	return asGrant(v.load(ctx, now))
}

// fail logs that a secret was presented in vain.
func (v *View) fail(ctx context.Context, why audit.Reason) error { return asGrant(v.refuse(ctx, why)) }

// asGrant says to clients what a View says to whoever has a token.
func asGrant(err error) error {
	if errors.Is(err, errUnauthorized) {
		return ErrGrant
	}
	return err
}

// full is the grant as the person signed it, without what narrows this token.
func (v *View) full() (grant.Grant, error) {
	g, err := grant.Verify(v.certificate, v.signing)
	if err != nil {
		return g, rows.Damaged("certificate")
	}
	return g, nil
}

// errForeign: the grant is for another client, or for another key.
var errForeign = errors.New("another client's grant")

// suited is the grant, if tokens bound to this key may be made of it.
func (v *View) suited(bound [32]byte) (grant.Grant, error) {
	g, err := v.full()
	switch {
	case err != nil || g.Suits(v.token.Client, bound):
		return g, err
	case g.Client == v.token.Client && g.Bound == [32]byte{}:
		return g, ErrUnbound
	}
	return g, errForeign
}

// strike stops a grant, in a commit; false when it is not there to be stopped.
func (p *person) strike(tx kv.Tx, g record.GrantID) bool {
	for i := range p.Live.Grants {
		if x := &p.Live.Grants[i]; x.Grant == g && !x.Self && !x.Struck {
			x.Struck = true
			p.putLive(tx)
			return true
		}
	}
	return false
}

// stop ends the grant because of what its client did, and logs it; false when it had
// ended before. It is not counted, as View.Strike is not: it happens once.
func (v *View) stop(ctx context.Context, why audit.Action) (ended bool, err error) {
	v.readyLeaf()
	err = v.s.engine.Update(ctx, kv.Partition(v.person), func(tx kv.Tx) error {
		p, err := v.s.load(tx, v.person)
		if err != nil {
			return err
		}
		if !p.strike(tx, v.token.Grant) {
			return errDone
		}
		return v.appendLeaf(tx, p, audit.Event{Action: why})
	})
	if errors.Is(err, errDone) || errors.Is(err, errNoPerson) {
		return false, nil
	}
	if err == nil {
		v.s.stopped(v.person, v.token.Grant)
	}
	return err == nil, err
}

// stopped lets go of what a grant had running and kept.
func (s *Store) stopped(p record.PersonID, g record.GrantID) {
	s.letGoGrant(p, g)
	s.running.stop(p, func(x record.GrantID) bool { return x != g })
}

// replayed stops the grant of a code or a token that was used before: somebody else may
// have been first. RFC 6749 §4.1.2, RFC 9700 §4.5.
func (v *View) replayed(ctx context.Context) error {
	ended, err := v.stop(ctx, audit.Replayed)
	switch {
	case err != nil:
		return err
	case !ended:
		return v.fail(ctx, audit.Stopped)
	}
	return ErrGrant
}

// turnOf waits for the turn of a secret: of several requests with one code, one at a time
// looks at it, so that those who lose it leave nothing behind. What decides is the row.
func (s *Store) turnOf(ctx context.Context, c crypto.Credential, kind crypto.Kind) (leave func(), err error) {
	if c.IsZero() || c.Kind() != kind {
		return nil, ErrGrant
	}
	return s.linkTurns.lock(ctx, record.PersonID(c.CapsuleID()))
}

// spend turns a code's row; false when another request was first. What stays knows the
// code again, and the grant's key is not in it any more: codes go through URLs.
func (s *Store) spend(ctx context.Context, code crypto.Credential, x keys.Code) (won bool, err error) {
	key := code.CapsuleKey()
	defer key.KEK.Destroy()
	x.Key = crypto.NewKey() // of nothing
	defer x.Key.Destroy()
	husk := keys.SealCode(key, x)
	err = s.engine.Update(ctx, kv.Partition(key.ID), func(tx kv.Tx) error {
		row, err := s.readCapsule(tx, key.ID)
		if won = err == nil && row.State == rows.CapsuleOpen && row.Hour == husk.Hour; !won {
			if errors.Is(err, errNoCapsule) {
				return nil
			}
			return err
		}
		row.State, row.Blob = rows.CapsuleSpent, husk.Blob
		tx.Put(rows.CapsuleKey, s.marshalCapsule(row))
		return nil
	})
	return won && err == nil, err
}

// fetch removes the row of what was presented, as it was read; false when another request
// was first.
func (s *Store) fetch(ctx context.Context, row rows.Capsule) (won bool, err error) {
	err = s.engine.Update(ctx, kv.Partition(row.ID), func(tx kv.Tx) error {
		now, err := s.readCapsule(tx, row.ID)
		if won = err == nil && now.Check == row.Check; won {
			tx.Delete(rows.CapsuleKey)
			return nil
		}
		if errors.Is(err, errNoCapsule) {
			return nil
		}
		return err
	})
	return won && err == nil, err
}
