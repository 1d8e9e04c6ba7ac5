package httpapi

import (
	"io"
	"net/http"
	"time"
)

// recordBody is more than a record can have: what an invite gives is the limit.
const recordBody = 1 << 40

// streaming is a request that a whole record goes through. It may take as long as
// its size needs at slowest bytes a second, and not more than longest; and while
// nothing moves, no longer than one body's time. A drop now and then does not hold
// a place here.
type streaming struct {
	http.ResponseWriter
	body    io.ReadCloser
	wait    time.Duration
	slowest int64

	began time.Time
	bytes int64
}

// longest is for a record of 4 GiB over a line of a megabit a second, and again
// some.
const longest = 12 * time.Hour

// working is how long the server may take for what was sent, once it is all here.
const working = time.Hour

// stream makes a request one of them.
func (s *Server) stream(e *event, r *http.Request) {
	l := s.config.Limits
	x := &streaming{ResponseWriter: e.ResponseWriter, body: r.Body, wait: l.BodyTime, slowest: l.Slowest, began: time.Now()}
	e.ResponseWriter, r.Body = x, streamedBody{x}
	x.moved(0)
}

// moved gives it more time. The connection's clock is the machine's.
func (x *streaming) moved(n int) {
	x.bytes += int64(n)
	due := min(time.Duration(float64(x.bytes)/float64(x.slowest)*float64(time.Second)), longest)
	x.until(earlier(time.Now().Add(x.wait), x.began.Add(x.wait+due)))
}

// until is the end of its time. A connection without deadlines has none to extend.
func (x *streaming) until(t time.Time) {
	c := http.NewResponseController(x.ResponseWriter)
	_ = c.SetReadDeadline(t)
	_ = c.SetWriteDeadline(t)
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// Unwrap lets http.ResponseController reach the connection.
func (x *streaming) Unwrap() http.ResponseWriter { return x.ResponseWriter }

func (x *streaming) Write(b []byte) (int, error) {
	n, err := x.ResponseWriter.Write(b)
	if n > 0 {
		x.moved(n)
	}
	return n, err
}

type streamedBody struct{ x *streaming }

func (b streamedBody) Read(p []byte) (int, error) {
	n, err := b.x.body.Read(p)
	switch {
	case err == io.EOF: // net/http reads on, and a deadline would end the request
		b.x.until(time.Now().Add(working))
	case n > 0:
		b.x.moved(n)
	}
	return n, err
}

func (b streamedBody) Close() error { return b.x.body.Close() }
