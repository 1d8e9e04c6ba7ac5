package store

import (
	"context"
	"time"

	"carehold/record"
)

// A pass through the rows themselves opens and indexes all that a grant may search: it
// is a thousand times the work of one through what is kept. Few are under way at a
// time, in the same shares as the room for answers: one of a grant, two of all grants
// of a record, three of a record, three of grants in all; so there is one for whoever
// the record is of. Whoever finds no place waits for it, and is told so soon; nothing
// has been read for them until then. Passcodes are stretched in places of the same
// kind: each takes 19 MiB and most of a core (crypto.Credential.LinkKey).
const (
	coldPlaces = 4
	coldWeight = copies * maxPageBytes // of a place: the least that a share can be

	coldPatience    = 5 * time.Second
	coldPatienceOwn = 20 * time.Second
)

func newColds() *answers {
	return &answers{most: coldPlaces * coldWeight, by: make(map[sharer]int64)}
}

var errColdPasses error = record.Safef(record.Unavailable, "this has to go through the whole record, and others are doing that: try again in a moment")

// cold waits for a place to go through the rows, and returns what gives it back. Who
// has the turn to write does not wait: others wait for them.
func (v *View) cold(ctx context.Context) (leave func(), err error) {
	a, shares := v.s.colds, v.shares()
	leave = func() { a.release(shares, coldWeight) }
	if a.try(shares, coldWeight) {
		return leave, nil
	}
	if !v.writing {
		waiting, cancel := context.WithTimeout(ctx, v.coldPatience())
		defer cancel()
		if a.take(waiting, shares, coldWeight) {
			return leave, nil
		}
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	_ = v.Spend() // it was asked for, and it took something
	return nil, errColdPasses
}

// coldPatience is how long a View waits for others who go through the rows.
func (v *View) coldPatience() time.Duration {
	if v.writing {
		return v.patience()
	}
	if v.grant.Self {
		return coldPatienceOwn
	}
	return coldPatience
}
