package httpapi_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"carehold/httpapi"
	"carehold/record/store"
)

var silent = slog.New(slog.DiscardHandler)

// What is asked under another name is answered, not served and not sent on.
func TestMisdirected(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	server := w.server
	behind, err := httpapi.New(w.store, httpapi.Config{PublicURL: publicURL, Limits: generous, Logger: silent, TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}})
	w.check(err)
	const stranger, here, proxy = "192.0.2.1:9", "127.0.0.1:9", "10.0.0.1:9"
	for _, c := range []struct {
		server     *httpapi.Server
		peer, host string
		path       string
		want       int
	}{
		{server, stranger, "record.example.org", "/fhir/Patient", 200},
		{server, stranger, "RECORD.example.org.:8443", "/fhir/Patient", 200}, // a router's port; a name's other spellings
		{server, stranger, "old.example.org", "/fhir/Patient", 421},
		{server, stranger, "record.example.org.evil.example", "/fhir/Patient", 421},
		{server, stranger, "192.0.2.9", "/fhir/Patient", 421},
		{server, stranger, "", "/fhir/Patient", 421},
		{server, stranger, "127.0.0.1", "/fhir/Patient", 421},
		{server, here, "localhost:8470", "/fhir/Patient", 200},
		{server, here, "[::1]:8470", "/fhir/Patient", 200},
		{server, here, "evil.example", "/fhir/Patient", 421}, // DNS rebinding
		{server, here, "evil.example", "/holder/v1/node", 421},
		{server, here, "evil.example", "/", 421}, // the page that a browser shows
		{server, stranger, "192.0.2.9", "/readyz", 200},
		{behind, proxy, "carehold:8470", "/fhir/Patient", 200}, // a proxy's name for it
		{behind, stranger, "carehold:8470", "/fhir/Patient", 421},
	} {
		r := httptest.NewRequest("GET", c.path, nil)
		r.Host, r.RemoteAddr = c.host, c.peer
		if c.path == "/fhir/Patient" {
			r.Header.Set("Authorization", "Bearer "+w.vars["gp"])
		}
		rec := httptest.NewRecorder()
		c.server.ServeHTTP(rec, r)
		if rec.Code != c.want {
			t.Errorf("%s asks %s for %s: %d, want %d", c.peer, c.host, c.path, rec.Code, c.want)
		}
		if rec.Code == 421 && (rec.Header().Get("Location") != "" || !strings.Contains(rec.Body.String(), publicURL)) {
			t.Errorf("the answer does not name the address, or is a redirect: %v %s", rec.Header(), rec.Body)
		}
	}
}

// No header says who somebody is: not a proxy's, not Tailscale's, not one that
// names another host or another scheme.
func TestIdentityHeaders(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	server, err := httpapi.New(w.store, httpapi.Config{PublicURL: publicURL, Limits: generous, Logger: silent, TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}})
	w.check(err)
	plain := func(token string, set http.Header) *httptest.ResponseRecorder {
		r := newRequest("GET", "/fhir/Observation?_count=1", nil)
		r.RemoteAddr = "127.0.0.1:9"
		if token != "" {
			r.Header.Set("Authorization", "Bearer "+token)
		}
		for name, values := range set {
			r.Header[name] = values
		}
		rec := httptest.NewRecorder()
		server.ServeHTTP(rec, r)
		return rec
	}
	for name, h := range map[string]http.Header{
		"Tailscale": {"Tailscale-User-Login": {"ada@example.org"}, "Tailscale-User-Name": {"Ada"}, "Tailscale-App-Capabilities": {"{}"}},
		"a proxy":   {"X-Forwarded-User": {"ada"}, "X-Remote-User": {"ada"}, "Remote-User": {"ada"}, "X-Auth-Request-User": {"ada"}},
		"a token in another header": {"X-Authorization": {"Bearer " + w.vars["gp"]}, "Proxy-Authorization": {"Bearer " + w.vars["gp"]},
			"X-Forwarded-Access-Token": {w.vars["gp"]}, "X-Auth-Token": {w.vars["gp"]}},
		"a cookie":      {"Cookie": {"token=" + w.vars["gp"]}},
		"a client cert": {"X-Forwarded-Client-Cert": {"Subject=\"CN=ada\""}, "X-Ssl-Client-Verify": {"SUCCESS"}},
	} {
		if rec := plain("", h); rec.Code != 401 {
			t.Errorf("%s: %d", name, rec.Code)
		}
	}
	want := plain(w.vars["gp"], nil)
	got := plain(w.vars["gp"], http.Header{"X-Forwarded-Host": {"evil.example"}, "X-Forwarded-Proto": {"http"}, "Forwarded": {"host=evil.example;proto=http"},
		"X-Forwarded-Prefix": {"/evil"}, "X-Original-Url": {"/evil"}, "X-Http-Method-Override": {"DELETE"}})
	if want.Code != 200 || got.Code != 200 || want.Body.String() != got.Body.String() || !strings.Contains(got.Body.String(), publicURL) {
		t.Errorf("with a proxy's headers the answer is another: %d %s", got.Code, got.Body)
	}
}

// While the store is being opened the process lives and is not ready.
func TestFront(t *testing.T) {
	t.Parallel()
	w := newServer(t, generous)
	f := httpapi.NewFront(httpapi.Config{PublicURL: publicURL, Limits: generous})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	w.check(err)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- f.Serve(ctx, l, nil) }()
	ask := func(path string) (int, string) {
		resp, err := http.Get("http://" + l.Addr().String() + path)
		w.check(err)
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		w.check(err)
		return resp.StatusCode, string(b)
	}
	for path, want := range map[string]string{
		"/livez": "200 ok\n", "/readyz": "503 the server is starting\n",
		"/fhir/metadata":  `503 {"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"transient","diagnostics":"the server is starting"}]}`,
		"/holder/v1/node": `503 {"error":{"code":"unavailable","message":"the server is starting","hint":"try again in a moment"}}`,
	} {
		if code, body := ask(path); fmt.Sprintf("%d %s", code, body) != want {
			t.Errorf("%s while starting: %d %s", path, code, body)
		}
	}
	for _, path := range []string{"/", "/unlock", "/app/record", "/nowhere"} { // for people
		if code, body := ask(path); code != 503 || !strings.Contains(body, "<h1>The server is starting</h1>") {
			t.Errorf("%s while starting: %d %s", path, code, body)
		}
	}
	if code, body := ask("/static/app.css"); code != 200 || !strings.Contains(body, "--ink") {
		t.Errorf("the stylesheet of that page: %d", code)
	}
	f.Use(w.server)
	for path, want := range map[string]int{"/livez": 200, "/readyz": 200, "/fhir/metadata": 200, "/holder/v1/node": 200} {
		if code, body := ask(path); code != want {
			t.Errorf("%s: %d %s", path, code, body)
		}
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
	// A front that never gets a server stops as well.
	never := httpapi.NewFront(httpapi.Config{})
	l, err = net.Listen("tcp", "127.0.0.1:0")
	w.check(err)
	ctx, stop = context.WithCancel(t.Context())
	go func() { done <- never.Serve(ctx, l, nil) }()
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// With a wrong clock the server lives, says why it is not ready, serves nobody, and
// goes on by itself.
func TestWrongClock(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "store")
	if err := store.Init(dir); err != nil {
		t.Fatal(err)
	}
	w := &world{t: t}
	s, err := store.Open(dir, store.Options{Now: w.now})
	w.check(err)
	t.Cleanup(func() { s.Close() })
	server, err := httpapi.New(s, httpapi.Config{PublicURL: publicURL, Limits: generous, Logger: silent})
	w.check(err)
	ask := func(method, path, body string) (int, string) {
		r := newRequest(method, path, strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		if strings.Contains(path, "Patient") {
			r.Header.Set("Authorization", "Bearer "+strings.TrimPrefix(bad("", "").Header.Get("Authorization"), "Bearer "))
		}
		rec := httptest.NewRecorder()
		server.ServeHTTP(rec, r)
		return rec.Code, rec.Body.String()
	}
	w.wait(time.Since(time.Unix(0, 0)) * -1) // 1970
	for path, want := range map[string]int{"/livez": 200, "/readyz": 503, "/fhir/Patient": 503} {
		code, body := ask("GET", path, "")
		if code != want || want == 503 && !strings.Contains(body, "the server's clock is wrong") {
			t.Errorf("%s in 1970: %d %s", path, code, body)
		}
	}
	w.mu.Lock()
	w.add = 0
	w.mu.Unlock()
	for path, want := range map[string]int{"/livez": 200, "/readyz": 200, "/fhir/Patient": 401} {
		if code, body := ask("GET", path, ""); code != want {
			t.Errorf("%s with the right time: %d %s", path, code, body)
		}
	}
}

// A port beside the server's own has room for a few connections, and one address
// does not take all of it.
func TestFewConnections(t *testing.T) {
	t.Parallel()
	inner, err := net.Listen("tcp", "0.0.0.0:0")
	if err != nil {
		t.Fatal(err)
	}
	l := httpapi.FewConnections(inner)
	defer l.Close()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			defer c.Close()
			io.WriteString(c, "in")
		}
	}()
	_, port, _ := net.SplitHostPort(inner.Addr().String())
	in := 0
	for i := range 80 {
		d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, byte(1+i/20))}}
		c, err := d.Dial("tcp", "127.0.0.1:"+port)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		c.SetReadDeadline(time.Now().Add(patience))
		if _, err := c.Read(make([]byte, 1)); err == nil {
			in++
		}
		if i == 19 && in != 16 {
			t.Errorf("%d of 20 from one address are in", in)
		}
	}
	if in != 64 {
		t.Errorf("%d of 80 are in", in)
	}
}

// What net/http complains about is an entry of the log like others, without a
// client's bytes.
func TestErrorLog(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	httpapi.ErrorLog(slog.New(slog.NewJSONHandler(&b, &slog.HandlerOptions{Level: slog.LevelDebug}))).Print("needle from 192.0.2.7")
	if s := b.String(); !json.Valid(b.Bytes()) || strings.Contains(s, "needle") || strings.Contains(s, "192.0.2.7") {
		t.Errorf("%q", s)
	}
}

// One address holds so many connections and no more; others come in all the same,
// and so does it when it lets go.
func TestConnections(t *testing.T) {
	t.Parallel()
	l := generous
	l.Connections, l.ConnectionsEach = 12, 8
	w := newServer(t, l)
	addr, _ := serve(t, w)
	_, port, _ := net.SplitHostPort(addr)
	open := func(from string) (net.Conn, bool) {
		t.Helper()
		d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
		c, err := d.Dial("tcp", "127.0.0.1:"+port)
		w.check(err)
		t.Cleanup(func() { c.Close() })
		io.WriteString(c, "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
		c.SetReadDeadline(time.Now().Add(patience))
		line, err := bufio.NewReader(c).ReadString('\n')
		return c, err == nil && strings.HasPrefix(line, "HTTP/1.1 200")
	}
	var held []net.Conn
	for i := range 8 {
		c, ok := open("127.0.0.1")
		if !ok {
			t.Fatalf("connection %d was refused", i)
		}
		held = append(held, c)
	}
	if _, ok := open("127.0.0.1"); ok {
		t.Error("the ninth of one address was served")
	}
	for i := range 4 {
		if _, ok := open("127.0.0.2"); !ok {
			t.Errorf("connection %d of another address was refused", i)
		}
	}
	if _, ok := open("127.0.0.3"); ok {
		t.Error("the thirteenth of all was served")
	}
	for _, c := range held {
		c.Close()
	}
	for range 100 {
		if _, ok := open("127.0.0.1"); ok {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Error("nobody is let in after the connections were closed")
}

// Two lengths, or a length and chunks, are where a proxy and a server can differ
// about where a request ends. What comes after is never served as a request.
func TestSmuggling(t *testing.T) {
	t.Parallel()
	w := newServer(t, generous)
	addr, _ := serve(t, w)
	const next = "GET /livez HTTP/1.1\r\nHost: record.example.org\r\nX-Smuggled: 1\r\n\r\n"
	head := "POST /holder/v1/slot HTTP/1.1\r\nHost: record.example.org\r\nContent-Type: application/json\r\n"
	for name, text := range map[string]string{
		"two lengths":            head + "Content-Length: 2\r\nContent-Length: 4\r\n\r\n{}" + next,
		"length with a sign":     head + "Content-Length: +2\r\n\r\n{}" + next,
		"length and chunks":      head + fmt.Sprintf("Content-Length: %d\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n%s", 5+len(next), next),
		"chunks twice":           head + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + next,
		"chunks and identity":    head + "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n" + next,
		"chunks by another name": head + "Transfer-Encoding: xchunked\r\nContent-Length: 2\r\n\r\n{}" + next,
		"a space before a colon": head + "Content-Length : 2\r\n\r\n{}" + next,
		"two hosts":              "GET / HTTP/1.1\r\nHost: record.example.org\r\nHost: evil.example\r\n\r\n" + next,
		"a size with a name":     head + "Transfer-Encoding: chunked\r\n\r\n0x2\r\n{}\r\n0\r\n\r\n" + next,
	} {
		t.Run(name, func(t *testing.T) {
			c, err := net.Dial("tcp", addr)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			c.SetDeadline(time.Now().Add(patience))
			io.WriteString(c, text)
			answer, _ := io.ReadAll(c)
			if n := strings.Count(string(answer), "HTTP/1.1 "); n != 1 || strings.Contains(string(answer), "\r\n\r\nok\n") {
				t.Errorf("%d answers:\n%s", n, answer)
			}
		})
	}
}
