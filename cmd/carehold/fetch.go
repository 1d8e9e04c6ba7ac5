package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"

	"carehold/record"
	"carehold/record/fetch"
)

// netFetch asks addresses that strangers wrote: see package fetch for what it owes.
//
// Where a name leads is judged at the moment of dialling, by the address that is dialled:
// a name that led elsewhere a second ago leads nowhere. A proxy that the environment
// names is used, as by everything else on this machine: it is then the proxy that
// resolves names, in its own network, and who set it up that answers for where they lead.
type netFetch struct {
	client *http.Client
	proxy  func(*http.Request) (*url.URL, error)
	here   string // of this very machine, the one origin that may be asked; then nothing else may
}

const (
	fetchTime = 2 * time.Minute // for one answer, the body included
	dialTime  = 15 * time.Second
)

// newFetch asks public addresses alone; or, where here is an address on this very
// machine, what has the same origin, and nothing else.
func newFetch(here string) *netFetch {
	f := &netFetch{proxy: http.ProxyFromEnvironment}
	if here != "" {
		f.here = originOf(here)
	}
	dialer := &net.Dialer{Timeout: dialTime, Control: func(_, address string, _ syscall.RawConn) error { return f.mayDial(address) }}
	through := &net.Dialer{Timeout: dialTime}
	f.client = &http.Client{
		Timeout:       fetchTime,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			Proxy: func(r *http.Request) (*url.URL, error) { return f.proxy(r) },
			DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
				if ctx.Value(viaProxy{}) != nil {
					return through.DialContext(ctx, network, address)
				}
				return dialer.DialContext(ctx, network, address)
			},
			TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
			ForceAttemptHTTP2:      true,
			DisableCompression:     true, // a size is what comes over the line
			DisableKeepAlives:      true,
			TLSHandshakeTimeout:    dialTime,
			ResponseHeaderTimeout:  time.Minute,
			MaxResponseHeaderBytes: 64 << 10,
		},
	}
	return f
}

// viaProxy marks a request that goes to the environment's proxy.
type viaProxy struct{}

// Fetch makes one request, and no other.
func (f *netFetch) Fetch(ctx context.Context, q fetch.Request) (*fetch.Response, error) {
	r, err := http.NewRequestWithContext(ctx, q.Method, q.URL, bytes.NewReader(q.Body))
	if err != nil {
		return nil, err
	}
	if f.here != "" && originOf(q.URL) != f.here {
		return nil, errElsewhere
	}
	if via, err := f.proxy(r); err != nil {
		return nil, record.Safef(record.Unavailable, "the proxy that this computer's settings name cannot be used: correct HTTPS_PROXY")
	} else if via != nil {
		// The name is the proxy's to resolve; an address is not a name.
		if ip, err := netip.ParseAddr(r.URL.Hostname()); err == nil && !public(ip) {
			return nil, errPrivate
		}
		r = r.WithContext(context.WithValue(ctx, viaProxy{}, true))
	}
	r.Header.Set("Accept", q.Accept)
	r.Header.Set("User-Agent", "carehold")
	if q.Method == http.MethodPost {
		r.Header.Set("Content-Type", "application/json")
	} else {
		r.Body = nil
	}
	answer, err := f.client.Do(r)
	if err != nil {
		if e, ok := errors.AsType[*record.Error](err); ok {
			return nil, e
		}
		return nil, err // package fetch does not show it: it quotes the address
	}
	if f.here != "" && answer.StatusCode/100 == 3 { // a server of one's own sends nobody anywhere
		answer.Body.Close()
		return nil, errElsewhere
	}
	return &fetch.Response{Status: answer.StatusCode, Location: answer.Header.Get("Location"), RetryAfter: answer.Header.Get("Retry-After"),
		CacheControl: strings.Join(answer.Header.Values("Cache-Control"), ", "), Age: answer.Header.Get("Age"),
		Body: struct {
			io.Reader
			io.Closer
		}{answer.Body, answer.Body}}, nil
}

var errPrivate error = record.Safef(record.Unprocessed, "the address is not a public one, and a stranger's link is not followed into your own network: ask whoever made it for one that works everywhere")

var errElsewhere error = record.Safef(record.Unprocessed, "the link is to a server on this very machine, and from there on to somewhere else, where it is not followed")

// mayDial judges an address, as it is dialled.
func (f *netFetch) mayDial(address string) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return errPrivate
	}
	if ip := to.Addr(); f.here == "" && public(ip) || f.here != "" && ip.Unmap().IsLoopback() {
		return nil
	}
	return errPrivate
}

// onThisMachine reports whether an address names this very machine.
func onThisMachine(address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(u.Hostname())
	return strings.EqualFold(u.Hostname(), "localhost") || err == nil && ip.Unmap().IsLoopback()
}

// originOf is the scheme, host and port of an address (RFC 6454 §4); "" of what is none.
func originOf(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" {
		return ""
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return u.Scheme + "://" + net.JoinHostPort(strings.ToLower(u.Hostname()), port)
}

// special are the addresses that lead into somebody's own network, or nowhere, beside
// those that net/netip knows (IANA's special-purpose registries).
var special = prefixes("0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4",
	"::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "5f00::/16", "fec0::/10")

// nat64 holds IPv4 addresses, for networks that have only IPv6 (RFC 6052).
var nat64 = netip.MustParsePrefix("64:ff9b::/96")

func prefixes(list ...string) (out []netip.Prefix) {
	for _, p := range list {
		out = append(out, netip.MustParsePrefix(p))
	}
	return out
}

// public reports whether an address is the same place for everybody.
func public(ip netip.Addr) bool {
	if ip.Zone() != "" {
		return false
	}
	ip = ip.Unmap()
	if nat64.Contains(ip) {
		b := ip.As16()
		return public(netip.AddrFrom4([4]byte(b[12:])))
	}
	if !ip.IsGlobalUnicast() || ip.IsPrivate() {
		return false
	}
	for _, p := range special {
		if p.Contains(ip) {
			return false
		}
	}
	return true
}
