package grant

import (
	"crypto/sha256"
	"sync"

	"carehold/crypto"
)

// A certificate does not change while its grant lives, and checking its signature
// was a third of what opening a token costs. So the process remembers which it has
// found good, and asks Ed25519 once.
//
// What is remembered is SHA-256(identity || certificate), and nothing else: no key,
// no name. The identity is of fixed length, so the hash stands for both, to the bit,
// signature included; whether a signature holds depends on nothing but these and
// the purpose, which is always the same. Another certificate, signature or identity
// is another hash, and is checked. So nothing is ever to be forgotten, not even when
// a grant is stopped or an identity replaced: that it was signed stays true, and
// that it still counts was never said here. The live list, the epoch and the row
// say that, and are read on each request.
//
// Only what is signed comes in: nobody fills this but with grants of their own.
var signed sums

// maxSums bounds what is remembered. Past it a random one goes for each that comes,
// and is checked again when it is next used.
const maxSums = 4096

type sum = [sha256.Size]byte

type sums struct {
	mu   sync.Mutex
	good map[sum]struct{}
}

func sumOf(certificate []byte, identity crypto.PublicKey) (s sum) {
	h := sha256.New()
	h.Write(identity[:])
	h.Write(certificate)
	h.Sum(s[:0])
	return s
}

func (x *sums) has(s sum) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	_, good := x.good[s]
	return good
}

func (x *sums) add(s sum) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.good == nil {
		x.good = make(map[sum]struct{})
	}
	if len(x.good) >= maxSums {
		for old := range x.good { // which Go begins anywhere
			delete(x.good, old)
			break
		}
	}
	x.good[s] = struct{}{}
}
