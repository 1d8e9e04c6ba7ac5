package rows

import (
	"encoding/binary"

	"carehold/record"
)

// CapsuleHead is what a capsule's row has before its blob.
const CapsuleHead = 1 + 4 + 32 + 32

// The states of a capsule.
const (
	CapsuleOpen  = 0
	CapsuleUsed  = 1 // an invite that admitted somebody: their name is before the blob
	CapsuleSpent = 2 // an authorization code that was exchanged: it is good for nothing but to know it again
)

// Capsule is the row that holds a credential's capsule:
//
//	state(1) || expiry hour(4) || owner(32) || check(32) || blob
//
// owner and check are MACs of the server that wrote the row: who put it there, and
// over all the rest.
type Capsule struct {
	State byte
	Owner Hash
	Check Hash
	record.Capsule
}

// Marshal writes the row.
func (c Capsule) Marshal() []byte {
	b := make([]byte, 0, CapsuleHead+len(c.Blob))
	b = binary.BigEndian.AppendUint32(append(b, c.State), c.Hour)
	b = append(b, c.Owner[:]...)
	b = append(b, c.Check[:]...)
	return append(b, c.Blob...)
}

// ParseCapsule reads the row of a capsule of that name.
func ParseCapsule(id [16]byte, row []byte) (Capsule, bool) {
	if len(row) < CapsuleHead || row[0] > CapsuleSpent {
		return Capsule{}, false
	}
	return Capsule{State: row[0], Owner: Hash(row[5:37]), Check: Hash(row[37:CapsuleHead]),
		Capsule: record.Capsule{ID: id, Hour: binary.BigEndian.Uint32(row[1:5]), Blob: row[CapsuleHead:]}}, true
}
