package oauth

import (
	"net/netip"
	"slices"
	"sync"
	"time"

	"carehold/httpapi/oauth/dpop"
	"carehold/record"
)

// shelf keeps what strangers began, in memory, for a while: so many in all, and so many
// of each share that one counts for, and nothing is forgotten before its time because
// others came. Whoever has the addresses of a dozen houses can fill it, and lets the others
// wait for a quarter of an hour; they can have no more of the machine's memory.
type shelf[V any] struct {
	all int

	mu   sync.Mutex
	kept map[[16]byte]kept[V]
	of   map[any]int // by share's of; none is 0
}

type kept[V any] struct {
	value  V
	shares []share
	until  time.Time
}

// share is what one of something counts for: of is a netip.Prefix or a client's id.
type share struct {
	of   any
	most int
}

// byAddress are the shares of an address: its own, and in IPv6 that of the /48 around it,
// for a line at home has up to 256 networks of the size that one device may have (RFC 6177).
func byAddress(from netip.Prefix, each, wide int) []share {
	shares := []share{{from, each}}
	if around, ok := dpop.Around(from); ok {
		shares = append(shares, share{around, wide})
	}
	return shares
}

func newShelf[V any](all int) *shelf[V] {
	return &shelf[V]{all: all, kept: map[[16]byte]kept[V]{}, of: map[any]int{}}
}

var errFull error = record.Safef(record.TooMany, "too many requests wait for an answer at the moment: try again in a few minutes")

func (s *shelf[V]) put(now time.Time, key [16]byte, v V, until time.Time, shares ...share) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.full(shares) {
		for k, x := range s.kept {
			if !now.Before(x.until) {
				s.remove(k)
			}
		}
	}
	if _, there := s.kept[key]; there || s.full(shares) {
		return errFull
	}
	s.kept[key] = kept[V]{v, shares, until}
	for _, x := range shares {
		s.of[x.of]++
	}
	return nil
}

func (s *shelf[V]) full(shares []share) bool {
	return len(s.kept) >= s.all || slices.ContainsFunc(shares, func(x share) bool { return s.of[x.of] >= x.most })
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
	for _, x := range x.shares {
		if s.of[x.of]--; s.of[x.of] == 0 {
			delete(s.of, x.of)
		}
	}
}
