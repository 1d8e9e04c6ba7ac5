package httpapi

import (
	"net"
	"net/http"
	"net/netip"
	"strings"

	"carehold/httpapi/problem"
	"carehold/record"
)

// meant reports whether a request is meant for this server: its Host is the
// public URL's. One for another name is answered and not sent elsewhere: a client
// that was sent on would take a name it was never given for the server's. It also
// means that a page of another name that leads here (DNS rebinding) gets nothing.
//
// A trusted proxy has chosen this server, whatever it calls it. On this machine
// it is also called localhost. Health is asked for by address.
func (s *Server) meant(r *http.Request) error {
	host := hostname(r.Host)
	if host != "" && host == hostname(s.public.Host) || doorOf(r.URL.Path) == DoorHealth {
		return nil
	}
	if peer, err := netip.ParseAddrPort(r.RemoteAddr); err == nil {
		if within(peer.Addr(), s.config.TrustedProxies) || peer.Addr().Unmap().IsLoopback() && isLoopback(host) {
			return nil
		}
	}
	return record.Safef(problem.Misdirected, "this server is called %s: use that address", s.public)
}

// hostname is a Host without its port, which a router at home may have changed.
func hostname(host string) string {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	return strings.ToLower(strings.TrimSuffix(strings.Trim(host, "[]"), "."))
}

func isLoopback(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && a.IsLoopback() // RFC 6761 §6.3
}
