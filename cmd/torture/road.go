//go:build linux

package main

import (
	"context"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"time"

	"carehold/httpapi/client"
)

// road leads a client to wherever its server is at the moment: a device does not
// know that the server was started again at another port. Each connection comes
// from another address of loopback, as if from another client, so that the
// server's limits for one client are not what is measured.
type road struct {
	mu      sync.Mutex
	once    bool // one request for each connection, so that net/http sends none again by itself
	address string
	over    *http.Transport
}

func newRoad(address string) *road {
	r := &road{}
	r.lead(address)
	return r
}

// lead takes new connections, to that address.
func (r *road) lead(address string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.over != nil {
		r.over.CloseIdleConnections()
	}
	r.address = address
	r.over = &http.Transport{DisableKeepAlives: r.once, MaxIdleConnsPerHost: 32, DialContext: func(ctx context.Context, network, to string) (net.Conn, error) {
		from := net.IPv4(127, byte(1+rand.IntN(250)), byte(rand.IntN(256)), byte(1+rand.IntN(250)))
		return (&net.Dialer{LocalAddr: &net.TCPAddr{IP: from}, Timeout: 5 * time.Second}).DialContext(ctx, network, to)
	}}
}

func (r *road) RoundTrip(q *http.Request) (*http.Response, error) {
	r.mu.Lock()
	address, over := r.address, r.over
	r.mu.Unlock()
	q = q.Clone(q.Context())
	q.URL.Host, q.Host = address, ""
	return over.RoundTrip(q)
}

func (r *road) client() (*client.Client, error) {
	return client.New("http://127.0.0.1:1", client.Options{Transport: r, Timeout: 2 * time.Minute})
}

func (r *road) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.over.CloseIdleConnections()
}
