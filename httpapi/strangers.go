package httpapi

import (
	"bytes"
	"io"
	"net/http"
	"net/netip"
	"sync"

	"carehold/record"
)

// strangers bounds how much of their bodies is in memory at the same time, of all who
// have shown no token, and of one address: a body is read before its sender takes a
// place, and who sends slowly holds what came so far. Counted is what has come, not
// what was announced, so that nobody keeps others out by a word.
type strangers struct {
	all, each int64

	mu   sync.Mutex
	held int64
	by   map[netip.Prefix]int64 // nobody has 0
}

func newStrangers(all, each int64) *strangers {
	return &strangers{all: all, each: each, by: make(map[netip.Prefix]int64)}
}

// take counts n more bytes; with n below 0 as many less.
func (s *strangers) take(from netip.Prefix, n int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n > 0 && (s.held+n > s.all || s.by[from]+n > s.each) {
		return record.Safef(record.Unavailable, "too much is being sent at the moment")
	}
	s.held += n
	if s.by[from] += n; s.by[from] == 0 {
		delete(s.by, from)
	}
	return nil
}

// readFirst reads the whole of a stranger's body, which is small. forget overwrites
// it, for it may hold a key, and gives back its room.
func (s *strangers) readFirst(r *http.Request, route *Route, from netip.Addr) (forget func(), err error) {
	if route.Body == 0 {
		return func() {}, nil
	}
	in := &counted{Reader: r.Body, s: s, from: client(from)}
	b, err := io.ReadAll(in)
	forget = func() {
		clear(b)
		_ = s.take(in.from, -in.n) // less is never refused
	}
	if err != nil {
		forget()
		return nil, err
	}
	r.Body = io.NopCloser(bytes.NewReader(b))
	return forget, nil
}

// counted counts what is read, and ends where there is no room for more.
type counted struct {
	io.Reader
	s    *strangers
	from netip.Prefix
	n    int64
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	if n == 0 {
		return n, err
	}
	if full := c.s.take(c.from, int64(n)); full != nil {
		clear(p[:n])
		return 0, full
	}
	c.n += int64(n)
	return n, err
}
