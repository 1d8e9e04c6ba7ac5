package crypto

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/bits"
)

// Padding hides lengths: before sealing, a message is put behind its length
// (four bytes, big endian) and filled with zeros to the next size of a short
// list: powers of two from 512 bytes to 64 KiB, and above that Padmé, which
// keeps the overhead under 12 % and lets out O(log log n) bits of the length.

const (
	padLength  = 4
	padSmall   = 512
	padDoubles = 64 << 10
)

var zeros [1 << 10]byte

// PaddedSize is the length of a padded message of n bytes.
func PaddedSize(n int) int {
	n += padLength
	if n <= padSmall {
		return padSmall
	}
	if n <= padDoubles {
		return 1 << bits.Len(uint(n-1))
	}
	// Padmé: keep the top ⌊log2 log2 n⌋+1 bits of the mantissa, round up.
	e := bits.Len(uint(n)) - 1
	s := bits.Len(uint(e))
	mask := 1<<(e-s) - 1
	return (n + mask) &^ mask
}

// Pad returns length || message || zeros.
func Pad(message []byte) []byte {
	if uint64(len(message)) > math.MaxUint32 {
		panic("crypto: a message of 4 GiB or more cannot be padded")
	}
	out := make([]byte, PaddedSize(len(message)))
	binary.BigEndian.PutUint32(out, uint32(len(message)))
	copy(out[padLength:], message)
	return out
}

// Unpad returns the message. Anything that Pad does not write is refused with
// ErrOpen, so that a message has one padded form.
func Unpad(padded []byte) ([]byte, error) {
	if len(padded) < padLength {
		return nil, ErrOpen
	}
	n := binary.BigEndian.Uint32(padded)
	if uint64(n) > uint64(len(padded)-padLength) || PaddedSize(int(n)) != len(padded) {
		return nil, ErrOpen
	}
	for rest := padded[padLength+int(n):]; len(rest) > 0; {
		some := min(len(rest), len(zeros))
		if !bytes.Equal(rest[:some], zeros[:some]) {
			return nil, ErrOpen
		}
		rest = rest[some:]
	}
	return padded[padLength : padLength+int(n)], nil
}
