package crypto

import (
	"crypto/ed25519"
	"crypto/sha512"
	"errors"
)

// Purpose is what a signature is for; it is part of what is signed, so a
// signature made for one purpose is never good for another.
type Purpose string

const (
	SignStatement   Purpose = "carehold-v1 statement"
	SignCertificate Purpose = "carehold-v1 certificate"
	SignIdentity    Purpose = "carehold-v1 identity" // the old key vouches for the new
)

// SigningKey is an Ed25519 key made from a 32-byte seed.
type SigningKey struct {
	redact
	private *ed25519.PrivateKey
}

// PublicKey checks signatures: 32 bytes.
type PublicKey [ed25519.PublicKeySize]byte

// SignatureSize is the length of a signature, in bytes.
const SignatureSize = ed25519.SignatureSize

// ErrSignature is for a signature that does not hold.
var ErrSignature = errors.New("the signature does not hold")

// NewSigningKey makes the key pair of a seed.
func NewSigningKey(seed Key) SigningKey {
	private := ed25519.NewKeyFromSeed(seed.use())
	return SigningKey{private: &private}
}

// Public returns the public half.
func (k SigningKey) Public() (p PublicKey) {
	copy(p[:], k.private.Public().(ed25519.PublicKey))
	return p
}

// Sign signs lp(purpose) || message.
func (k SigningKey) Sign(p Purpose, message []byte) []byte {
	return ed25519.Sign(*k.private, append(appendLP(nil, []byte(p)), message...))
}

// Verify checks a signature; nil or ErrSignature.
func (p PublicKey) Verify(purpose Purpose, message, signature []byte) error {
	if len(signature) != SignatureSize ||
		!ed25519.Verify(p[:], append(appendLP(nil, []byte(purpose)), message...), signature) {
		return ErrSignature
	}
	return nil
}

// PersonOf returns the name of the record that belongs to a first identity key:
// SHA-512("carehold/person" || key)[:16].
func PersonOf(first PublicKey) (id [16]byte) {
	sum := sha512.Sum512(append([]byte("carehold/person"), first[:]...))
	copy(id[:], sum[:])
	return id
}
