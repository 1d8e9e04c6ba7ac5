package crypto

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
)

// Tagger recognises rows: its tag of a row's name is the first half of one AES
// block under a derived key, and looks random to whoever has not that key. A
// full HMAC-SHA-512 did the same job forty times slower, and recognising is done
// for every row of a record times every section of a grant.
type Tagger struct{ block cipher.Block }

// Tag is what stands beside a row.
type Tag [8]byte

// Tagger returns the tagger of this key for one purpose.
func (k Key) Tagger(l Label) Tagger {
	d := k.Derive(l)
	block, err := aes.NewCipher(d.b[:16])
	if err != nil {
		panic("crypto: tagger: " + err.Error())
	}
	d.Destroy()
	return Tagger{block}
}

// Tag returns AES-128(key, name XOR number)[:8], with the number big endian in
// the last eight bytes.
func (t Tagger) Tag(name [16]byte, number uint64) (tag Tag) {
	var in, out [16]byte
	in = name
	binary.BigEndian.PutUint64(in[8:], binary.BigEndian.Uint64(in[8:])^number)
	t.block.Encrypt(out[:], in[:])
	copy(tag[:], out[:8])
	return tag
}

// Mask hides or shows a 32-bit number beside a row: the number XOR the first
// four bytes of the row's block.
func (t Tagger) Mask(name [16]byte, number uint64, value uint32) uint32 {
	tag := t.Tag(name, number)
	return value ^ binary.BigEndian.Uint32(tag[:4])
}
