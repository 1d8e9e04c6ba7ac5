package clients

import (
	"net/url"
	"slices"
	"strings"
)

// answered are the parameters that an answer of ours puts into a redirect's query
// (RFC 6749 §4.1.2, RFC 9207): an address that has one already would answer for us.
var answered = []string{"code", "state", "iss", "error", "error_description", "error_uri", "response", "id_token", "access_token"}

// checkRedirect says what is wrong with an address to send a person back to; "" when
// nothing is.
func checkRedirect(s string) string {
	u, wrong := split(s)
	if wrong != "" {
		return wrong
	}
	if u.query != "" {
		q, err := url.ParseQuery(u.query[1:])
		if err != nil {
			return "must have a query of names and values, separated by &"
		}
		for name := range q {
			if slices.Contains(answered, strings.ToLower(name)) {
				return "must not have " + strings.ToLower(name) + " in its query: the answer says that"
			}
		}
	}
	switch {
	case u.scheme == "https":
		if !u.slash || u.host == "" {
			return "must have a host, as in https://app.example/callback"
		}
	case u.scheme == "http":
		// RFC 8252 §7.3. Not localhost (§8.3): the name may be led elsewhere, and what
		// listens on all addresses listens to the network.
		if !u.slash || !u.loopback() {
			return "must be https; http is for an app on the person's own machine, as http://127.0.0.1 or http://[::1], and not by the name localhost, which can lead elsewhere (RFC 8252 §8.3)"
		}
	case !strings.Contains(u.scheme, "."):
		return "must be https, or a scheme of the app's own that is a domain name turned round, such as com.example.app: (RFC 8252 §7.1)"
	default:
		if slices.Contains(strings.Split(u.scheme, "."), "") {
			return "must have a scheme that is a domain name turned round, such as com.example.app:"
		}
		if !strings.HasPrefix(u.path, "/") && u.host == "" {
			return "must have a path, as in " + u.scheme + ":/callback"
		}
	}
	return ""
}

// native reports whether a redirect that was checked leads to an app by a scheme of
// its own.
func native(s string) bool { return !strings.HasPrefix(s, "https:") && !strings.HasPrefix(s, "http:") }

// onDevice reports whether a redirect that was checked leads to a port of the device.
func onDevice(s string) bool { return strings.HasPrefix(s, "http:") }

// Redirect returns where to send a person back to, when an app asked for that address:
// what was registered, letter for letter (RFC 9700 §2.1). A loopback address may have
// any port (RFC 8252 §7.3), for an app gets one from its system when it starts; all
// else must be equal. What is returned is what was asked.
//
// An app that asks for none is not guessed for: asked must be given.
func (c Client) Redirect(asked string) (string, bool) {
	if checkRedirect(asked) != "" {
		return "", false
	}
	if slices.Contains(c.Redirects, asked) {
		return asked, true
	}
	if !onDevice(asked) {
		return "", false
	}
	a, _ := split(asked)
	for _, known := range c.Redirects {
		k, wrong := split(known)
		if wrong != "" || !k.loopback() || k.scheme != "http" {
			continue
		}
		if k.port = a.port; k == a {
			return asked, true
		}
	}
	return "", false
}
