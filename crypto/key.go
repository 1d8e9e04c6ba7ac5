package crypto

import (
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/binary"
	"fmt"
	"log/slog"
)

// KeySize is the length of every symmetric key, in bytes.
const KeySize = 32

// Key is 32 uniformly random bytes. It acts; it is not handed out: there is no
// way to print it, and Bytes is for packing a key inside another sealed object.
// The zero Key is no key, and using it panics.
type Key struct{ b *[KeySize]byte }

// NewKey makes a key from the system's random source.
func NewKey() Key {
	k := Key{new([KeySize]byte)}
	rand.Read(k.b[:]) // never fails: crypto/rand crashes the process instead
	return k
}

// KeyFrom takes a copy of 32 uniformly random bytes as a key.
func KeyFrom(b []byte) (Key, error) {
	if len(b) != KeySize {
		return Key{}, fmt.Errorf("a key has %d bytes, not %d", KeySize, len(b))
	}
	k := Key{new([KeySize]byte)}
	copy(k.b[:], b)
	return k, nil
}

// IsZero reports whether k is no key at all.
func (k Key) IsZero() bool { return k.b == nil }

// Bytes returns the key itself, to be packed inside a sealed object. It is the
// one way out; TestKeysAreNotHandedOut lists who may call it.
func (k Key) Bytes() []byte { return k.b[:] }

// Equal compares in constant time.
func (k Key) Equal(o Key) bool {
	return k.b != nil && o.b != nil && subtle.ConstantTimeCompare(k.b[:], o.b[:]) == 1
}

// Destroy overwrites the key. Copies of the Key value share its bytes, and are
// destroyed with it.
func (k Key) Destroy() {
	if k.b != nil {
		clear(k.b[:])
	}
}

// Derive returns KDF(k, label, fields…).
func (k Key) Derive(l Label, fields ...[]byte) Key {
	out, err := hkdf.Expand(sha512.New, k.b[:], string(info(l.name, fields)), KeySize)
	if err != nil {
		panic("crypto: deriving " + l.name + ": " + err.Error()) // only for lengths over 255 hashes
	}
	return Key{(*[KeySize]byte)(out)}
}

// ID returns the first 16 bytes of KDF(k, label, fields…): a name that says
// nothing of the key, for whoever does not hold it.
func (k Key) ID(l Label, fields ...[]byte) (id [16]byte) {
	d := k.Derive(l, fields...)
	copy(id[:], d.b[:])
	d.Destroy()
	return id
}

// derivationPrefix separates Carehold's derivations from every other use of
// HKDF, the sealing construction's included.
const derivationPrefix = "carehold-v1"

func info(label string, fields [][]byte) []byte {
	b := appendLP(nil, []byte(derivationPrefix))
	b = appendLP(b, []byte(label))
	for _, f := range fields {
		b = appendLP(b, f)
	}
	return b
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

// redacted is all that a secret prints, whatever the verb or the encoder.
const redacted = "[secret]"

func (Key) String() string               { return redacted }
func (Key) GoString() string             { return redacted }
func (Key) Format(f fmt.State, _ rune)   { f.Write([]byte(redacted)) }
func (Key) LogValue() slog.Value         { return slog.StringValue(redacted) }
func (Key) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }
func (Key) MarshalText() ([]byte, error) { return []byte(redacted), nil }
