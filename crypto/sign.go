package crypto

import (
	"crypto/ed25519"
	"crypto/sha512"
	"encoding/hex"
	"errors"
)

// Purpose is what a signature is for; it is part of what is signed, so a
// signature made for one purpose is never good for another.
type Purpose string

const (
	SignStatement   Purpose = "carehold-v1 statement"
	SignCertificate Purpose = "carehold-v1 certificate"
	SignIdentity    Purpose = "carehold-v1 identity" // the old key vouches for the new
	SignReceipt     Purpose = "carehold-v1 receipt"  // what a person keeps on paper of a grant
)

// SigningKey is an Ed25519 key made from a 32-byte seed.
type SigningKey struct {
	redact
	private hidden[ed25519.PrivateKey]
}

// PublicKey checks signatures: 32 bytes.
type PublicKey [ed25519.PublicKeySize]byte

// SignatureSize is the length of a signature, in bytes.
const SignatureSize = ed25519.SignatureSize

// ErrSignature is for a signature that does not hold.
var ErrSignature = errors.New("the signature does not hold")

var errPublicKey = errors.New("this is not a public key for signatures")

// NewSigningKey makes the key pair of a seed.
func NewSigningKey(seed Key) (k SigningKey) {
	guarded(func() {
		private := ed25519.NewKeyFromSeed(seed.use())
		k = SigningKey{private: hide(&private)}
	})
	return k
}

// Public returns the public half.
func (k SigningKey) Public() (p PublicKey) {
	copy(p[:], k.private().Public().(ed25519.PublicKey))
	return p
}

// Sign signs lp(purpose) || message.
func (k SigningKey) Sign(p Purpose, message []byte) (signature []byte) {
	signed := append(appendLP(nil, []byte(p)), message...)
	guarded(func() { signature = ed25519.Sign(*k.private(), signed) })
	return signature
}

// Verify checks a signature; nil or ErrSignature.
func (p PublicKey) Verify(purpose Purpose, message, signature []byte) error {
	if len(signature) != SignatureSize || p.degenerate() ||
		!ed25519.Verify(p[:], append(appendLP(nil, []byte(purpose)), message...), signature) {
		return ErrSignature
	}
	return nil
}

// ParsePublicKey reads the 32 bytes of a public key. It refuses what Verify
// refuses for every message.
func ParsePublicKey(b []byte) (p PublicKey, err error) {
	if len(b) != len(p) || PublicKey(b).degenerate() {
		return p, errPublicKey
	}
	return PublicKey(b), nil
}

// degenerate reports whether p is one of the eight points of low order, under
// which one signature can hold for many messages, or has a second encoding.
// RFC 8032 leaves both to the verifier.
func (p PublicKey) degenerate() bool {
	p[31] &= 0x7f // without the sign of x, y is a number, little endian
	if lowOrder[p] {
		return true
	}
	// y ≥ 2^255 - 19 stands for y - (2^255 - 19), which has its own encoding.
	for _, b := range p[1:31] {
		if b != 0xff {
			return false
		}
	}
	return p[31] == 0x7f && p[0] >= 0xed
}

// lowOrder holds y of the points of order 4, 1, 2, and twice 8 (x may be either
// root of each).
var lowOrder = map[PublicKey]bool{
	{}:  true,
	{1}: true,
	publicKey("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"): true,
	publicKey("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"): true,
	publicKey("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"): true,
}

func publicKey(text string) PublicKey {
	b, err := hex.DecodeString(text)
	if err != nil {
		panic("crypto: " + err.Error())
	}
	return PublicKey(b)
}

// PersonOf returns the name of the record that belongs to a first identity key:
// SHA-512("carehold/person" || key)[:16].
func PersonOf(first PublicKey) (id [16]byte) {
	sum := sha512.Sum512(append([]byte("carehold/person"), first[:]...))
	copy(id[:], sum[:])
	return id
}
