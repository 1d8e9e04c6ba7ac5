package fhirapi

import (
	"encoding/binary"
	"testing"
	"time"
)

// Which exports were deleted is known until they end, of as many as there is room for;
// with more, those are forgotten that ended, and then those that end first.
func TestDropped(t *testing.T) {
	id := func(n int) (id [16]byte) {
		binary.BigEndian.PutUint64(id[:], uint64(n))
		return id
	}
	var d dropped
	now := time.Date(2027, 5, 1, 0, 0, 0, 0, time.UTC)
	if d.has(id(1)) {
		t.Error("nothing was deleted yet")
	}
	for n := range mostDropped {
		d.add(id(n), now.Add(time.Duration(n+1)*time.Second), now)
	}
	for n := range mostDropped {
		if !d.has(id(n)) {
			t.Fatal(n)
		}
	}
	d.add(id(mostDropped), now.Add(time.Hour), now)
	if d.has(id(0)) || !d.has(id(1)) || !d.has(id(mostDropped)) || len(d.until) != mostDropped {
		t.Errorf("with one more there are %d", len(d.until))
	}
	d.add(id(-1), now.Add(24*time.Hour), now.Add(100*time.Second))
	if d.has(id(1)) || d.has(id(99)) || !d.has(id(100)) || !d.has(id(-1)) {
		t.Errorf("when some have ended there are %d", len(d.until))
	}
}
