package keys

import (
	"encoding/binary"

	"carehold/crypto"
)

// LeafNames names the log entries of one grant without their places in the log, which
// would tell a grantee how much others do in the record: of two entries of their own
// that follow one another, how many of others' lie between.
//
// The name is the place under a permutation of 64 bits (Luby and Rackoff: four Feistel
// rounds whose function is a KDF of AK_g), so it is found again without a list. A
// clock's second beside it says no more than the client knows itself.
type LeafNames struct{ audit crypto.Key }

// NamesOf are the names of a grant's log entries, by AK_g.
func NamesOf(audit crypto.Key) LeafNames { return LeafNames{audit} }

const rounds = 4

// Name is the name of the log entry at a place.
func (n LeafNames) Name(index uint64) uint64 {
	left, right := uint32(index>>32), uint32(index)
	for i := range rounds {
		left, right = right, left^n.round(i, right)
	}
	return uint64(left)<<32 | uint64(right)
}

// Index is the place of what has the name. Every name has one, and mostly nothing of
// the grant's is there.
func (n LeafNames) Index(name uint64) uint64 {
	left, right := uint32(name>>32), uint32(name)
	for i := rounds - 1; i >= 0; i-- {
		left, right = right^n.round(i, left), left
	}
	return uint64(left)<<32 | uint64(right)
}

func (n LeafNames) round(i int, half uint32) uint32 {
	id := n.audit.ID(crypto.LabelName, []byte{byte(i)}, crypto.U32(half))
	return binary.BigEndian.Uint32(id[:])
}
