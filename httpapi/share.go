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
// sending slowly. Nor must they keep the person out: one grant has a quarter of a
// record's places, and all of them together three quarters.
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
	by      map[who]int // nobody has 0
	line    []*waiting  // first come first
	waitsBy map[who]int // nobody has 0
}

// who a request is for: a record, and under which grant in it. The person's own has
// none.
type who struct {
	record record.PersonID
	grant  record.GrantID
}

func (x who) own() bool { return x.grant == record.GrantID{} }

// allOf and others are under what all of a record's requests are counted, and those
// under a grant that is not the person's.
func (x who) allOf() who  { return who{x.record, record.GrantID{1}} }
func (x who) others() who { return who{x.record, record.GrantID{2}} }

// count adds to what is counted of a request.
func (x who) count(by map[who]int, n int) {
	names := []who{x.allOf(), x.others(), x}
	if x.own() {
		names = names[:1]
	}
	for _, name := range names {
		if by[name] += n; by[name] == 0 {
			delete(by, name)
		}
	}
}

// share is what one grant, all grants but the person's, and all of a record have.
type share struct{ grant, others, all int }

func shareOf(all int) share {
	return share{max(min(2, all), all/4), max(1, all-(all+3)/4), all}
}

// lineOf is the same of the line, of which a burst of one grant may take half.
func lineOf(all int) share {
	s := shareOf(all)
	s.grant = max(1, all/2)
	return s
}

// more reports whether a request has a share in what is left.
func (s share) more(by map[who]int, x who) bool {
	return by[x.allOf()] < s.all && (x.own() || by[x.others()] < s.others && by[x] < s.grant)
}

// waiting is one request in the line.
type waiting struct {
	who   who
	place chan struct{} // closed when it has a place
}

// shortLine is how many may wait where there are few places: who waits has sent
// little that is held.
const shortLine = 64

func newPlaces(all, each int) *places {
	return &places{all: all, each: max(1, each), longest: max(all, shortLine), by: make(map[who]int), waitsBy: make(map[who]int)}
}

// eachRecord is how many of all places one record may have: an eighth, but four
// where half of them are as many, so that a small server does not refuse the third
// request of a page that loads.
func eachRecord(all int) int { return max(all/8, min(4, all/2)) }

// try takes a place if there is one now; leave gives it back.
func (p *places) try(id who) (leave func(), ok bool) {
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
func (p *places) take(ctx context.Context, id who, until time.Time) (leave func(), err error) {
	p.mu.Lock()
	if p.free(id) {
		defer p.mu.Unlock()
		return p.have(id), nil
	}
	if len(p.line) >= p.longest || p.each < p.all && !lineOf(p.longest/2).more(p.waitsBy, id) {
		p.mu.Unlock()
		return nil, busy()
	}
	w := &waiting{id, make(chan struct{})}
	before := len(p.line)
	if id.own() && id != nobody { // whose record it is goes before others in it
		if i := slices.IndexFunc(p.line, func(x *waiting) bool { return x.who.record == id.record && !x.who.own() }); i >= 0 {
			before = i
		}
	}
	p.line = slices.Insert(p.line, before, w)
	id.count(p.waitsBy, 1)
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
func (p *places) free(id who) bool {
	return p.used < p.all && (id == nobody || shareOf(p.each).more(p.by, id))
}

// nobody is whose places are counted by none: those of all.
var nobody who

func (p *places) have(id who) (leave func()) {
	p.used++
	id.count(p.by, 1)
	return p.leave(id)
}

// unlist takes the line's i-th out of it.
func (p *places) unlist(i int) {
	p.line[i].who.count(p.waitsBy, -1)
	p.line = slices.Delete(p.line, i, i+1)
}

// leave gives a place back, to the first in the line who can have it.
func (p *places) leave(id who) func() {
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.used--
		id.count(p.by, -1)
		for i, w := range p.line {
			if p.free(w.who) {
				p.have(w.who)
				p.unlist(i)
				close(w.place)
				return
			}
		}
	}
}

// noLeave gives back what was not taken.
func noLeave() {}
