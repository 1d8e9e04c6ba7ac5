package clients

import (
	"net/netip"
	"strconv"
	"strings"
)

// uri is a URI in the one form that is taken here. It is split by hand, for what is
// stricter than net/url: browsers and libraries disagree about backslashes, tabs,
// upper case, numbers as hosts and dots as segments, and an attack lives wherever two
// of them do. What is written in any way that could be read as something else is
// refused, so that there is nothing left to disagree about.
type uri struct {
	scheme string
	host   string // as written: a name in lower case, an address, [an address]; "" without authority
	port   string // "" when none is written
	path   string
	query  string // with its question mark
	slash  bool   // there is an authority: //
}

const maxURI = 1024

// split splits s; wrong says in words why it is none, and is "" when it is.
func split(s string) (u uri, wrong string) {
	if s == "" || len(s) > maxURI {
		return u, "must have 1 to 1024 characters"
	}
	for i := range len(s) {
		switch c := s[i]; {
		case c == '#':
			return u, "must have no fragment (#)"
		case c == '*':
			return u, "must have no wildcard (*): name each address"
		case c == '%':
			if wrong := encoded(s[i:]); wrong != "" {
				return u, wrong
			}
		case c <= ' ' || c >= 0x7f || strings.IndexByte("\"<>\\^`{|}", c) >= 0:
			return u, "must be made of the characters that a URI has (RFC 3986): encode others, and write a name in its xn-- form"
		}
	}
	scheme, rest, found := strings.Cut(s, ":")
	if !found || !isScheme(scheme) {
		return u, "must begin with a scheme in lower case, such as https:"
	}
	u.scheme = scheme
	if at := strings.IndexByte(rest, '?'); at >= 0 {
		rest, u.query = rest[:at], rest[at:]
	}
	authority := ""
	if after, found := strings.CutPrefix(rest, "//"); found {
		u.slash = true
		authority, u.path = after, ""
		if at := strings.IndexByte(after, '/'); at >= 0 {
			authority, u.path = after[:at], after[at:]
		}
	} else {
		u.path = rest
	}
	for segment := range strings.SplitSeq(u.path, "/") {
		if dots := strings.ReplaceAll(strings.ToLower(segment), "%2e", "."); dots == "." || dots == ".." {
			return u, "must have no . or .. in its path"
		}
	}
	if low := strings.ToLower(u.path); strings.Contains(low, "%2f") || strings.Contains(low, "%5c") || strings.Contains(low, "%2e") {
		return u, "must have no encoded slash, backslash or dot in its path"
	}
	return u, u.authority(authority)
}

// encoded judges an escape: two digits, and no control character.
func encoded(s string) string {
	if len(s) < 3 {
		return "must have two hexadecimal digits after each %"
	}
	n, err := strconv.ParseUint(s[1:3], 16, 8)
	if err != nil || strings.ContainsAny(s[1:3], "+-_") {
		return "must have two hexadecimal digits after each %"
	}
	if n < ' ' || n == 0x7f {
		return "must have no encoded control character"
	}
	return ""
}

func isScheme(s string) bool {
	for i := range len(s) {
		c := s[i]
		if !('a' <= c && c <= 'z') && (i == 0 || !('0' <= c && c <= '9') && c != '+' && c != '-' && c != '.') {
			return false
		}
	}
	return s != ""
}

// authority takes a name or an address apart, and a port.
func (u *uri) authority(s string) string {
	if strings.Contains(s, "@") {
		return "must have no user name (@)"
	}
	if strings.ContainsAny(s, "%,;&=+!$'()~_") {
		return "must have a host of letters, digits, hyphens and dots"
	}
	host, port, colon := s, "", false
	if strings.HasPrefix(s, "[") {
		end := strings.IndexByte(s, ']')
		if end < 0 {
			return "must have an IPv6 address between [ and ]"
		}
		host = s[:end+1]
		if rest := s[end+1:]; rest != "" {
			if rest[0] != ':' {
				return "must have nothing but a port after its host"
			}
			port, colon = rest[1:], true
		}
	} else {
		host, port, colon = strings.Cut(s, ":")
	}
	if colon && !isPort(port) {
		return "must have a port from 1 to 65535, without zeros in front"
	}
	u.host, u.port = host, port
	switch {
	case host == "":
		return ""
	case host[0] == '[':
		if ip, err := netip.ParseAddr(host[1 : len(host)-1]); err != nil || !ip.Is6() || ip.Is4In6() || ip.Zone() != "" || ip.String() != host[1:len(host)-1] {
			return "must have its IPv6 address in the usual form, such as [2001:db8::1]"
		}
	case !isName(host) && !isIPv4(host):
		return "must have a host in lower case, a name or an address in the usual form, without a dot at the end"
	}
	return ""
}

func isPort(s string) bool {
	n, err := strconv.ParseUint(s, 10, 16)
	return err == nil && n > 0 && strconv.FormatUint(n, 10) == s
}

func isIPv4(s string) bool {
	ip, err := netip.ParseAddr(s)
	return err == nil && ip.Is4() // which takes four decimal numbers without zeros in front
}

// isName reports whether s is a DNS name in lower case. A last part that is a number
// makes browsers take the whole for an address, in any of its forms.
func isName(s string) bool {
	if len(s) > 253 {
		return false
	}
	last := ""
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for i := range len(label) {
			if c := label[i]; !('a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '-') {
				return false
			}
		}
		last = label
	}
	return !('0' <= last[0] && last[0] <= '9' && (strings.Trim(last, "0123456789") == "" || strings.HasPrefix(last, "0x")))
}

// isAddress reports whether the host is an address rather than a name.
func (u uri) isAddress() bool { return strings.HasPrefix(u.host, "[") || isIPv4(u.host) }

// loopback reports whether the host is this very machine, by address: what the name
// localhost means is up to a resolver (RFC 8252 §8.3).
func (u uri) loopback() bool { return u.host == "127.0.0.1" || u.host == "[::1]" }

// origin is scheme, host and port in the one form that browsers send (RFC 6454 §6.1).
func (u uri) origin() string {
	o := u.scheme + "://" + u.host
	if u.port != "" && !(u.scheme == "https" && u.port == "443") && !(u.scheme == "http" && u.port == "80") {
		o += ":" + u.port
	}
	return o
}
