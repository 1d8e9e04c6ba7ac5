package dpop

import (
	"net/url"
	"strings"
)

// normal is what of an address a proof is for: scheme and host in small letters,
// without a default port, the path as it is, "/" if there is none (RFC 3986 §6.2.2.1,
// §6.2.3). Escapes in a path are not rewritten: both sides write what was sent.
func normal(address string) (string, bool) {
	address, _, _ = strings.Cut(address, "#")
	address, _, _ = strings.Cut(address, "?")
	if strings.ContainsFunc(address, func(r rune) bool { return r <= ' ' || r >= 0x7f || r == '\\' }) {
		return "", false
	}
	u, err := url.Parse(address)
	if err != nil || u.User != nil || u.Hostname() == "" || u.Scheme != "https" && u.Scheme != "http" {
		return "", false
	}
	_, rest, _ := strings.Cut(address, "://")
	path := "/"
	if at := strings.IndexByte(rest, '/'); at >= 0 {
		path = rest[at:]
	}
	host := strings.ToLower(strings.TrimSuffix(u.Host, ":"))
	switch u.Scheme {
	case "https":
		host = strings.TrimSuffix(host, ":443")
	case "http":
		host = strings.TrimSuffix(host, ":80")
	}
	return u.Scheme + "://" + host + path, true
}
