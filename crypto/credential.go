package crypto

import "crypto/rand"

// Kind is what a credential is for. It is part of everything derived from the
// secret, so a credential of one kind never opens as another.
type Kind byte

// The kinds that are written as tokens: chd + kind + _ + 49 characters.
const (
	Access    Kind = 'a' // an access token: reads and writes through /fhir
	Refresh   Kind = 'r'
	Code      Kind = 'c' // an OAuth authorization code
	Session   Kind = 's' // a person's session: record, log, stop
	Invite    Kind = 'i' // admits one new person to a server
	Emergency Kind = 'e' // an emergency card
	Link      Kind = 'l' // a SMART Health Link
	Request   Kind = 'q' // a professional's or an app's request to the person
	Address   Kind = 'w' // where the person can be asked
)

// The kinds of the slots that open the root key. They are never tokens.
const (
	SlotPassphrase Kind = 'P'
	SlotPasskey    Kind = 'K'
	SlotRecovery   Kind = 'R'
)

// TokenKinds are the kinds that ParseToken accepts.
const TokenKinds = "arcsielqw"

// IsToken reports whether credentials of this kind are written as tokens.
func (k Kind) IsToken() bool {
	for i := range len(TokenKinds) {
		if Kind(TokenKinds[i]) == k {
			return true
		}
	}
	return false
}

// IsSlot reports whether credentials of this kind open the root key.
func (k Kind) IsSlot() bool { return k == SlotPassphrase || k == SlotPasskey || k == SlotRecovery }

// Credential is a 256-bit secret of one kind. The secret is the key; there is no
// password file it is compared with.
type Credential struct {
	redact
	kind   Kind
	secret Key
}

// NewCredential makes a credential from the system's random source.
func NewCredential(k Kind) Credential { return Credential{kind: k, secret: NewKey()} }

// Kind is what the credential is for.
func (c Credential) Kind() Kind { return c.kind }

// IsZero reports whether c is no credential.
func (c Credential) IsZero() bool { return c.secret.IsZero() }

// Destroy overwrites the secret.
func (c Credential) Destroy() { c.secret.Destroy() }

// RandomID returns 16 bytes from the system's random source, for ids.
func RandomID() (id [16]byte) {
	rand.Read(id[:])
	return id
}
