package httpapi

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
)

// connections bounds how many there are at the same time, and how many of them
// from one address: each costs a descriptor and some tens of kilobytes, before
// anybody has said who they are. One too many is closed at once, so that nobody
// waits behind it. A trusted proxy speaks for everybody.
type connections struct {
	all, each int
	trusted   []netip.Prefix

	refused atomic.Uint64

	mu   sync.Mutex
	open int
	by   map[netip.Prefix]int // nobody has 0
}

func newConnections(all, each int, trusted []netip.Prefix) *connections {
	return &connections{all: all, each: each, trusted: trusted, by: make(map[netip.Prefix]int)}
}

// few is how many connections a port has that is there for a word or two: a proof
// for a certificate authority, a way to the right address.
const few = 64

// FewConnections bounds the connections of a port beside the server's own, as those
// of the server are bounded.
func FewConnections(l net.Listener) net.Listener { return newConnections(few, few/4, nil).listen(l) }

// listen is a listener whose connections are counted.
func (c *connections) listen(l net.Listener) net.Listener { return &countedListener{l, c} }

// watch shows the counts to the front's server, for its metrics, until done.
func (c *connections) watch(f *Front) (done func()) {
	stop := make(chan struct{})
	go func() {
		select {
		case <-stop:
		case <-f.used:
			f.server.Load().connections.Store(c)
		}
	}()
	return func() { close(stop) }
}

func (c *connections) count() (open int, refused uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.open, c.refused.Load()
}

func (c *connections) take(peer net.Addr) (leave func(), ok bool) {
	a, err := netip.ParseAddrPort(peer.String())
	return c.enter(a.Addr(), err == nil && !within(a.Addr(), c.trusted))
}

// enter counts one more, of an address that is bounded or is not.
func (c *connections) enter(a netip.Addr, bounded bool) (leave func(), ok bool) {
	from := client(a)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open >= c.all || bounded && c.by[from] >= c.each {
		c.refused.Add(1)
		return nil, false
	}
	c.open++
	c.by[from]++
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.open--
		if c.by[from]--; c.by[from] == 0 {
			delete(c.by, from)
		}
	}, true
}

type countedListener struct {
	net.Listener
	c *connections
}

func (l *countedListener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err // net/http waits and tries again when descriptors are short
		}
		if leave, ok := l.c.take(conn.RemoteAddr()); ok {
			return &countedConn{Conn: conn, leave: sync.OnceFunc(leave)}, nil
		}
		conn.Close()
	}
}

type countedConn struct {
	net.Conn
	leave func()
}

func (c *countedConn) Close() error {
	defer c.leave()
	return c.Conn.Close()
}

// maxRefusals is how often one connection is told that it asks too much. One that
// goes on, without waiting as it was told, is closed: an answer that is not waited
// for costs whoever asks nothing.
const maxRefusals = 256

type refusalsKey struct{}

// withRefusals gives a connection its count of them. http.Server.ConnContext.
func withRefusals(ctx context.Context, _ net.Conn) context.Context {
	return context.WithValue(ctx, refusalsKey{}, new(atomic.Int32))
}

// refusedTooOften counts a refusal, and reports whether there were too many.
func refusedTooOften(r *http.Request) bool {
	n, ok := r.Context().Value(refusalsKey{}).(*atomic.Int32)
	return ok && n.Add(1) > maxRefusals
}
