package crypto

// CapsuleID is the name under which a capsule is kept: it is derived from the
// credential, and without the credential it leads nowhere.
type CapsuleID [16]byte

// NoExpiry is the expiry hour of a capsule that does not expire: a slot.
const NoExpiry uint32 = 0

// A capsule is what a database holds for a credential:
//
//	KDF(secret, "capsule-id", kind)[:16] -> expiry hour | Seal(KDF(secret, "capsule-kek", kind), payload)
//
// The expiry hour (hours since 1970, so that a store can sweep what is over) is
// in the clear beside the blob and in its context, so it cannot be changed.

// CapsuleID returns the name of the credential's capsule.
func (c Credential) CapsuleID() CapsuleID {
	return c.secret.ID(LabelCapsuleID, []byte{byte(c.kind)})
}

// CapsuleKey returns what seals the credential's capsule. The keyring keeps it
// for each slot, so that a new root key can be sealed to slots that are not at
// hand.
func (c Credential) CapsuleKey() CapsuleKey {
	return CapsuleKey{Kind: c.kind, ID: c.CapsuleID(), KEK: c.secret.Derive(LabelCapsuleKEK, []byte{byte(c.kind)})}
}

// Derive returns a key of the credential's own, for one purpose: who holds the
// credential has it, and nobody else.
func (c Credential) Derive(l Label) Key { return c.secret.Derive(l, []byte{byte(c.kind)}) }

// CapsuleKey seals and opens one capsule.
type CapsuleKey struct {
	redact
	Kind Kind
	ID   CapsuleID
	KEK  Key
}

// Seal makes the capsule's blob.
func (c CapsuleKey) Seal(expiryHour uint32, payload []byte) []byte {
	return c.KEK.Seal(c.context(expiryHour), payload)
}

// Open reads the capsule's payload; ErrOpen for everything that is not this
// capsule with this expiry.
func (c CapsuleKey) Open(expiryHour uint32, blob []byte) ([]byte, error) {
	return c.KEK.Open(c.context(expiryHour), blob)
}

func (c CapsuleKey) context(expiryHour uint32) Context {
	return NewContext(ContextCapsule, []byte{byte(c.Kind)}, c.ID[:], U32(expiryHour))
}
