package clients_test

import (
	"strings"
	"testing"

	"carehold/httpapi/oauth/clients"
)

// app is a public app with these redirects.
func app(redirects ...string) clients.Client {
	return clients.Client{ID: "app-1", Name: "Sunrise", Auth: clients.Public, Profile: clients.SMART, Redirects: redirects}
}

// TestRedirectRegistered: what may be registered, and what is refused however it is
// written.
func TestRedirectRegistered(t *testing.T) {
	for _, good := range []string{
		"https://app.example/callback", "https://app.example", "https://app.example/", "https://app.example:8443/cb", "https://app.example/cb?tenant=7&next=%2Fhome",
		"https://xn--bcher-kva.example/cb", "https://192.0.2.7/cb", "https://[2001:db8::1]:8443/cb", "https://nas/cb", "https://app.example/a%20b",
		"http://127.0.0.1/cb", "http://127.0.0.1:4567/cb", "http://[::1]/cb", "http://127.0.0.1",
		"com.example.app:/callback", "com.example.app://callback", "com.example.my-app:/a/b",
	} {
		if err := app(good).Check(); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	for _, bad := range []string{
		"", "x", "/callback", "//app.example/cb", "https:", "https:app.example/cb", "https:/app.example/cb", "https://", "https:///app.example/cb", "https:///cb", "https://:443/cb",
		// Who is it really
		"https://good.example@evil.example/cb", "https://good.example:pass@evil.example/cb", "https://@evil.example/cb", `https://good.example\@evil.example/cb`,
		`https://evil.example\.good.example/cb`, `https:\\evil.example/cb`, "https://good.example%40evil.example/cb", "https://good.example%2eevil.example/cb", "https://good.example%2fcb",
		"https://good_evil.example/cb", "https://good.example;evil.example/cb", "https://good.example,evil.example/cb",
		// Cleaned by some, and not by others
		"https://app.example/\tcb", "https://app.example/\ncb", "\thttps://app.example/cb", " https://app.example/cb", "https://app.example/cb ", "https://app.exam\u00adple/cb",
		"https://app.example/cb\x00", "https://app.example/cb%00", "https://app.example/cb%0d%0aSet-Cookie:x", "https://app.example/%zz", "https://app.example/%2", "https://app.example/%+f", "https://app.example/cb\x7f",
		"https://bücher.example/cb", "https://ⓔxample.com/cb", "https://app。example/cb",
		// Written in another way
		"HTTPS://app.example/cb", "https://APP.example/cb", "https://app.example./cb", "https://app..example/cb", "https://.app.example/cb", "https://-app.example/cb",
		"https://app.example:/cb", "https://app.example:0443/cb", "https://app.example:65536/cb", "https://app.example:0/cb", "https://app.example:-1/cb", "https://app.example:x/cb", "https://app.example:1:2/cb",
		"https://0x7f.0.0.1/cb", "https://2130706433/cb", "https://127.1/cb", "https://0177.0.0.1/cb", "https://192.000.2.7/cb", "https://a.0x10/cb", "https://1.2.3.4.5/cb",
		"https://[2001:DB8::1]/cb", "https://[2001:db8:0::1]/cb", "https://[::ffff:127.0.0.1]/cb", "https://[fe80::1%25eth0]/cb", "https://[::1/cb", "https://[::1]x/cb", "https://[]/cb",
		"https://app.example/a/../cb", "https://app.example/./cb", "https://app.example/..", "https://app.example/%2e%2e/cb", "https://app.example/.%2E/cb", "https://app.example/a%2f..%2fcb", "https://app.example/a%5ccb", "https://app.example/a%2Ecb",
		// More than one
		"https://*.example/cb", "https://app.example/*", "https://app.example/cb#", "https://app.example/cb#x", "https://app.example/cb?x#y",
		"https://app.example/cb?code=x", "https://app.example/cb?a=1&STATE=x", "https://app.example/cb?%63ode=x", "https://app.example/cb?iss=x", "https://app.example/cb?error=x", "https://app.example/cb?a;b",
		// Not this machine, or not surely (RFC 8252 §8.3)
		"http://app.example/cb", "http://localhost/cb", "http://localhost:3000/cb", "http://127.0.0.2/cb", "http://0.0.0.0/cb", "http://127.0.0.1.evil.example/cb", "http://127.0.0.1@evil.example/cb", "http://[::]/cb", "http://192.168.1.7/cb", "http:/127.0.0.1/cb", "http://127.1/cb", "http://[0:0:0:0:0:0:0:1]/cb",
		// Other schemes
		"javascript:alert(1)", "javascript://app.example/%0aalert(1)", "data:text/html,x", "file:///etc/passwd", "vbscript:x", "about:blank", "blob:https://app.example/x", "ftp://app.example/cb", "ws://app.example/", "urn:ietf:wg:oauth:2.0:oob", "myapp:/cb", "intent://x/", "mailto:a@b.example",
		"com.example.app:", "com.example.app:callback", "com..app:/cb", ".com.app:/cb", "com.example.:/cb", "Com.Example.App:/cb", "com.example.app://u@x/cb", "com.example.app:/../cb", "com.exam_ple.app:/cb",
		"https://app.example/" + strings.Repeat("x", 1100),
	} {
		c := app(bad)
		if err := c.Check(); err == nil {
			t.Errorf("%q was registered", bad)
		}
		// One that a list has all the same leads nowhere.
		if to, ok := c.Redirect(bad); ok || to != "" {
			t.Errorf("%q leads to %q", bad, to)
		}
	}
}

// TestRedirectAsked: what is asked must be what was registered, letter for letter, but
// for a port of the device.
func TestRedirectAsked(t *testing.T) {
	c := app("https://good.example/cb", "https://good.example/x?tenant=7", "http://127.0.0.1:4567/cb", "http://[::1]/cb?a=1", "com.example.app:/cb")
	if err := c.Check(); err != nil {
		t.Fatal(err)
	}
	for _, good := range []string{
		"https://good.example/cb", "https://good.example/x?tenant=7", "com.example.app:/cb",
		"http://127.0.0.1:4567/cb", "http://127.0.0.1/cb", "http://127.0.0.1:1/cb", "http://127.0.0.1:65535/cb", "http://[::1]/cb?a=1", "http://[::1]:80/cb?a=1",
	} {
		if to, ok := c.Redirect(good); !ok || to != good {
			t.Errorf("%s: %q %v", good, to, ok)
		}
	}
	for _, bad := range []string{
		"", "https://good.example", "https://good.example/", "https://good.example/cb/", "https://good.example/CB", "https://good.example/cb?", "https://good.example/cb?x=1", "https://good.example/cb#", "https://good.example/cb#x",
		"https://good.example/x", "https://good.example/x?tenant=8", "https://good.example/x?tenant=7&a=b",
		"https://good.example@evil.example/cb", "https://good.example.evil.example/cb", "https://evil.example/https://good.example/cb", "https://evil.example?https://good.example/cb", "https://evilgood.example/cb", `https://evil.example\good.example/cb`, "https://good.example:443@evil.example/cb",
		"https://good.example:443/cb", "https://good.example:8443/cb", "https://good.example./cb", "https://GOOD.example/cb", "HTTPS://good.example/cb", "http://good.example/cb", "//good.example/cb",
		"https://good.example//cb", "https://good.example/./cb", "https://good.example/a/../cb", "https://good.example/%63b", "https://good.example/cb%2e", "https://good.example/cb\t", "https://good.example\t/cb", "https://good.example/cb\n", " https://good.example/cb", "https://good.example%2fcb", "https://good.example/cb;x", "https://www.good.example/cb",
		"https://127.0.0.1:4567/cb", "http://127.0.0.1:4567/", "http://127.0.0.1:4567/cb/", "http://127.0.0.1:4567/cb?x=1", "http://127.0.0.1:4567/cb#x", "http://127.0.0.1:0/cb", "http://127.0.0.1:/cb", "http://127.0.0.1:04567/cb", "http://127.0.0.1:65536/cb", "http://127.0.0.1:4567@evil.example/cb", "http://127.0.0.1.evil.example/cb",
		"http://127.0.0.2:4567/cb", "http://localhost:4567/cb", "http://127.1:4567/cb", "http://2130706433/cb", "http://[::ffff:127.0.0.1]/cb", "http://[::1]/cb", "http://[::1]:9/cb?a=2", "http://[::1%25lo]/cb?a=1", "HTTP://127.0.0.1:4567/cb",
		"com.example.app:/cb/x", "com.example.app://cb", "com.example.app:/cb?x", "com.example.apps:/cb", "javascript:alert(1)",
	} {
		if to, ok := c.Redirect(bad); ok || to != "" {
			t.Errorf("%q leads to %q", bad, to)
		}
	}
	if _, ok := app().Redirect(""); ok {
		t.Error("an app without redirects has one")
	}
	// A port is any for http on the device alone.
	if _, ok := app("https://127.0.0.1:1/cb").Redirect("https://127.0.0.1:2/cb"); ok {
		t.Error("another port, over https")
	}
	if _, ok := app("https://127.0.0.1/cb").Redirect("http://127.0.0.1/cb"); ok {
		t.Error("another scheme")
	}
}
