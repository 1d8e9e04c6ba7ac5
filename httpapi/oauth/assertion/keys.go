package assertion

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"sync"
	"time"

	"carehold/record/fetch"
)

const (
	askTime    = 5 * time.Second  // for one answer, waiting for a turn included
	askAgain   = 10 * time.Second // between two questions to an address
	keepUnsaid = 5 * time.Minute  // a set whose server says nothing
	keepMost   = time.Hour
	askAtOnce  = 8
	mayJoin    = 8   // requests that wait for one answer: each holds a place of the server's
	mayWait    = 16  // and for all answers
	maxSources = 256 // addresses that are remembered, each with a set of up to 64 KiB
)

// Keys fetches the key sets that clients have at an address, and keeps them a while. It is
// safe for use by many at once.
type Keys struct {
	net   fetch.Fetch
	turns chan struct{}

	mu      sync.Mutex
	sources map[string]*source
	waiting int // for all of them
}

// source is an address. Its fields are guarded by Keys.mu.
type source struct {
	asked time.Time     // when last
	until time.Time     // how long set counts
	set   *Set          // the last that came, if it may be used
	err   error         // of the last time, if it failed: what there is while no set counts
	busy  chan struct{} // closed when the question that is under way is answered; else nil

	waiting int // how many do
}

// NewKeys makes a store of keys that asks with net.
func NewKeys(net fetch.Fetch) *Keys {
	return &Keys{net: net, turns: make(chan struct{}, askAtOnce), sources: map[string]*source{}}
}

// get is the set at an address, fetched if there is none that counts, or if the kid is
// not in it and the address may be asked again.
func (k *Keys) get(ctx context.Context, address string, kid *string, now time.Time) (*Set, error) {
	if k == nil {
		return nil, refuse("keys by address are not taken here: register the client's keys by value")
	}
	if fetch.Check(address) != nil || len(address) < 8 || !strings.EqualFold(address[:8], "https://") {
		return nil, refuse("the client's jwks_uri is not an https address")
	}
	k.mu.Lock()
	s, err := k.source(address, now)
	if err != nil {
		k.mu.Unlock()
		return nil, err
	}
	asks := s.busy == nil && s.wants(kid, now)
	waits := asks || s.busy != nil && !(s.counts(now) && s.set.has(kid))
	if waits && (s.waiting >= mayJoin || k.waiting >= mayWait) {
		k.mu.Unlock()
		return nil, errCrowd
	}
	if asks {
		s.asked, s.busy = now, make(chan struct{})
		// Whoever else waits for the answer wants it when the first has gone away.
		go k.ask(context.WithoutCancel(ctx), address, s, now)
	}
	if answered := s.busy; waits {
		s.waiting++
		k.waiting++
		k.mu.Unlock()
		select {
		case <-answered:
		case <-ctx.Done():
			err = busy("the client's keys did not come in time: try again later")
		}
		k.mu.Lock()
		s.waiting--
		k.waiting--
	}
	defer k.mu.Unlock()
	if err != nil {
		return nil, err
	}
	if s.counts(now) {
		return s.set, nil
	}
	return nil, s.err
}

var errCrowd = busy("too many requests wait for the keys of clients: try again in a few seconds")

// counts reports whether the set that is there may be used.
func (s *source) counts(now time.Time) bool { return s.set != nil && now.Before(s.until) }

// wants reports whether the address is to be asked now.
func (s *source) wants(kid *string, now time.Time) bool {
	if s.asked.IsZero() {
		return true
	}
	return now.Sub(s.asked) >= askAgain && !(s.counts(now) && s.set.has(kid))
}

// source finds or makes an address's place. To forget an address is to forget when it
// was asked, so only one that may be asked again is forgotten.
func (k *Keys) source(address string, now time.Time) (*source, error) {
	if s := k.sources[address]; s != nil {
		return s, nil
	}
	if len(k.sources) >= maxSources {
		oldest := ""
		for a, s := range k.sources {
			if s.busy == nil && now.Sub(s.asked) >= askAgain && (oldest == "" || s.asked.Before(k.sources[oldest].asked)) {
				oldest = a
			}
		}
		if oldest == "" {
			return nil, busy("the keys of too many clients are being asked for: wait a minute")
		}
		delete(k.sources, oldest)
	}
	s := &source{}
	k.sources[address] = s
	return s, nil
}

// ask asks an address, when it is its turn, and keeps the answer.
func (k *Keys) ask(ctx context.Context, address string, s *source, now time.Time) {
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	set, keep, err := k.once(ctx, address)
	k.mu.Lock()
	defer k.mu.Unlock()
	close(s.busy)
	s.busy = nil
	if err != nil { // a set that still counts, and was fetched again for a new kid, counts on
		s.err = err
		return
	}
	// It counts from when it was asked for, which is before it was answered.
	s.set, s.err, s.until = set, nil, now.Add(max(keep, askAgain))
}

func (k *Keys) once(ctx context.Context, address string) (*Set, time.Duration, error) {
	select {
	case k.turns <- struct{}{}:
		defer func() { <-k.turns }()
	case <-ctx.Done():
	}
	if ctx.Err() != nil { // also when a turn came in the same moment
		return nil, 0, busy("the keys of too many clients are being asked for: wait a minute")
	}
	answer, err := fetch.Get(ctx, k.net, address, "application/jwk-set+json, application/json", maxSet)
	if ctx.Err() != nil {
		return nil, 0, refuse("the client's keys did not come within %.0f seconds: its jwks_uri must answer sooner", askTime.Seconds())
	}
	if err != nil {
		return nil, 0, invalid("the client's keys could not be fetched from its jwks_uri", err)
	}
	if answer.Status != 200 {
		return nil, 0, refuse("the client's jwks_uri answers with status %d, not 200", answer.Status)
	}
	set, err := ParseSet(answer.Body)
	if err != nil {
		return nil, 0, invalid("what is at the client's jwks_uri is not taken", err)
	}
	return set, lifetime(answer.CacheControl, answer.Age), nil
}

// lifetime is how long an answer may be kept, by its headers (RFC 9111 §5.2.2, §5.1):
// what is not understood of them means not at all.
func lifetime(control, age string) time.Duration {
	least, said := uint64(0), false
	for d := range strings.SplitSeq(control, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(d), "=")
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "no-store", "no-cache":
			return 0
		case "max-age":
			seconds, err := strconv.ParseUint(strings.Trim(strings.TrimSpace(value), `"`), 10, 31)
			if err != nil && !errors.Is(err, strconv.ErrRange) {
				return 0
			}
			if !said || seconds < least {
				least, said = seconds, true
			}
		}
	}
	if !said {
		return keepUnsaid
	}
	if age != "" {
		old, err := strconv.ParseUint(strings.TrimSpace(age), 10, 31)
		if err != nil {
			return 0
		}
		least -= min(least, old)
	}
	return min(time.Duration(least)*time.Second, keepMost)
}
