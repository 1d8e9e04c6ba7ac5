package holder

import (
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/keys"
)

// R is wrapped for a slot with X-Wing: the slot's KEK, which nothing else seals
// under, is the seed, and the keyring has the public half. With a symmetric key
// in its place, whoever had once opened the keyring could open whatever was
// wrapped for the remaining slots later, and neither removing a slot nor an
// eviction would shut them out.

// opener is a slot in hand.
type opener struct {
	kind crypto.Kind
	key  crypto.CapsuleKey
	box  crypto.BoxKey
}

func newOpener(c crypto.Credential) opener {
	k := c.CapsuleKey()
	return opener{kind: c.Kind(), key: k, box: crypto.NewBoxKey(k.KEK)}
}

// entry is the slot as the keyring has it.
func (o opener) entry(label string, now time.Time) slot {
	return slot{kind: o.kind, id: o.key.ID, public: o.box.Public().Bytes(), label: label, created: now}
}

// wrap seals R to the slot.
func (s slot) wrap(p record.PersonID, root crypto.Key) ([]byte, error) {
	public, err := crypto.ParseBoxPublicKey(s.public)
	if err != nil {
		return nil, err
	}
	return public.Seal(keys.RootContext(p, s.id), root.Bytes())
}

// unwrap opens R.
func (o opener) unwrap(p record.PersonID, wrapped []byte) (crypto.Key, error) {
	b, err := o.box.Open(keys.RootContext(p, o.key.ID), wrapped)
	if err != nil {
		return crypto.Key{}, err
	}
	defer clear(b)
	root, err := crypto.KeyFrom(b)
	if err != nil {
		return crypto.Key{}, crypto.ErrOpen
	}
	return root, nil
}
