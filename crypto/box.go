package crypto

import "errors"

// BoxKey opens what was sealed to its public half: X-Wing, the hybrid of
// ML-KEM-768 and X25519, so that nothing captured now can be opened by a quantum
// computer later. It is made from a 32-byte seed.
type BoxKey struct {
	redact
	private hidden[boxPrivate]
}

// BoxPublicKey is the public half: 1,216 bytes.
type BoxPublicKey struct{ public *boxPublic }

const (
	BoxPublicKeySize = 1216
	boxEncapSize     = 1120
)

// boxInfo separates Carehold's boxes from every other use of HPKE.
const boxInfo = "carehold-v1 box"

var errBoxKey = errors.New("this is not an X-Wing public key")

// The agreement on a key is HPKE's (RFC 9180, base mode, HKDF-SHA-512, export
// only) with X-Wing as its KEM. Natively it is crypto/hpke (box_hpke.go). That
// brings three NIST curves along, which nobody here uses and which would be
// 100 KB of the browser's core: there it is xwing.go, and TestXWing holds the two
// against each other.

// NewBoxKey makes the key pair of a seed.
func NewBoxKey(seed Key) (k BoxKey) {
	guarded(func() {
		private, err := newBoxPrivate(seed.use())
		if err != nil {
			panic("crypto: X-Wing seed: " + err.Error()) // only for another length than 32
		}
		k = BoxKey{private: hide(private)}
	})
	return k
}

// Public returns the public half.
func (k BoxKey) Public() BoxPublicKey { return BoxPublicKey{k.private().public()} }

// ParseBoxPublicKey reads the 1,216 bytes of a public key.
func ParseBoxPublicKey(b []byte) (BoxPublicKey, error) {
	if len(b) != BoxPublicKeySize {
		return BoxPublicKey{}, errBoxKey
	}
	public, err := newBoxPublic(b)
	if err != nil {
		return BoxPublicKey{}, errBoxKey
	}
	return BoxPublicKey{public}, nil
}

// Bytes returns the public key as it is stored and sent.
func (p BoxPublicKey) Bytes() []byte { return p.public.bytes() }

// Seal makes box = encapsulation(1120) || blob. HPKE only agrees on a key (its
// exporter); the blob is the one sealing construction, so it commits to key and
// context like everything else. It fails for a public key that nobody can have
// made honestly (an X25519 half of low order), which Parse does not see.
func (p BoxPublicKey) Seal(ctx Context, plaintext []byte) (box []byte, err error) {
	if p.public == nil {
		return nil, errBoxKey
	}
	guarded(func() {
		enc, secret, failed := p.public.agree()
		if failed != nil {
			err = errBoxKey
			return
		}
		k := keyOf((*[KeySize]byte)(secret))
		defer k.Destroy()
		box = append(enc, k.Seal(ctx, plaintext)...)
	})
	return box, err
}

// Open reads a box; every failure is ErrOpen.
func (k BoxKey) Open(ctx Context, box []byte) (plaintext []byte, err error) {
	if len(box) < boxEncapSize || k.private == nil {
		return nil, ErrOpen
	}
	guarded(func() {
		secret, failed := k.private().agreed(box[:boxEncapSize])
		if failed != nil {
			err = ErrOpen
			return
		}
		inner := keyOf((*[KeySize]byte)(secret))
		defer inner.Destroy()
		plaintext, err = inner.Open(ctx, box[boxEncapSize:])
	})
	return plaintext, err
}
