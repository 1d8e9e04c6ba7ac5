// Package once remembers what was used, until it would be refused anyway. It is what
// makes the proofs of packages dpop and assertion count a single time.
//
// What it remembers of a thing is 16 bytes of a hash, never its text, and no more
// things than it was made for: when it is full it refuses what is new (ErrFull), for to
// forget what is old would let that be used again. So that one stranger cannot fill
// it for everybody, each thing has owners, and an owner has a share.
//
// It forgets when the process ends. Whoever needs more makes what is used depend on
// something that ends with the process too, as the nonces of package dpop do.
package once

import (
	"container/heap"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"sync"
	"time"
)

// Key names a thing or an owner. For two things to have one key, somebody has to find
// a second text of a given half of a SHA-256, and wins that one's own thing is refused.
type Key [16]byte

// KeyOf makes a key of parts, each with its length, so that no two lists are alike.
func KeyOf(parts ...string) (k Key) {
	h := sha256.New()
	for _, p := range parts {
		h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(p))))
		h.Write([]byte(p))
	}
	copy(k[:], h.Sum(nil))
	return k
}

var (
	ErrUsed = errors.New("it was used before")
	ErrFull = errors.New("no more can be remembered for now")
)

// Memory holds what was used. It is safe for use by many at once.
type Memory struct {
	limit int

	mu     sync.Mutex
	seen   map[Key]struct{}
	owners map[Key]int // how many of seen are whose
	queue  queue       // seen, what ends first in front
}

// New makes a memory for so many things.
func New(limit int) *Memory {
	return &Memory{limit: limit, seen: map[Key]struct{}{}, owners: map[Key]int{}}
}

// Use marks a thing as used until a moment. It is ErrUsed if it was, and ErrFull if there
// is no room: either all is taken, or an owner has so many as are their share. There are
// at most three.
func (m *Memory) Use(now time.Time, thing Key, until time.Time, shares ...Share) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for len(m.queue) > 0 && !now.Before(m.queue[0].until) {
		m.forget(heap.Pop(&m.queue).(item))
	}
	if _, used := m.seen[thing]; used {
		return ErrUsed
	}
	if len(m.queue) >= m.limit || len(shares) > maxOwners {
		return ErrFull
	}
	i := item{until: until, thing: thing, owned: len(shares)}
	for n, s := range shares {
		if i.owners[n] = s.Owner; m.owners[s.Owner] >= s.Most {
			return ErrFull
		}
	}
	for _, s := range shares {
		m.owners[s.Owner]++
	}
	m.seen[thing] = struct{}{}
	heap.Push(&m.queue, i)
	return nil
}

func (m *Memory) forget(i item) {
	delete(m.seen, i.thing)
	for _, owner := range i.owners[:i.owned] {
		if m.owners[owner]--; m.owners[owner] == 0 {
			delete(m.owners, owner)
		}
	}
}

// maxOwners is how many a thing has at most: it is remembered whose it is.
const maxOwners = 3

// Share is how many things an owner may have.
type Share struct {
	Owner Key
	Most  int
}

type item struct {
	until  time.Time
	thing  Key
	owners [maxOwners]Key
	owned  int
}

type queue []item

func (q queue) Len() int           { return len(q) }
func (q queue) Less(i, j int) bool { return q[i].until.Before(q[j].until) }
func (q queue) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }
func (q *queue) Push(x any)        { *q = append(*q, x.(item)) }
func (q *queue) Pop() any {
	last := (*q)[len(*q)-1]
	*q = (*q)[:len(*q)-1]
	return last
}
