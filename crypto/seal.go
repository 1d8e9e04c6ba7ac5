package crypto

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"slices"

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
	in := s.info(salt[:], ctx)
	out := make([]byte, 0, SealedSize(len(plaintext))) // out of the guard: it need not be erased
	out = append(out, byte(s))
	out = append(out, salt[:]...)
	guarded(func() { out = k.seal(out, s, in, plaintext) })
	return out
}

// seal appends the commitment and the chunks; for inside a guard.
func (k Key) seal(out []byte, s Suite, info string, plaintext []byte) []byte {
	okm, err := k.schedule(s, info)
	if err != nil {
		panic("crypto: sealing: " + err.Error()) // an unknown suite: a fault of ours
	}
	out = append(out, okm.commitment()...)
	for {
		n := min(len(plaintext), chunkSize)
		out = okm.aead.Seal(out, okm.nonce.next(), plaintext[:n], nil)
		plaintext = plaintext[n:]
		if n < chunkSize { // the last chunk is always short, and may be empty
			return out
		}
	}
}

// Open decrypts a blob sealed under the key for this context. Every failure is
// ErrOpen, and nothing of a blob that fails is handed out.
func (k Key) Open(ctx Context, blob []byte) (plaintext []byte, err error) {
	if len(blob) < headerSize+tagSize || k.IsZero() {
		return nil, ErrOpen
	}
	in := Suite(blob[0]).info(blob[1:1+saltSize], ctx)
	// Made in the guard, the plaintext too is erased when it is dropped: often enough
	// it is a key.
	guarded(func() { plaintext, err = k.open(make([]byte, 0, len(blob)-headerSize), in, blob) })
	return plaintext, err
}

// OpenTo is Open that appends the plaintext to dst, for who opens much at a time and
// overwrites it themself. Of a blob that fails nothing is left behind in dst.
func (k Key) OpenTo(dst []byte, ctx Context, blob []byte) (out []byte, err error) {
	if len(blob) < headerSize+tagSize || k.IsZero() {
		return dst, ErrOpen
	}
	in := Suite(blob[0]).info(blob[1:1+saltSize], ctx)
	dst = slices.Grow(dst, len(blob)-headerSize)
	guarded(func() { out, err = k.open(dst, in, blob) })
	if err != nil {
		clear(dst[len(dst):cap(dst)])
		return dst, err
	}
	return out, nil
}

// open appends to plaintext; for inside a guard.
func (k Key) open(plaintext []byte, info string, blob []byte) ([]byte, error) {
	okm, err := k.schedule(Suite(blob[0]), info)
	if err != nil {
		return nil, ErrOpen
	}
	// Before anything is decrypted: a blob made to open under two keys stops here.
	if subtle.ConstantTimeCompare(okm.commitment(), blob[1+saltSize:headerSize]) != 1 {
		return nil, ErrOpen
	}
	body := blob[headerSize:]
	for len(body) > 0 {
		n := min(len(body), chunkSize+tagSize)
		if plaintext, err = okm.aead.Open(plaintext, okm.nonce.next(), body[:n], nil); err != nil {
			return nil, ErrOpen
		}
		body = body[n:]
		if n < chunkSize+tagSize {
			return plaintext, nil // and body is empty: n was all there was
		}
	}
	return nil, ErrOpen // ends on a full chunk: cut off
}

// SealedSize is the length of a blob that holds n bytes.
func SealedSize(n int) int { return headerSize + n + tagSize*(n/chunkSize+1) }

// aeadName is the suite's name in IANA's registry of AEAD algorithms.
func (s Suite) aeadName() string {
	switch s {
	case ChaCha20Poly1305:
		return "AEAD_CHACHA20_POLY1305"
	case AES256GCM:
		return "AEAD_AES_256_GCM"
	}
	return ""
}

func (s Suite) aead(key []byte) (cipher.AEAD, error) {
	if s == ChaCha20Poly1305 {
		return chacha20poly1305.New(key)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// schedule is what a key, a salt and a context give for one blob.
type schedule struct {
	aead  cipher.AEAD
	okm   [KeySize + nonceSize + commitmentSize]byte // the key is overwritten once aead has it
	nonce chunkNonce
}

func (s *schedule) commitment() []byte { return s.okm[KeySize+nonceSize:] }

var errSuite = errors.New("unknown suite")

// info is what a blob's keys are derived for.
func (s Suite) info(salt []byte, ctx Context) string {
	return "c2sp.org/chunked-encryption@v1+" + s.aeadName() + "\x00" + string(salt) + string(ctx.b)
}

func (k Key) schedule(s Suite, info string) (*schedule, error) {
	if s.aeadName() == "" {
		return nil, errSuite
	}
	sch := new(schedule)
	expand(sch.okm[:], k.use(), info)
	sch.nonce.base = sch.okm[KeySize : KeySize+nonceSize]
	var err error
	sch.aead, err = s.aead(sch.okm[:KeySize])
	clear(sch.okm[:KeySize])
	return sch, err
}

// chunkNonce counts the chunks of one blob. A nonce cannot come twice: it is a
// base that belongs to the blob's own key, XOR the chunk's number, big endian.
type chunkNonce struct {
	base   []byte
	number uint64
	now    [nonceSize]byte
}

// next returns the nonce of the next chunk, good until it is called again.
func (n *chunkNonce) next() []byte {
	copy(n.now[:], n.base)
	low := n.now[nonceSize-8:]
	binary.BigEndian.PutUint64(low, binary.BigEndian.Uint64(low)^n.number)
	n.number++
	return n.now[:]
}
