package rows

import (
	"time"

	"carehold/record/wire"
)

// RefreshChain is how far the refresh tokens of a grant have come. It is there exactly where
// its client has one.
type RefreshChain struct {
	Place uint32    // of the newest that was used; 0: none yet, or they are not replaced
	Last  [16]byte  // its capsule
	Used  time.Time // when
}

// Marshal writes the row.
func (c RefreshChain) Marshal() []byte {
	var w wire.Builder
	w.Uint(1, uint64(c.Place))
	w.Bytes(2, c.Last[:])
	w.Time(3, c.Used)
	return w.Finish()
}

// ParseRefreshChain reads it.
func ParseRefreshChain(row []byte) (c RefreshChain, ok bool) {
	d := wire.Decode("refresh tokens", row)
	c.Place = d.Uint32(1)
	d.Fixed(2, c.Last[:])
	c.Used = d.Time(3)
	return c, d.Finish() == nil && !c.Used.IsZero()
}
