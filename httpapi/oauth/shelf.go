package oauth

import (
	"net/netip"
	"sync"
	"time"

	"carehold/record"
)

// shelf keeps what strangers began, in memory, for a while: so many in all, and so many
// of one address, and nothing is forgotten before its time because others came. Whoever
// has a thousand addresses can fill it, and lets the others wait for a quarter of an hour;
// they can have no more of the machine's memory.
type shelf[V any] struct {
	all, each int

	mu   sync.Mutex
	kept map[[16]byte]kept[V]
	of   map[netip.Prefix]int // nobody has 0
}

type kept[V any] struct {
	value V
	from  netip.Prefix
	until time.Time
}

func newShelf[V any](all, each int) *shelf[V] {
	return &shelf[V]{all: all, each: each, kept: map[[16]byte]kept[V]{}, of: map[netip.Prefix]int{}}
}

var errFull error = record.Safef(record.TooMany, "too many requests wait for an answer at the moment: try again in a few minutes")

func (s *shelf[V]) put(now time.Time, key [16]byte, v V, from netip.Prefix, until time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.kept) >= s.all || s.of[from] >= s.each {
		for k, x := range s.kept {
			if !now.Before(x.until) {
				s.remove(k)
			}
		}
	}
	if _, there := s.kept[key]; there || len(s.kept) >= s.all || s.of[from] >= s.each {
		return errFull
	}
	s.kept[key] = kept[V]{v, from, until}
	s.of[from]++
	return nil
}

func (s *shelf[V]) get(now time.Time, key [16]byte) (v V, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	x, ok := s.kept[key]
	if !ok || !now.Before(x.until) {
		return v, false
	}
	return x.value, true
}

// find is the first for which a test holds; it looks at all of them.
func (s *shelf[V]) find(now time.Time, is func(V) bool) (found V, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, x := range s.kept {
		if is(x.value) && now.Before(x.until) {
			found, ok = x.value, true
		}
	}
	return found, ok
}

// drop forgets one, and reports whether it was there.
func (s *shelf[V]) drop(key [16]byte) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, there := s.kept[key]
	s.remove(key)
	return there
}

func (s *shelf[V]) remove(key [16]byte) {
	x, there := s.kept[key]
	if !there {
		return
	}
	delete(s.kept, key)
	if s.of[x.from]--; s.of[x.from] == 0 {
		delete(s.of, x.from)
	}
}
