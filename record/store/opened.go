package store

import (
	"bytes"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/keys"
	"carehold/record/kv"
	"carehold/record/rows"
)

// What a token opens is kept between requests, sealed under a key that comes from the
// token's own secret (keys.Opened): so the next request with it need not open the
// capsule and the grant's row anew and derive the same keys from them. The server
// can open it only while that token is presented; what lies here tells whose a
// token is, which node.key tells of the capsule's row too, and nothing else.
//
// It says nothing of what is valid. It is used if the capsule's row and the grant's
// are, to the byte and by its hash, those that it was made of, and these are looked
// at on each request, with the live list: a grant that was stopped, ran out, was
// narrowed or renewed has left the list or has another row in it. What has become
// useless by that is dropped all the same, as memos are.

// openedMost is how many are kept, twice: three to four kilobytes each.
const openedMost = 512

// opened is what is kept of one token. It does not change.
type opened struct {
	person  record.PersonID
	grant   record.GrantID
	epoch   record.Epoch
	until   time.Time // when the token or the grant ends; zero: until it is stopped
	capsule []byte    // the row
	sealed  []byte
}

// openToken opens the capsule of a token, or takes up again what was opened. o is nil
// where nothing was kept.
func (s *Store) openToken(c crypto.Credential, id crypto.CapsuleID) (t keys.TokenCapsule, o *keys.Opened, row []byte, err error) {
	err = s.engine.View(kv.Partition(id), func(r kv.Reader) error {
		row, err = s.capsuleRow(r)
		return err
	})
	if err != nil {
		return t, nil, nil, err
	}
	if k, there := s.opened.get(id); there && bytes.Equal(k.capsule, row) {
		key := keys.OpenedKey(c)
		defer key.Destroy()
		if again, err := keys.OpenOpened(key, id, k.sealed); err == nil {
			return again.Token, &again, row, nil
		}
	}
	sealed, err := s.parseCapsule(id, row)
	if err != nil {
		return t, nil, nil, err
	}
	if sealed.State != rows.CapsuleOpen {
		return t, nil, nil, errNoCapsule
	}
	key := c.CapsuleKey()
	defer key.KEK.Destroy()
	if t, err = keys.OpenToken(key, sealed.Capsule); err != nil {
		// The row is as it was put, and yet not a token's: whoever put it made it so.
		return t, nil, nil, errNoCapsule
	}
	if !s.ownedBy(sealed, t.Person) {
		// Somebody enrolled here made a capsule that names another's record. Nothing
		// is logged there: nobody writes in a log but with that person's grant.
		t.Key.Destroy()
		t.Audit.Destroy()
		return t, nil, nil, errNoCapsule
	}
	return t, nil, row, nil
}

// keepOpened keeps what the View's token opened. then is when that began.
func (v *View) keepOpened(c crypto.Credential, capsule []byte, row hash, g *keys.GrantRow, then uint64) {
	if v.s.memos.off() || v.token.Reading != nil { // what that brought is not for lying here
		return
	}
	key := keys.OpenedKey(c)
	defer key.Destroy()
	until := v.grant.Until
	if t := v.token.Until; !t.IsZero() && (until.IsZero() || t.Before(until)) {
		until = t
	}
	sealed := keys.Opened{Token: v.token, Grant: g, Row: row}.Seal(key, v.capsule)
	v.s.opened.keepSince(v.capsule, &opened{v.person, v.token.Grant, v.hold.Epoch(), until, capsule, sealed}, then)
}

// letGo drops what is kept of a person's grants that are not to be kept any more:
// of searches, and of tokens.
func (s *Store) letGo(p record.PersonID, keep func(record.GrantID, record.Epoch) bool) {
	s.memos.forget(p, func(x *memo) bool { return keep(x.key.grant, x.epoch) })
	s.opened.drop(func(_ crypto.CapsuleID, x *opened) bool { return x.person != p || keep(x.grant, x.epoch) })
}

// letGoGrant drops what is kept of one grant.
func (s *Store) letGoGrant(p record.PersonID, g record.GrantID) {
	s.letGo(p, func(x record.GrantID, _ record.Epoch) bool { return x != g })
}

// letGoEnded drops what is kept of what has run out.
func (s *Store) letGoEnded(now time.Time) {
	s.memos.sweep(now)
	s.opened.drop(func(_ crypto.CapsuleID, x *opened) bool { return x.until.IsZero() || now.Before(x.until) })
}
