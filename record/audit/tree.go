package audit

import (
	"golang.org/x/mod/sumdb/tlog"

	"carehold/record/statement"
)

// Hash is a node of the tree. RFC 6962 §2.1: SHA-256, leaves behind 0x00, inner
// nodes behind 0x01.
type Hash = tlog.Hash

// LeafHash is the hash of a leaf.
func LeafHash(leaf []byte) Hash { return tlog.RecordHash(leaf) }

// Frontier is the right edge of a tree: the roots of the perfect subtrees that
// its leaves fall into, the largest first. It is enough to compute the root and
// to go on, so appending a leaf reads nothing but the frontier.
type Frontier struct {
	Size  uint64
	Peaks []Hash
}

// Append adds a leaf.
func (f *Frontier) Append(leaf Hash) {
	h := leaf
	for n := f.Size; n&1 == 1; n >>= 1 { // as many peaks merge as there are low one bits
		last := len(f.Peaks) - 1
		h = tlog.NodeHash(f.Peaks[last], h)
		f.Peaks = f.Peaks[:last:last]
	}
	f.Peaks = append(f.Peaks, h)
	f.Size++
}

// emptyRoot is the root of a tree without leaves: SHA-256 of nothing.
var emptyRoot = Hash{0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24,
	0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55}

// Root is the Merkle tree hash of the leaves so far.
func (f Frontier) Root() Hash {
	if len(f.Peaks) == 0 {
		return emptyRoot
	}
	h := f.Peaks[len(f.Peaks)-1]
	for i := len(f.Peaks) - 2; i >= 0; i-- {
		h = tlog.NodeHash(f.Peaks[i], h)
	}
	return h
}

// Head is the size and root together.
func (f Frontier) Head() statement.Head { return statement.Head{Size: f.Size, Root: f.Root()} }

// Valid reports whether the frontier has as many peaks as its size has one bits.
func (f Frontier) Valid() bool {
	ones := 0
	for n := f.Size; n != 0; n &= n - 1 {
		ones++
	}
	return ones == len(f.Peaks)
}

// Marshal writes the frontier: the peaks one after another; the size is beside it.
func (f Frontier) Marshal() []byte {
	var b []byte
	for _, h := range f.Peaks {
		b = append(b, h[:]...)
	}
	return b
}

// ParseFrontier reads what Marshal wrote.
func ParseFrontier(size uint64, b []byte) (Frontier, bool) {
	f := Frontier{Size: size}
	for len(b) >= len(Hash{}) {
		f.Peaks = append(f.Peaks, Hash(b[:len(Hash{})]))
		b = b[len(Hash{}):]
	}
	return f, len(b) == 0 && f.Valid()
}
