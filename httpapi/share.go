package httpapi

import (
	"context"
	"slices"
	"sync"
	"time"

	"carehold/record"
)

// places are how many requests may do something at the same time, and how many of
// them in one record. Whoever was granted a part of one record, or was invited to
// make one, must not keep everybody else from theirs, by asking a lot or by
// sending slowly.
//
// A request that finds no place waits for one, for a moment and in a line: those
// who came first are served first, but whose record has all its places does not
// hold up the others. The line is short, and half of it is the most that one record
// may fill; who finds it full is told so at once.
type places struct {
	all, each int
	longest   int // the line

	mu      sync.Mutex
	used    int
	by      map[record.PersonID]int // nobody has 0
	line    []*waiting              // first come first
	waitsBy map[record.PersonID]int // nobody has 0
}

// waiting is one request in the line.
type waiting struct {
	id    record.PersonID
	place chan struct{} // closed when it has a place
}

// shortLine is how many may wait where there are few places: who waits has sent
// little that is held.
const shortLine = 32

func newPlaces(all, each int) *places {
	return &places{all: all, each: max(1, each), longest: max(all, shortLine), by: make(map[record.PersonID]int), waitsBy: make(map[record.PersonID]int)}
}

// eachRecord is how many of all places one record may have: an eighth, but four
// where half of them are as many, so that a small server does not refuse the third
// request of a page that loads.
func eachRecord(all int) int { return max(all/8, min(4, all/2)) }

// try takes a place if there is one now; leave gives it back.
func (p *places) try(id record.PersonID) (leave func(), ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	// Nobody in the line has a place to take: it would have been given to them.
	if !p.free(id) {
		return nil, false
	}
	return p.have(id), true
}

// take takes a place for a record's request, and waits for it until the time is up
// or the client is gone.
func (p *places) take(ctx context.Context, id record.PersonID, until time.Time) (leave func(), err error) {
	p.mu.Lock()
	if p.free(id) {
		defer p.mu.Unlock()
		return p.have(id), nil
	}
	if len(p.line) >= p.longest || p.each < p.all && p.waitsBy[id] >= p.longest/2 {
		p.mu.Unlock()
		return nil, busy()
	}
	w := &waiting{id, make(chan struct{})}
	p.line = append(p.line, w)
	p.waitsBy[id]++
	p.mu.Unlock()

	timer := time.NewTimer(time.Until(until))
	defer timer.Stop()
	select {
	case <-w.place:
		return p.leave(id), nil
	case <-timer.C:
	case <-ctx.Done():
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if i := slices.Index(p.line, w); i >= 0 {
		p.unlist(i)
		return nil, busy()
	}
	return p.leave(id), nil // it was given at the same moment
}

// free reports whether there is a place for the record. It is called with mu held,
// as have and unlist are.
func (p *places) free(id record.PersonID) bool { return p.used < p.all && p.by[id] < p.each }

func (p *places) have(id record.PersonID) (leave func()) {
	p.used++
	p.by[id]++
	return p.leave(id)
}

// unlist takes the line's i-th out of it.
func (p *places) unlist(i int) {
	id := p.line[i].id
	p.line = slices.Delete(p.line, i, i+1)
	if p.waitsBy[id]--; p.waitsBy[id] == 0 {
		delete(p.waitsBy, id)
	}
}

// leave gives a place back, to the first in the line who can have it.
func (p *places) leave(id record.PersonID) func() {
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.used--
		if p.by[id]--; p.by[id] == 0 {
			delete(p.by, id)
		}
		for i, w := range p.line {
			if p.free(w.id) {
				p.have(w.id)
				p.unlist(i)
				close(w.place)
				return
			}
		}
	}
}

// noLeave gives back what was not taken.
func noLeave() {}
