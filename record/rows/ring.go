package rows

import (
	"crypto/subtle"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/statement"
	"carehold/record/wire"
)

// Ring is the row that holds a person's keyring with the root key as it is
// wrapped for each slot: they change together or not at all.
type Ring struct {
	Seq   record.Seq
	Slots []statement.Slot
	Blob  []byte
}

// Wrap finds a slot's wrap, comparing with all of them in constant time: the
// slot's id is what a device shows to be given the keyring.
func (x Ring) Wrap(id crypto.CapsuleID) (found []byte, ok bool) {
	for _, slot := range x.Slots {
		if subtle.ConstantTimeCompare(slot.ID[:], id[:]) == 1 {
			found, ok = slot.Wrap, true
		}
	}
	return found, ok
}

// Marshal writes the ring row.
func (x Ring) Marshal() []byte {
	var w wire.Builder
	w.Uint(1, uint64(x.Seq))
	for _, slot := range x.Slots {
		w.Bytes(2, append(slot.ID[:], slot.Wrap...))
	}
	w.Bytes(3, x.Blob)
	return w.Finish()
}

// ParseRing reads a ring row.
func ParseRing(row []byte) (x Ring, ok bool) {
	d := wire.Decode("keyring row", row)
	x.Seq = record.Seq(d.Uint(1))
	for _, v := range d.List(2) {
		if len(v) < 16 {
			return x, false
		}
		x.Slots = append(x.Slots, statement.Slot{ID: crypto.CapsuleID(v[:16]), Wrap: v[16:]})
	}
	x.Blob = d.Bytes(3)
	return x, d.Finish() == nil
}
