package store

import (
	"maps"
	"sync"

	"carehold/record"
)

// searched tells how much each grant has written of what searches go through, in bytes
// of indexes: everybody's searches of the record pay for it. It is in memory: what there
// is is learned from the headers whenever a search brings them together, and what is
// written meanwhile is added. Before the first search after a start nobody has waited
// for anything.
type searched struct {
	mu sync.Mutex
	of map[record.PersonID]map[record.GrantID]int
}

// What one grant other than the person's may have written is a quarter of what may be
// kept for searches, and at most so much: some 60,000 ordinary entries.
const (
	grantSearched      = 16 << 20
	grantSearchedShare = 4
)

func (s *Store) grantSearched() int {
	if s.memos.off() {
		return grantSearched
	}
	return min(grantSearched, s.memos.most/grantSearchedShare)
}

// learn takes what was seen of a person's record. What all of it shows is so; what a
// part shows is the least that there is.
func (x *searched) learn(p record.PersonID, written map[record.GrantID]int, whole bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.of == nil {
		x.of = make(map[record.PersonID]map[record.GrantID]int)
	}
	switch {
	case whole && len(written) == 0:
		delete(x.of, p)
		return
	case whole || x.of[p] == nil:
		x.of[p] = maps.Clone(written)
		return
	}
	for g, n := range written {
		x.of[p][g] = max(x.of[p][g], n)
	}
}

// add counts what was written, or was deleted.
func (x *searched) add(p record.PersonID, g record.GrantID, more int) {
	if more == 0 {
		return
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.of == nil {
		x.of = make(map[record.PersonID]map[record.GrantID]int)
	}
	if x.of[p] == nil {
		x.of[p] = make(map[record.GrantID]int)
	}
	x.of[p][g] = max(x.of[p][g]+more, 0)
}

func (x *searched) by(p record.PersonID, g record.GrantID) int {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.of[p][g]
}
