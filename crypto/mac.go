package crypto

import "crypto/subtle"

// MAC authenticates fields.
type MAC [32]byte

// macPrefix keeps a MAC, which is stored for all to see, apart from the key that
// Derive gives for the same label and fields.
const macPrefix = "carehold-v1 mac"

// MAC authenticates fields under the key, for one purpose:
//
//	HKDF-Expand-SHA-512(k, lp("carehold-v1 mac") lp(label) lp(field)…, 32)
//
// of which one block is HMAC-SHA-512, cut to 32 bytes.
func (k Key) MAC(l Label, fields ...[]byte) (m MAC) {
	in := info(macPrefix, l.name, fields)
	guarded(func() { expand(m[:], k.use(), in) })
	return m
}

// Equal compares in constant time.
func (m MAC) Equal(o []byte) bool { return subtle.ConstantTimeCompare(m[:], o) == 1 }
