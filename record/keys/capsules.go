package keys

import (
	"bytes"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/wire"
)

// The payloads of capsules. docs/format.md, "Capsules". All of them are padded,
// so that a slot, a token and an invite look alike at rest.

// Capsule is what a database holds for a credential.
type Capsule = record.Capsule

// TokenCapsule is behind an access token or a session.
type TokenCapsule struct {
	Person record.PersonID
	Grant  record.GrantID
	Key    crypto.Key // GK_g
	Audit  crypto.Key // AK_g, so that a refusal can be logged when the grant's row is gone
	Until  time.Time  // the token's own end; zero: with the grant

	Reading []byte // of a session that is to read the log: a Reading
	Terms          // of a client's

	leaf *LeafKeys // what is derived from Audit, when it is at hand
}

// Destroy overwrites the capsule's keys.
func (t TokenCapsule) Destroy() {
	t.Key.Destroy()
	t.Audit.Destroy()
	clear(t.Reading)
	if t.leaf != nil {
		t.leaf.Destroy()
	}
}

// SealToken makes the capsule of a token; it returns what the database holds.
func SealToken(c crypto.CapsuleKey, t TokenCapsule) record.Capsule {
	var w wire.Builder
	t.marshal(&w)
	return sealCapsule(c, t.Until, w.Finish())
}

func (t TokenCapsule) marshal(w *wire.Builder) {
	w.Bytes(1, t.Person[:])
	w.Bytes(2, t.Grant[:])
	w.Bytes(3, t.Key.Bytes())
	w.Bytes(4, t.Audit.Bytes())
	w.Time(5, t.Until)
	if t.Reading != nil {
		w.Bytes(6, t.Reading)
	}
	t.Terms.marshal(w)
}

// OpenToken opens the capsule of a token.
func OpenToken(c crypto.CapsuleKey, cap record.Capsule) (t TokenCapsule, err error) {
	err = t.open(c, cap, func(*wire.Decoder) {})
	return t, err
}

// open opens a capsule that begins as a token's; rest reads what else is in it.
func (t *TokenCapsule) open(c crypto.CapsuleKey, cap record.Capsule, rest func(*wire.Decoder)) error {
	d, done, err := openCapsule(c, cap)
	if err != nil {
		return err
	}
	defer done()
	d.Fixed(1, t.Person[:])
	d.Fixed(2, t.Grant[:])
	gk, ak := d.Bytes(3), d.Bytes(4)
	t.Until = d.Time(5)
	t.Reading = bytes.Clone(d.Optional(6))
	t.Terms = parseTerms(d)
	rest(d)
	if err := d.Finish(); err != nil {
		return err
	}
	if t.Key, err = crypto.KeyFrom(gk); err != nil {
		return crypto.ErrOpen
	}
	if t.Audit, err = crypto.KeyFrom(ak); err != nil {
		t.Key.Destroy()
		return crypto.ErrOpen
	}
	return nil
}

// SealSlot makes the capsule of a slot: it says whose record the slot opens, and
// nothing more. The root key is sealed to the slot beside the keyring.
func SealSlot(c crypto.CapsuleKey, p record.PersonID) record.Capsule {
	var w wire.Builder
	w.Bytes(1, p[:])
	return sealCapsule(c, time.Time{}, w.Finish())
}

// OpenSlot opens the capsule of a slot.
func OpenSlot(c crypto.CapsuleKey, cap record.Capsule) (p record.PersonID, err error) {
	d, done, err := openCapsule(c, cap)
	if err != nil {
		return p, err
	}
	defer done()
	d.Fixed(1, p[:])
	return p, d.Finish()
}

// Invite is what an operator offers a new person.
type Invite struct {
	Quota uint64    // bytes the record may take at rest
	Until time.Time // the invite is good until then
}

// SealInvite makes the capsule of an invite.
func SealInvite(c crypto.CapsuleKey, i Invite) record.Capsule {
	var w wire.Builder
	w.Uint(1, i.Quota)
	w.Time(2, i.Until)
	return sealCapsule(c, i.Until, w.Finish())
}

// OpenInvite opens the capsule of an invite.
func OpenInvite(c crypto.CapsuleKey, cap record.Capsule) (i Invite, err error) {
	d, done, err := openCapsule(c, cap)
	if err != nil {
		return i, err
	}
	defer done()
	i.Quota, i.Until = d.Uint(1), d.Time(2)
	return i, d.Finish()
}

// capsuleSize is what every payload is filled to, before its padding.
const capsuleSize = 300

func sealCapsule(c crypto.CapsuleKey, until time.Time, payload []byte) record.Capsule {
	var w wire.Builder
	w.Bytes(1, payload)
	w.Bytes(2, make([]byte, max(0, capsuleSize-len(payload))))
	message := w.Finish()
	padded := crypto.Pad(message)
	hour := ExpiryHour(until)
	sealed := record.Capsule{ID: c.ID, Hour: hour, Blob: c.Seal(hour, padded)}
	for _, b := range [][]byte{payload, message, padded} { // there are keys in them
		clear(b)
	}
	return sealed
}

func openCapsule(c crypto.CapsuleKey, cap record.Capsule) (*wire.Decoder, func(), error) {
	padded, err := c.Open(cap.Hour, cap.Blob)
	if err != nil {
		return nil, nil, err
	}
	message, err := crypto.Unpad(padded)
	if err != nil {
		return nil, nil, err
	}
	outer := wire.Decode("capsule", message)
	payload := outer.Bytes(1)
	outer.Bytes(2)
	if err := outer.Finish(); err != nil {
		return nil, nil, err
	}
	return wire.Decode("capsule", payload), func() { clear(padded) }, nil
}

// ExpiryHour is the hour after which a capsule may be swept: hours since 1970,
// rounded up; crypto.NoExpiry for one that does not expire.
func ExpiryHour(until time.Time) uint32 {
	if until.IsZero() {
		return crypto.NoExpiry
	}
	return uint32((until.Unix() + 3599) / 3600)
}
