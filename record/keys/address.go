package keys

import (
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/wire"
)

// Address is behind a credential of kind w: whose it is who can be asked there. It
// opens nothing of their record.
type Address struct {
	Person record.PersonID
	Until  time.Time // zero: until it is closed
}

// SealAddress makes its capsule.
func SealAddress(c crypto.CapsuleKey, a Address) Capsule {
	var w wire.Builder
	w.Bytes(1, a.Person[:])
	w.Time(5, a.Until)
	return sealCapsule(c, a.Until, w.Finish())
}

// OpenAddress opens it.
func OpenAddress(c crypto.CapsuleKey, cap Capsule) (a Address, err error) {
	d, done, err := openCapsule(c, cap)
	if err != nil {
		return a, err
	}
	defer done()
	d.Fixed(1, a.Person[:])
	a.Until = d.Time(5)
	return a, d.Finish()
}
