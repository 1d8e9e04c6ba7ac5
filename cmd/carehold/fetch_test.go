package main

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"carehold/record"
	"carehold/record/fetch"
)

// Which addresses are the same place for everybody, by IANA's registries of special
// purposes.
func TestPublicAddresses(t *testing.T) {
	for address, want := range map[string]bool{
		"1.1.1.1": true, "8.8.8.8": true, "185.199.108.133": true, "100.63.255.255": true, "100.128.0.1": true, "172.15.0.1": true, "172.32.0.1": true,
		"2606:4700:4700::1111": true, "2a00:1450::1": true, "64:ff9b::8.8.8.8": true, "::ffff:8.8.8.8": true,
		"0.0.0.0": false, "10.0.0.1": false, "100.64.0.1": false, "127.0.0.1": false, "127.255.255.254": false, "169.254.169.254": false, "172.16.0.1": false,
		"172.31.255.255": false, "192.0.0.8": false, "192.0.2.1": false, "192.168.1.1": false, "198.18.0.1": false, "198.51.100.1": false, "203.0.113.1": false,
		"224.0.0.1": false, "240.0.0.1": false, "255.255.255.255": false,
		"::": false, "::1": false, "::127.0.0.1": false, "::ffff:127.0.0.1": false, "::ffff:10.0.0.1": false, "64:ff9b::10.0.0.1": false, "64:ff9b::7f00:1": false, "64:ff9b:1::1": false,
		"fe80::1": false, "fe80::1%eth0": false, "fc00::1": false, "fd12:3456::1": false, "fec0::1": false, "ff02::1": false, "2001::1": false, "2001:db8::1": false,
		"2002:7f00:1::": false, "100::1": false, "3fff::1": false,
	} {
		if got := public(netip.MustParseAddr(address)); got != want {
			t.Errorf("%s: %v", address, got)
		}
	}
}

// What a stranger wrote is asked for once and without anything of the person's, and
// never on this machine or in its network, whatever the name is called.
func TestFetch(t *testing.T) {
	asked := 0
	var last *http.Request
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		last = r.Clone(context.Background())
		http.SetCookie(w, &http.Cookie{Name: "seen", Value: "1"})
		switch r.URL.Path {
		case "/away":
			http.Redirect(w, r, "/there", http.StatusFound)
		case "/later":
			w.Header().Set("Retry-After", "7")
			w.Header().Add("Cache-Control", "public")
			w.Header().Add("Cache-Control", "max-age=60")
			w.Header().Set("Age", "9")
			w.WriteHeader(429)
		case "/heads":
			w.Header().Set("X", strings.Repeat("x", 70<<10))
		default:
			b, _ := io.ReadAll(r.Body)
			io.WriteString(w, r.Method+" "+string(b))
		}
	}))
	defer server.Close()
	port := server.URL[strings.LastIndex(server.URL, ":"):]
	get := func(f *netFetch, address string) (*fetch.Response, string, error) {
		t.Helper()
		resp, err := f.Fetch(t.Context(), fetch.Request{Method: "GET", URL: address, Accept: "application/jose"})
		if err != nil {
			return nil, "", err
		}
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		return resp, string(b), err
	}
	for _, address := range []string{server.URL, "http://localhost" + port, "http://[::ffff:127.0.0.1]" + port, "http://0.0.0.0" + port, "https://127.0.0.1" + port, "https://169.254.169.254/latest", "https://192.168.0.1/"} {
		if _, _, err := get(newFetch(""), address); record.KindOf(err) != record.Unprocessed {
			t.Errorf("%s: %v", address, err)
		}
	}
	if asked != 0 {
		t.Fatalf("this machine was asked %d times", asked)
	}
	f := newFetch(server.URL)
	for _, address := range []string{"https://192.168.0.1/", "https://10.1.1.1/", "https://[fd00::1]/"} {
		if _, _, err := get(f, address); record.KindOf(err) != record.Unprocessed {
			t.Errorf("with a server of one's own, %s: %v", address, err)
		}
	}
	for range 2 {
		resp, body, err := get(f, server.URL+"/x?a=b")
		if err != nil || resp.Status != 200 || body != "GET " {
			t.Fatalf("%+v %q %v", resp, body, err)
		}
	}
	h := last.Header
	if last.Header.Get("Cookie") != "" || h.Get("Referer") != "" || h.Get("Authorization") != "" || h.Get("Accept-Encoding") != "" || h.Get("Accept") != "application/jose" || h.Get("User-Agent") != "carehold" {
		t.Errorf("it sends %v", h)
	}
	if _, _, err := get(f, server.URL+"/away"); record.KindOf(err) != record.Unprocessed || last.URL.Path != "/away" {
		t.Errorf("a redirect: %v", err)
	}
	if resp, _, err := get(f, server.URL+"/later"); err != nil || resp.Status != 429 || resp.RetryAfter != "7" || resp.CacheControl != "public, max-age=60" || resp.Age != "9" {
		t.Errorf("%+v %v", resp, err)
	}
	if _, _, err := get(f, server.URL+"/heads"); err == nil {
		t.Error("heads without end are taken")
	}
	posted, err := f.Fetch(t.Context(), fetch.Request{Method: "POST", URL: server.URL, Accept: "application/json", Body: []byte(`{"recipient":"x"}`)})
	if err != nil {
		t.Fatal(err)
	}
	b, _ := io.ReadAll(posted.Body)
	posted.Body.Close()
	if string(b) != `POST {"recipient":"x"}` || last.Header.Get("Content-Type") != "application/json" {
		t.Errorf("%s %v", b, last.Header)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	<-ctx.Done()
	if _, err := f.Fetch(ctx, fetch.Request{Method: "GET", URL: server.URL}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("its time over: %v", err)
	}
}

// A certificate that nobody known signed is an error.
func TestFetchTLS(t *testing.T) {
	server := httptest.NewTLSServer(http.NotFoundHandler())
	defer server.Close()
	server.Config.ErrorLog = nil
	if _, err := newFetch(server.URL).Fetch(t.Context(), fetch.Request{Method: "GET", URL: server.URL}); err == nil {
		t.Error("a certificate of its own is taken")
	}
}

// A proxy that the environment names resolves names itself; an address in one's own
// network is not asked for through it either.
func TestFetchProxy(t *testing.T) {
	var through []string
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		through = append(through, r.Method+" "+r.Host)
		w.WriteHeader(http.StatusBadGateway)
	}))
	defer proxy.Close()
	at, err := url.Parse(proxy.URL)
	if err != nil {
		t.Fatal(err)
	}
	f := newFetch("")
	f.proxy = func(*http.Request) (*url.URL, error) { return at, nil }
	if _, err := f.Fetch(t.Context(), fetch.Request{Method: "GET", URL: "https://links.example/x"}); err == nil {
		t.Error("a proxy that answers 502 has opened a link")
	}
	if len(through) != 1 || through[0] != "CONNECT links.example:443" {
		t.Errorf("%q", through)
	}
	if _, err := f.Fetch(t.Context(), fetch.Request{Method: "GET", URL: "https://169.254.169.254/x"}); record.KindOf(err) != record.Unprocessed || len(through) != 1 {
		t.Errorf("%v %q", err, through)
	}
}
