package crypto

import "crypto/subtle"

// MAC is KDF(k, label, fields…) used to authenticate its fields.
type MAC [32]byte

// MAC authenticates fields under the key, for one purpose.
func (k Key) MAC(l Label, fields ...[]byte) (m MAC) {
	d := k.Derive(l, fields...)
	copy(m[:], d.b[:])
	return m
}

// Equal compares in constant time.
func (m MAC) Equal(o []byte) bool { return subtle.ConstantTimeCompare(m[:], o) == 1 }
