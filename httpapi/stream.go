package httpapi

import (
	"io"
	"net/http"
	"time"
)

// recordBody is more than a record can have: what an invite gives is the limit.
const recordBody = 1 << 40

// streaming is a request that a whole record goes through. It may take as long as
// it needs while bytes move, and no longer than one body's time while none do.
type streaming struct {
	http.ResponseWriter
	body io.ReadCloser
	wait time.Duration
}

// stream makes a request one of them.
func (s *Server) stream(e *event, r *http.Request) {
	x := &streaming{e.ResponseWriter, r.Body, s.config.Limits.BodyTime}
	e.ResponseWriter, r.Body = x, streamedBody{x}
	x.moved()
}

// moved gives it more time. A connection without deadlines has none to extend.
func (x *streaming) moved() {
	until := time.Now().Add(x.wait) // the connection's clock is the machine's
	c := http.NewResponseController(x.ResponseWriter)
	_ = c.SetReadDeadline(until)
	_ = c.SetWriteDeadline(until)
}

// Unwrap lets http.ResponseController reach the connection.
func (x *streaming) Unwrap() http.ResponseWriter { return x.ResponseWriter }

func (x *streaming) Write(b []byte) (int, error) {
	n, err := x.ResponseWriter.Write(b)
	if n > 0 {
		x.moved()
	}
	return n, err
}

type streamedBody struct{ x *streaming }

func (b streamedBody) Read(p []byte) (int, error) {
	n, err := b.x.body.Read(p)
	if n > 0 {
		b.x.moved()
	}
	return n, err
}

func (b streamedBody) Close() error { return b.x.body.Close() }
