package crypto

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/binary"
	"errors"

	"golang.org/x/crypto/chacha20poly1305"
)

// ErrOpen is every reason why something sealed does not open: another key,
// another context, a flipped bit, a missing end. Telling them apart would help
// only an attacker.
var ErrOpen = errors.New("cannot be opened: not the right key, or not what was sealed")

// Suite is the cipher of one blob, its first byte. Every reader opens both; the
// writer chooses by what its processor is good at.
type Suite byte

const (
	ChaCha20Poly1305 Suite = 1 // constant time without AES instructions, and 2–8× faster there
	AES256GCM        Suite = 2
)

const (
	saltSize       = 24
	commitmentSize = 32
	headerSize     = 1 + saltSize + commitmentSize
	nonceSize      = 12
	tagSize        = 16
	chunkSize      = 16 << 10
)

// Preferred is the suite that Seal uses on this machine.
var Preferred = preferredSuite()

// Seal encrypts plaintext under the key for one context, with the preferred suite.
func (k Key) Seal(ctx Context, plaintext []byte) []byte {
	return k.SealSuite(Preferred, ctx, plaintext)
}

// SealSuite is Seal with a suite of the caller's choice.
func (k Key) SealSuite(s Suite, ctx Context, plaintext []byte) []byte {
	var salt [saltSize]byte
	rand.Read(salt[:])
	return k.sealWithSalt(s, ctx, plaintext, salt)
}

// sealWithSalt is apart so that the vectors can fix the salt. A salt must never
// be used twice under one key.
func (k Key) sealWithSalt(s Suite, ctx Context, plaintext []byte, salt [saltSize]byte) []byte {
	aead, nonce, commitment, err := k.schedule(s, salt[:], ctx)
	if err != nil {
		panic("crypto: sealing: " + err.Error()) // an unknown suite: a fault of ours
	}
	out := make([]byte, 0, SealedSize(len(plaintext)))
	out = append(out, byte(s))
	out = append(out, salt[:]...)
	out = append(out, commitment...)
	for i := uint64(0); ; i++ {
		n := min(len(plaintext), chunkSize)
		out = aead.Seal(out, chunkNonce(nonce, i), plaintext[:n], nil)
		plaintext = plaintext[n:]
		if n < chunkSize { // the last chunk is always short, and may be empty
			return out
		}
	}
}

// Open decrypts a blob sealed under the key for this context. Every failure is
// ErrOpen.
func (k Key) Open(ctx Context, blob []byte) ([]byte, error) {
	if len(blob) < headerSize+tagSize || k.IsZero() {
		return nil, ErrOpen
	}
	aead, nonce, commitment, err := k.schedule(Suite(blob[0]), blob[1:1+saltSize], ctx)
	if err != nil {
		return nil, ErrOpen
	}
	// Before anything is decrypted: a blob made to open under two keys stops here.
	if subtle.ConstantTimeCompare(commitment, blob[1+saltSize:headerSize]) != 1 {
		return nil, ErrOpen
	}
	body := blob[headerSize:]
	plaintext := make([]byte, 0, len(body))
	for i := uint64(0); ; i++ {
		n := min(len(body), chunkSize+tagSize)
		if plaintext, err = aead.Open(plaintext, chunkNonce(nonce, i), body[:n], nil); err != nil {
			return nil, ErrOpen
		}
		body = body[n:]
		if n < chunkSize+tagSize {
			return plaintext, nil // n was all there was
		}
		if len(body) == 0 {
			return nil, ErrOpen // ends on a full chunk: cut off
		}
	}
}

// SealedSize is the length of a blob that holds n bytes.
func SealedSize(n int) int { return headerSize + n + tagSize*(n/chunkSize+1) }

var aeadNames = map[Suite]string{
	ChaCha20Poly1305: "AEAD_CHACHA20_POLY1305",
	AES256GCM:        "AEAD_AES_256_GCM",
}

// schedule derives the one-use key, the base nonce and the commitment of a blob.
func (k Key) schedule(s Suite, salt []byte, ctx Context) (cipher.AEAD, []byte, []byte, error) {
	name, known := aeadNames[s]
	if !known {
		return nil, nil, nil, errors.New("unknown suite")
	}
	info := make([]byte, 0, 96+len(ctx.b))
	info = append(info, "c2sp.org/chunked-encryption@v1+"...)
	info = append(info, name...)
	info = append(info, 0)
	info = append(info, salt...)
	info = append(info, ctx.b...)
	okm, err := hkdf.Expand(sha512.New, k.use(), string(info), KeySize+nonceSize+commitmentSize)
	if err != nil {
		return nil, nil, nil, err
	}
	aead, err := newAEAD(s, okm[:KeySize])
	clear(okm[:KeySize])
	return aead, okm[KeySize : KeySize+nonceSize], okm[KeySize+nonceSize:], err
}

func newAEAD(s Suite, key []byte) (cipher.AEAD, error) {
	if s == ChaCha20Poly1305 {
		return chacha20poly1305.New(key)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// chunkNonce is the base nonce XOR the chunk's number, big endian.
func chunkNonce(base []byte, i uint64) []byte {
	n := make([]byte, nonceSize)
	copy(n, base)
	binary.BigEndian.PutUint64(n[4:], binary.BigEndian.Uint64(n[4:])^i)
	return n
}
