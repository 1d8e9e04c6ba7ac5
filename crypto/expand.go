package crypto

import "crypto/sha512"

// expand fills out, of at most 255 hashes, with HKDF-Expand-SHA-512(key, info)
// (RFC 5869 §2.3). TestPropertyExpand holds it against crypto/hkdf, which does the
// same with a dozen allocations, each with the key or half of the result in it:
// here they are on the stack, and overwritten. It is a third faster, and under a
// guard, where an allocation costs more than a hash, four times.
//
// It is for inside a guard.
func expand(out, key []byte, info string) {
	var inner [hmacBlock + sha512.Size + 256]byte // room for every info of ours
	var outer [hmacBlock + sha512.Size]byte
	defer clear(inner[:])
	defer clear(outer[:])
	for i := range hmacBlock {
		inner[i], outer[i] = 0x36, 0x5c
	}
	for i, b := range key { // never longer than a block
		inner[i] ^= b
		outer[i] ^= b
	}
	in := inner[:hmacBlock] // the pad, then T(n-1) || info || n
	for n := byte(1); ; n++ {
		in = append(append(in, info...), n)
		sum := sha512.Sum512(in)
		copy(outer[hmacBlock:], sum[:])
		sum = sha512.Sum512(outer[:])
		done := copy(out, sum[:])
		in = append(in[:hmacBlock], sum[:]...)
		clear(sum[:])
		if out = out[done:]; len(out) == 0 {
			return
		}
	}
}

const hmacBlock = sha512.BlockSize
