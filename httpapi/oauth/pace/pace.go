// Package pace bounds how often something is done for each of many: for each person who
// tries codes, for each host that is asked for the description of an app.
//
// It remembers so many and no more. Who has done nothing for so long that they are as one
// who is new is forgotten to make room; when there is nobody of that kind, who is new has
// to wait. To forget anybody else would give them a fresh start for bringing a crowd.
package pace

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Each is a token bucket for each key. It is safe for use by many at once.
type Each[K comparable] struct {
	every time.Duration
	burst int
	most  int

	mu sync.Mutex
	of map[K]*rate.Limiter
}

// New makes buckets that hold burst and get one more in every so long, for at most so
// many keys.
func New[K comparable](every time.Duration, burst, most int) *Each[K] {
	return &Each[K]{every: every, burst: burst, most: most, of: map[K]*rate.Limiter{}}
}

// Of is the bucket of a key; nil while no more can be remembered.
func (e *Each[K]) Of(key K, now time.Time) *rate.Limiter {
	e.mu.Lock()
	defer e.mu.Unlock()
	l := e.of[key]
	if l == nil {
		if len(e.of) >= e.most {
			for k, l := range e.of {
				if l.TokensAt(now) >= float64(e.burst) { // as one that is new
					delete(e.of, k)
				}
			}
		}
		if len(e.of) >= e.most {
			return nil
		}
		l = rate.NewLimiter(rate.Every(e.every), e.burst)
		e.of[key] = l
	}
	return l
}

// Take takes one from the bucket of a key, if there is one.
func (e *Each[K]) Take(key K, now time.Time) bool {
	l := e.Of(key, now)
	return l != nil && l.AllowN(now, 1)
}
