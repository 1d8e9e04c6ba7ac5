package httpapi

import (
	"container/list"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// maxAddresses bounds what a set of buckets remembers: about 4 MB. Whoever has
// more addresses than that is slowed by Limits.Concurrent alone.
const maxAddresses = 1 << 14

// buckets is one token bucket for each client address, the least recently used
// forgotten first. A forgotten address starts with a full bucket.
type buckets struct {
	every rate.Limit
	burst int

	mu    sync.Mutex
	byKey map[netip.Prefix]*list.Element
	used  *list.List // of *bucket, most recent first; both guarded by mu
}

type bucket struct {
	key netip.Prefix
	lim *rate.Limiter
}

func newBuckets(perSecond float64, burst int) *buckets {
	return &buckets{every: rate.Limit(perSecond), burst: burst, byKey: map[netip.Prefix]*list.Element{}, used: list.New()}
}

// take takes one from the address's bucket. When there is none, wait is how long
// until there is.
func (b *buckets) take(a netip.Addr, now time.Time) (wait time.Duration, ok bool) {
	lim := b.limiter(client(a))
	r := lim.ReserveN(now, 1)
	if wait = r.DelayFrom(now); wait > 0 {
		r.CancelAt(now)
		return wait, false
	}
	return 0, true
}

func (b *buckets) limiter(key netip.Prefix) *rate.Limiter {
	b.mu.Lock()
	defer b.mu.Unlock()
	if el, ok := b.byKey[key]; ok {
		b.used.MoveToFront(el)
		return el.Value.(*bucket).lim
	}
	if b.used.Len() >= maxAddresses {
		oldest := b.used.Back()
		delete(b.byKey, oldest.Value.(*bucket).key)
		b.used.Remove(oldest)
	}
	k := &bucket{key, rate.NewLimiter(b.every, b.burst)}
	b.byKey[key] = b.used.PushFront(k)
	return k.lim
}

// client is who an address stands for: in IPv6 a household has a /64.
func client(a netip.Addr) netip.Prefix {
	a = a.Unmap().WithZone("")
	bits := a.BitLen()
	if a.Is6() {
		bits = 64
	}
	p, _ := a.Prefix(bits) // the zero Addr has the zero Prefix: one bucket for all who have none
	return p
}

// retryAfter is a Retry-After header: whole seconds, at least one.
func retryAfter(wait time.Duration) string {
	return strconv.Itoa(max(1, int((wait+time.Second-1)/time.Second)))
}
