package crypto

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
)

// Tagger recognises rows: its tag of a row's name is the first half of one AES
// block under a derived key, and looks random to whoever has not that key.
// HMAC-SHA-512 does the same job ten times slower (BenchmarkTag), and
// recognising is done for every row of a record times every section of a grant.
//
// The names must be ones that nobody can choose, as CapsuleID and Key.ID are:
// two names that differ only as two numbers do have the same tag.
type Tagger struct {
	redact
	block hidden[cipher.Block]
}

// Tag is what stands beside a row.
type Tag [8]byte

// Tagger returns the tagger of this key for one purpose.
func (k Key) Tagger(l Label) (t Tagger) {
	in := info(derivationPrefix, l.name, nil)
	guarded(func() {
		var d [KeySize]byte
		defer clear(d[:])
		expand(d[:], k.use(), in)
		block, err := aes.NewCipher(d[:16])
		if err != nil {
			panic("crypto: tagger: " + err.Error()) // only for another length than 16
		}
		t = Tagger{block: hide(&block)}
	})
	return t
}

// AsTagger is the tagger of a key that was derived for it: k.Derive(l).AsTagger() is
// k.Tagger(l).
func (k Key) AsTagger() (t Tagger) {
	guarded(func() {
		block, err := aes.NewCipher(k.use()[:16])
		if err != nil {
			panic("crypto: tagger: " + err.Error()) // only for another length than 16
		}
		t = Tagger{block: hide(&block)}
	})
	return t
}

// Tag returns AES-128(key, name XOR number)[:8], with the number big endian in
// the last eight bytes.
func (t Tagger) Tag(name [16]byte, number uint64) Tag {
	b := t.encrypt(name, number)
	return Tag(b[:8])
}

// Mask hides or shows a 32-bit number beside a row: the number XOR the last four
// bytes of the row's block, which are no part of its tag.
func (t Tagger) Mask(name [16]byte, number uint64, value uint32) uint32 {
	b := t.encrypt(name, number)
	return value ^ binary.BigEndian.Uint32(b[12:])
}

// encrypt is not guarded: that would cost several times the block itself, and
// recognising opens nothing. Round keys of it may stay in registers.
func (t Tagger) encrypt(name [16]byte, number uint64) [16]byte {
	binary.BigEndian.PutUint64(name[8:], binary.BigEndian.Uint64(name[8:])^number)
	(*t.block()).Encrypt(name[:], name[:])
	return name
}
