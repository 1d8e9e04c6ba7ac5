package fhirapi

import (
	"sync"
	"time"
)

// dropped remembers which exports were deleted, until they would have ended: their
// tokens say nothing of it, and after a DELETE an export is not there (Bulk Data Access,
// Delete Request). It is kept in memory, and is bounded: after a restart, or when many
// thousand more were deleted in a day, one may be there again. That shows nobody anything:
// a token opens what its grant does, and that alone.
type dropped struct {
	mu    sync.Mutex
	until map[[16]byte]time.Time
}

// mostDropped is how many are remembered; with more, those go first that end first.
const mostDropped = 1 << 13

func (d *dropped) has(id [16]byte) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	_, is := d.until[id]
	return is
}

func (d *dropped) add(id [16]byte, until, now time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.until == nil {
		d.until = make(map[[16]byte]time.Time)
	}
	if d.until[id] = until; len(d.until) <= mostDropped {
		return
	}
	first, ended := id, len(d.until)
	for other, end := range d.until {
		if !now.Before(end) {
			delete(d.until, other)
		} else if end.Before(d.until[first]) {
			first = other
		}
	}
	if len(d.until) == ended {
		delete(d.until, first)
	}
}
