package search

import (
	"bytes"
	"slices"
	"sort"

	"carehold/record"
)

// Page returns up to n matches after a position, nil for the beginning, and the
// position to go on from, nil at the end. A position is a place in the order and
// not a number of matches: what is written between two pages makes no page
// repeat or leave out what was not changed. It holds values of what it was made
// of, and is to be sealed before it is given away.
func (r *Result) Page(after []byte, n int) (page []int, next []byte, err error) {
	from := 0
	if after != nil {
		if len(after) < idLength {
			return nil, nil, record.Safef(record.Invalid, "not a position in a search: search again")
		}
		from = sort.Search(len(r.Matches), func(i int) bool { return r.compare(i, after) > 0 })
	}
	to := min(from+max(n, 0), len(r.Matches))
	page = slices.Clone(r.Matches[from:to])
	if from < to && to < len(r.Matches) {
		next = r.position(to - 1)
	}
	return page, next, nil
}

const idLength = len(record.EntryID{})

// position is the key of a match, and its ID.
func (r *Result) position(i int) []byte {
	id := r.all[r.Matches[i]].ID
	if r.keys == nil {
		return id[:]
	}
	return append(bytes.Clone(r.keys[i]), id[:]...)
}

func (r *Result) compare(i int, position []byte) int {
	at := len(position) - idLength
	if r.keys != nil {
		if c := bytes.Compare(r.keys[i], position[:at]); c != 0 {
			return c
		}
	}
	id := &r.all[r.Matches[i]].ID
	return bytes.Compare(id[:], position[at:])
}
