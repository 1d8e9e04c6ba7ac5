package crypto

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/binary"
	"errors"
)

// KeySize is the length of every symmetric key, in bytes.
const KeySize = 32

// Key is 32 uniformly random bytes. It acts; it is not handed out: there is no
// way to print it, and Bytes is for packing a key inside another sealed object.
// A Key value is a reference: its copies share the bytes and are destroyed with
// it. The zero Key is no key, and a destroyed one is worse, since it would seal
// under a key that everybody knows: to use either panics, and opens nothing.
type Key struct {
	redact
	b hidden[[KeySize]byte]
}

// keyOf makes a key of bytes that nobody else will keep.
func keyOf(b *[KeySize]byte) Key { return Key{b: hide(b)} }

// NewKey makes a key from the system's random source.
func NewKey() Key {
	var b *[KeySize]byte
	guarded(func() {
		b = new([KeySize]byte)
		rand.Read(b[:]) // never fails: crypto/rand crashes the process instead
	})
	return keyOf(b)
}

// KeyFrom takes a copy of 32 uniformly random bytes as a key. All zeros are
// refused: they are what is left where a key was destroyed.
func KeyFrom(b []byte) (Key, error) {
	if len(b) != KeySize || allZero(b) {
		return Key{}, errKey
	}
	return copyOf(b), nil
}

// copyOf makes a key of a copy of the bytes.
func copyOf(b []byte) Key {
	var c *[KeySize]byte
	guarded(func() {
		c = new([KeySize]byte)
		copy(c[:], b)
	})
	return keyOf(c)
}

var errKey = errors.New("this is not a key: a key is 32 random bytes")

// IsZero reports whether k is no key: never made, or destroyed.
func (k Key) IsZero() bool { return k.b == nil || allZero(k.b()[:]) }

// Clone returns a key of the same bytes that is destroyed by itself.
func (k Key) Clone() Key { return copyOf(k.use()) }

// Bytes returns the key itself, not a copy, to be packed inside a sealed object.
// It is the one way out; TestKeysAreNotHandedOut lists who may call it.
func (k Key) Bytes() []byte { return k.use() }

// use returns the bytes of a key that is one.
func (k Key) use() []byte {
	if k.IsZero() {
		panic("crypto: use of a key that was never made, or is destroyed")
	}
	return k.b()[:]
}

// Equal compares in constant time. No key equals nothing, not even no key.
func (k Key) Equal(o Key) bool {
	return !k.IsZero() && !o.IsZero() && subtle.ConstantTimeCompare(k.b()[:], o.b()[:]) == 1
}

// Destroy overwrites the key.
func (k Key) Destroy() {
	if k.b != nil {
		clear(k.b()[:])
	}
}

// allZero reports, in constant time, whether b holds nothing but zeros.
func allZero(b []byte) bool {
	var or byte
	for _, x := range b {
		or |= x
	}
	return subtle.ConstantTimeByteEq(or, 0) == 1
}

// Derive returns KDF(k, label, fields…).
func (k Key) Derive(l Label, fields ...[]byte) Key {
	in := info(derivationPrefix, l.name, fields)
	var d *[KeySize]byte
	guarded(func() {
		d = new([KeySize]byte)
		expand(d[:], k.use(), in)
	})
	return keyOf(d)
}

// ID returns the first 16 bytes of KDF(k, label, fields…): a name that says
// nothing of the key, for whoever does not hold it.
func (k Key) ID(l Label, fields ...[]byte) (id [16]byte) {
	in := info(derivationPrefix, l.name, fields)
	guarded(func() {
		expand(id[:], k.use(), in)
	})
	return id
}

// derivationPrefix separates Carehold's derivations from every other use of
// HKDF, the sealing construction's included.
const derivationPrefix = "carehold-v1"

func info(prefix, label string, fields [][]byte) string {
	b := appendLP(make([]byte, 0, 128), []byte(prefix))
	b = appendLP(b, []byte(label))
	for _, f := range fields {
		b = appendLP(b, f)
	}
	return string(b)
}

// appendLP appends x behind its length as four big-endian bytes, so that no two
// lists of fields encode alike.
func appendLP(b, x []byte) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(len(x)))
	return append(b, x...)
}

// U32 is a number as a field: four bytes, big endian.
func U32(n uint32) []byte { return binary.BigEndian.AppendUint32(nil, n) }

// U64 is a number as a field: eight bytes, big endian.
func U64(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }
