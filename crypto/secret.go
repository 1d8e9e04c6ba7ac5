package crypto

import (
	"crypto/subtle"
	"unicode/utf8"
)

// Secret is what a person types to prove who they are: a passphrase, the text of
// a recovery code. It is no key, for it is not uniform; it prints [secret].
type Secret struct {
	redact
	b hidden[[]byte]
}

// SecretOf takes b over, without a copy, so that Destroy overwrites what was
// read from the terminal. The caller must not use b again.
func SecretOf(b []byte) Secret { return Secret{b: hide(&b)} }

// SecretString takes a copy of a string, where a string is all that can be had:
// in a browser. The string itself cannot be overwritten.
func SecretString(s string) Secret { return SecretOf([]byte(s)) }

// IsZero reports whether nothing was typed.
func (s Secret) IsZero() bool { return s.b == nil || len(*s.b()) == 0 }

// Characters is how many were typed.
func (s Secret) Characters() int { return utf8.RuneCount(s.Reveal()) }

// Reveal returns the bytes themselves, not a copy. TestKeysAreNotHandedOut lists
// who may call it.
func (s Secret) Reveal() []byte {
	if s.b == nil {
		return nil
	}
	return *s.b()
}

// Equal compares in constant time, for a passphrase typed twice.
func (s Secret) Equal(o Secret) bool {
	return subtle.ConstantTimeCompare(s.Reveal(), o.Reveal()) == 1
}

// Destroy overwrites the secret, and every copy of the value with it.
func (s Secret) Destroy() {
	if s.b != nil {
		clear(*s.b())
		*s.b() = nil
	}
}
