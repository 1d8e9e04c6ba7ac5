package httpapi

import (
	"net/http"
	"sync"

	"carehold/record"
	"carehold/record/store"
)

// places are how many requests may do something at the same time, and how many of
// them in one record. Whoever was granted a part of one record, or was invited to
// make one, must not keep everybody else from theirs, by asking a lot or by
// sending slowly.
type places struct {
	all, each int

	mu   sync.Mutex
	used int
	by   map[record.PersonID]int // nobody has 0
}

func newPlaces(all, each int) *places {
	return &places{all: all, each: max(1, each), by: make(map[record.PersonID]int)}
}

// take takes a place for a record's request; leave gives it back.
func (p *places) take(id record.PersonID) (leave func(), err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.used >= p.all || p.by[id] >= p.each {
		return nil, busy()
	}
	p.used++
	p.by[id]++
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.used--
		if p.by[id]--; p.by[id] == 0 {
			delete(p.by, id)
		}
	}, nil
}

// noLeave gives back what was not taken.
func noLeave() {}

// ordinaryBody is what a body may have, in bytes, without counting as one that
// fills the memory.
const ordinaryBody = 1 << 20

// enterRecord takes a request's place among those of the record it is in, and
// one of the few for a body that fills the memory. What does not say how long its
// body is has as long a one as may be.
func (s *Server) enterRecord(r *http.Request, route *Route, v *store.View) (leave func(), err error) {
	id := v.Grant().Person
	leaveRecord, err := s.records.take(id)
	if err != nil {
		s.throttled.busy.Add(1)
		return nil, err
	}
	var few *places
	switch {
	case route.Body <= ordinaryBody, r.ContentLength >= 0 && r.ContentLength <= ordinaryBody:
		return leaveRecord, nil
	case route.large():
		few = s.bundles
	default:
		few = s.letters
	}
	leaveFew, err := few.take(id)
	if err != nil {
		s.throttled.busy.Add(1)
		leaveRecord()
		return nil, err
	}
	return func() { leaveFew(); leaveRecord() }, nil
}
