package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"time"

	"carehold/httpapi/client"
)

// site is a store and the carehold that serves it.
type site struct {
	b       *bench
	dir     string
	address string
	debug   string
	proc    *process
	client  *client.Client
}

// site makes a store.
func (b *bench) site(name string) (*site, error) {
	s := &site{b: b, dir: filepath.Join(b.dir, name)}
	if err := os.Mkdir(s.dir, 0o700); err != nil {
		return nil, err
	}
	out, err := exec.CommandContext(b.ctx, b.carehold, "init", "--data", s.data()).CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("carehold init: %w: %s", err, tail(out))
	}
	return s, nil
}

func (s *site) data() string   { return filepath.Join(s.dir, "store") }
func (s *site) socket() string { return filepath.Join(s.dir, "socket") }

// serve starts the server. It listens on loopback, and takes the clients' word for
// their addresses: the limit of 50 requests a second from one address is for the
// Internet, and stays switched on, but the load comes from many.
func (s *site) serve(wrap ...string) (err error) {
	if s.address, err = freeAddress(); err != nil {
		return err
	}
	if s.debug, err = freeAddress(); err != nil {
		return err
	}
	s.proc, err = launch(s.b.ctx, wrap, s.address, filepath.Join(s.dir, "log"), s.b.carehold, "serve", "--data", s.data(),
		"--socket", s.socket(), "--listen", s.address, "--trusted-proxies", "127.0.0.1", "--debug-listen", s.debug)
	if err != nil {
		return err
	}
	own := http.DefaultTransport.(*http.Transport).Clone()
	own.Proxy = nil
	s.client, err = client.New("http://"+s.address, client.Options{Transport: &elsewhere{next: own}, Timeout: 5 * time.Minute})
	return err
}

func (s *site) stop() {
	if s == nil {
		return
	}
	s.proc.stop()
	s.proc = nil
}

// again stops the server and starts it, with nothing of its files in memory if cold.
func (s *site) again(cold bool, wrap ...string) error {
	s.stop()
	if cold {
		if err := evict(s.dir); err != nil {
			return err
		}
	}
	return s.serve(wrap...)
}

// elsewhere makes requests come from many addresses.
type elsewhere struct {
	next http.RoundTripper
	n    atomic.Uint32
}

func (t *elsewhere) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("X-Forwarded-For", addressOf(t.n.Add(1)>>4))
	return t.next.RoundTrip(r)
}

func addressOf(n uint32) string {
	return fmt.Sprintf("10.%d.%d.%d", byte(n>>16), byte(n>>8), byte(n))
}

// operator asks the operator's socket.
func (s *site) operator(ctx context.Context, method, path string, in, out any) error {
	c := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", s.socket())
	}}}
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, method, "http://operator"+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	a, err := c.Do(r)
	if err != nil {
		return err
	}
	defer a.Body.Close()
	if a.StatusCode != http.StatusOK {
		return fmt.Errorf("the operator's socket answered %s", a.Status)
	}
	return json.NewDecoder(a.Body).Decode(out)
}

func (s *site) invite(ctx context.Context) (string, error) {
	var answer struct{ Invite string }
	err := s.operator(ctx, "POST", "/invite", map[string]any{"quota": int64(64 << 30), "expires": time.Hour}, &answer)
	return answer.Invite, err
}

// status is what the operator may know of what is stored.
type status struct {
	Leaves uint64 `json:"log_entries"`
	Bytes  uint64 `json:"bytes"`
}

func (s *site) status() (st status, err error) {
	err = s.operator(s.b.ctx, "GET", "/status", nil, &st)
	return st, err
}
