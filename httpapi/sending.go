package httpapi

import (
	"context"
	"io"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"carehold/record"
)

// senders are the large bodies that are being sent under grants. Each has one of the few
// places for such, and may have the only one: so it has to come at Limits.Slowest after
// a while, and gives way to the person, whose record it is, and after that while to
// anybody in their own record. Nothing of it was done yet; it is sent again.
type senders struct {
	mu  sync.Mutex
	all []*sender // the first to begin comes first
}

// sender is one of them.
type sender struct {
	io.ReadCloser
	few   *places
	who   who
	began time.Time
	c     *http.ResponseController
	ctx   context.Context // of the request, which ends with its grant
	gone  atomic.Bool     // it gave way
	sent  func()

	wait    time.Duration
	slowest int64
	until   time.Time // the end of its time in any case
	bytes   int64
}

var errGaveWay error = record.Safef(record.Unavailable, "the person needs the place that this was being sent in: send it again")

// begin makes a request with a large body one of them, if it is under a grant.
func (s *Server) sending(e *event, r *http.Request, few *places, of who, most time.Duration) *sender {
	if few == nil || of.own() {
		return nil
	}
	now, l := time.Now(), s.config.Limits
	x := &sender{ReadCloser: r.Body, few: few, who: of, began: now, c: http.NewResponseController(e), ctx: r.Context(), wait: l.BodyTime, slowest: l.Slowest, until: now.Add(most)}
	x.sent = sync.OnceFunc(func() { s.senders.end(x) })
	s.senders.mu.Lock()
	s.senders.all = append(s.senders.all, x)
	s.senders.mu.Unlock()
	r.Body = x
	return x
}

func (s *senders) end(x *sender) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := slices.Index(s.all, x); i >= 0 {
		s.all = slices.Delete(s.all, i, i+1)
	}
}

// giveWay has one of them end for a request in the person's own record, and reports
// whether there was one.
func (s *senders) giveWay(few *places, to who, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.all, func(x *sender) bool {
		return x.few == few && (x.who.record == to.record || now.Sub(x.began) > x.wait)
	})
	if i < 0 {
		return false
	}
	x := s.all[i]
	s.all = slices.Delete(s.all, i, i+1)
	x.gone.Store(true)
	_ = x.c.SetReadDeadline(now)
	return true
}

// oneGivesWay has one end as soon as there is one, until stop is called: a request that
// has the place may not have begun to be sent.
func (s *senders) oneGivesWay(few *places, to who) (stop func()) {
	if s.giveWay(few, to, time.Now()) {
		return func() {}
	}
	done := make(chan struct{})
	go func() {
		look := time.NewTicker(50 * time.Millisecond)
		defer look.Stop()
		for {
			select {
			case <-done:
				return
			case now := <-look.C:
				if s.giveWay(few, to, now) {
					return
				}
			}
		}
	}()
	return func() { close(done) }
}

func (x *sender) Read(p []byte) (int, error) {
	due := time.Duration(float64(x.bytes) / float64(x.slowest) * float64(time.Second))
	_ = x.c.SetReadDeadline(earlier(x.until, x.began.Add(x.wait+due)))
	if x.gone.Load() { // looked at after the deadline was set, which would take back the one that ends it
		return 0, errGaveWay
	}
	if err := x.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := x.ReadCloser.Read(p)
	x.bytes += int64(n)
	if err == io.EOF {
		x.sent()
		_ = x.c.SetReadDeadline(x.until) // net/http reads on, and a deadline would end the request
	}
	return n, err
}
