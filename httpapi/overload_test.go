package httpapi_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"runtime"
	"strings"
	"testing"
	"time"

	"carehold/crypto"
	"carehold/httpapi"
	"carehold/httpapi/client"
	"carehold/record/entry"
	"carehold/record/store"
)

// serve runs a world's server with its own timeouts, as in earnest.
func serve(t *testing.T, w *world) (addr string, stop func() error) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	w.check(err)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- w.server.Serve(ctx, l, nil) }()
	t.Cleanup(cancel)
	return l.Addr().String(), func() error { cancel(); return <-done }
}

// A client that sends its request drop by drop holds a connection, and is cut.
func TestSlowClients(t *testing.T) {
	t.Parallel()
	// Each case has one short limit, so that it is that one which cuts.
	heads, bodies := generous, generous
	heads.HeaderTime, heads.BodyTime = 200*time.Millisecond, time.Minute
	bodies.HeaderTime, bodies.BodyTime = time.Minute, 400*time.Millisecond
	slowHeads, _ := serve(t, newServer(t, heads))
	slowBodies, _ := serve(t, newServer(t, bodies))
	for name, text := range map[string]string{
		"head":       "GET /livez HTTP/1.1\r\nHost: record.example.org\r\nX-A",
		"body":       "POST /holder/v1/slot HTTP/1.1\r\nHost: record.example.org\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{",
		"statements": "POST /holder/v1/statements HTTP/1.1\r\nHost: record.example.org\r\nContent-Type: application/octet-stream\r\nContent-Length: 50\r\n\r\n{",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			addr := slowBodies
			if name == "head" {
				addr = slowHeads
			}
			c, err := net.Dial("tcp", addr)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			io.WriteString(c, text)
			c.SetReadDeadline(time.Now().Add(patience / 4)) // half of the minute that the other limits have
			answer, err := io.ReadAll(c)
			if err != nil && !errors.Is(err, io.EOF) && !strings.Contains(err.Error(), "reset") {
				t.Fatalf("the connection is still open: %v", err)
			}
			if strings.HasPrefix(string(answer), "HTTP/1.1 200") {
				t.Errorf("answered %s", answer)
			}
		})
	}
}

func TestLargeRequests(t *testing.T) {
	t.Parallel()
	w := newServer(t, generous)
	addr, _ := serve(t, w)
	ask := func(head string, body io.Reader) int {
		c, err := net.Dial("tcp", addr)
		w.check(err)
		defer c.Close()
		c.SetDeadline(time.Now().Add(patience))
		io.WriteString(c, head)
		go io.Copy(c, body)
		resp, err := http.ReadResponse(bufio.NewReader(c), nil)
		w.check(err)
		return resp.StatusCode
	}
	// The length alone is enough to say no.
	if got := ask("POST /holder/v1/slot HTTP/1.1\r\nHost: record.example.org\r\nContent-Type: application/json\r\nContent-Length: 1000000000\r\n\r\n", strings.NewReader("")); got != 413 {
		t.Errorf("a body of 1 GB, by its length: %d", got)
	}
	// Without a length, it is read as far as the limit.
	chunks := strings.Repeat("1000\r\n"+strings.Repeat(" ", 0x1000)+"\r\n", 100) + "0\r\n\r\n"
	if got := ask("POST /holder/v1/slot HTTP/1.1\r\nHost: record.example.org\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n", strings.NewReader(chunks)); got != 413 {
		t.Errorf("a body of 400 kB, in chunks: %d", got)
	}
	if got := ask("GET /livez HTTP/1.1\r\nHost: record.example.org\r\nX-A: "+strings.Repeat("a", 64<<10)+"\r\n\r\n", strings.NewReader("")); got != 431 {
		t.Errorf("a head of 64 kB: %d", got)
	}
	// Who may not come in is told so before their body is read.
	if got := ask("POST /fhir HTTP/1.1\r\nHost: record.example.org\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n", strings.NewReader("")); got != 401 {
		t.Errorf("a large body without a token: %d", got)
	}
}

// Ten thousand bad tokens from one address, and then from ten thousand.
func TestGuesses(t *testing.T) {
	t.Parallel()
	l := generous
	l.Guesses, l.Tries = 0.001, 20
	w := newServer(t, l)
	ada := w.enrol("Ada")
	token := w.session(ada)
	refused := map[int]int{}
	for range 10_000 {
		rec := httptest.NewRecorder()
		w.server.ServeHTTP(rec, bad("192.0.2.1:99", ""))
		refused[rec.Code]++
		if rec.Code == 429 && rec.Header().Get("Retry-After") == "" {
			t.Fatal("429 without Retry-After")
		}
	}
	if refused[401] != 20 || refused[429] != 9_980 {
		t.Errorf("answers to one address: %v", refused)
	}
	// A good token from the same address is no guess.
	r := bad("192.0.2.1:99", "")
	r.Header.Set("Authorization", "Bearer "+token)
	rec := httptest.NewRecorder()
	if w.server.ServeHTTP(rec, r); rec.Code != 200 {
		t.Errorf("a good token beside the bad ones: %d", rec.Code)
	}
	// Lookups by a secret count as guesses before they are looked up.
	rec = httptest.NewRecorder()
	r = newRequest("POST", "/holder/v1/slot", strings.NewReader(`{"id":"00000000000000000000000000000000"}`))
	r.Header.Set("Content-Type", "application/json")
	r.RemoteAddr = "192.0.2.1:99"
	if w.server.ServeHTTP(rec, r); rec.Code != 429 {
		t.Errorf("a slot looked up after too many guesses: %d", rec.Code)
	}
}

// A hundred thousand bad tokens from as many addresses: what is remembered of them
// is bounded, and a good token is served as before.
func TestGuessesFromEverywhere(t *testing.T) {
	attempts := 100_000
	if testing.Short() {
		attempts = 3 * httpapi.MaxAddresses
	}
	l := generous
	w := newServer(t, l)
	token := w.session(w.enrol("Ada"))
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	began := time.Now()
	for i := range attempts {
		rec := httptest.NewRecorder()
		w.server.ServeHTTP(rec, bad(fmt.Sprintf("[2001:db8:%x:%x::1]:99", i>>16, i&0xffff), ""))
		if rec.Code != 401 {
			t.Fatal(rec.Code)
		}
	}
	took := time.Since(began)
	if n := w.server.Remembered(); n > 2*httpapi.MaxAddresses {
		t.Errorf("%d addresses are remembered", n)
	}
	w.log.mu.Lock()
	w.log.b = bytes.Buffer{}
	w.log.mu.Unlock()
	runtime.GC()
	runtime.ReadMemStats(&after)
	grown := int64(after.HeapAlloc) - int64(before.HeapAlloc)
	if grown > 64<<20 {
		t.Errorf("the heap grew by %d bytes", grown)
	}
	t.Logf("%d attempts with bad tokens, each of another address: %.1f µs each; %.1f MiB of memory are kept", attempts, float64(took.Microseconds())/float64(attempts), float64(grown)/(1<<20))
	r := newRequest("GET", "/fhir/Patient", nil)
	r.Header.Set("Authorization", "Bearer "+token)
	rec := httptest.NewRecorder()
	if w.server.ServeHTTP(rec, r); rec.Code != 200 {
		t.Errorf("a good token afterwards: %d", rec.Code)
	}
}

func bad(from, forwarded string) *http.Request {
	r := newRequest("GET", "/fhir/Patient", nil)
	r.RemoteAddr = from
	r.Header.Set("Authorization", "Bearer "+crypto.NewCredential(crypto.Access).Token())
	if forwarded != "" {
		r.Header.Set("X-Forwarded-For", forwarded)
	}
	return r
}

func TestRate(t *testing.T) {
	t.Parallel()
	w := newServer(t, httpapi.Limits{Rate: 0.001, Burst: 3})
	for i, want := range []int{200, 200, 200, 429} {
		rec := httptest.NewRecorder()
		if w.server.ServeHTTP(rec, newRequest("GET", "/fhir/metadata", nil)); rec.Code != want {
			t.Errorf("request %d: %d, want %d", i, rec.Code, want)
		}
	}
	// Whoever watches the process is not a client.
	rec := httptest.NewRecorder()
	if w.server.ServeHTTP(rec, newRequest("GET", "/livez", nil)); rec.Code != 200 {
		t.Error("livez is rate limited")
	}
}

func TestTooMuchAtOnce(t *testing.T) {
	t.Parallel()
	w := newServer(t, httpapi.Limits{Concurrent: 1, Wait: 50 * time.Millisecond})
	in, out := make(chan bool), make(chan bool)
	w.server.SetRoutes([]httpapi.Route{{Method: "GET", Path: "/holder/slow", Door: httpapi.DoorHolder, Rate: httpapi.RateOrdinary,
		Open: func(http.ResponseWriter, *http.Request) error { in <- true; <-out; return nil }}})
	go w.server.ServeHTTP(httptest.NewRecorder(), newRequest("GET", "/holder/slow", nil))
	<-in
	rec := httptest.NewRecorder()
	w.server.ServeHTTP(rec, newRequest("GET", "/holder/slow", nil))
	if rec.Code != 503 || rec.Header().Get("Retry-After") == "" {
		t.Errorf("%d %v", rec.Code, rec.Header())
	}
	close(out)
}

// Stopping lets what runs end, and says that it is not ready meanwhile.
func TestStop(t *testing.T) {
	t.Parallel()
	w := newServer(t, generous)
	in, out := make(chan bool), make(chan bool)
	w.server.SetRoutes(append(w.server.Routes(), httpapi.Route{Method: "GET", Path: "/holder/slow", Door: httpapi.DoorHolder,
		Open: func(rw http.ResponseWriter, _ *http.Request) error {
			in <- true
			<-out
			_, err := io.WriteString(rw, "whole")
			return err
		}}))
	addr, stop := serve(t, w)
	answer := make(chan string)
	go func() {
		resp, err := http.Get("http://" + addr + "/holder/slow")
		if err != nil {
			answer <- err.Error()
			return
		}
		b, _ := io.ReadAll(resp.Body)
		answer <- string(b)
	}()
	<-in
	stopped := make(chan error)
	go func() { stopped <- stop() }()
	for range 200 {
		rec := httptest.NewRecorder()
		w.server.ServeHTTP(rec, newRequest("GET", "/readyz", nil))
		if rec.Code == 503 {
			close(out)
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if got := <-answer; got != "whole" {
		t.Errorf("the request that ran was answered %q", got)
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}

// An import that has begun is finished before the server stops, and the store is
// closed after it: all of it is there, and it was told so.
func TestStopDuringImport(t *testing.T) {
	t.Parallel()
	w := newServer(t, generous)
	ada := w.enrol("Ada")
	addr, stop := serve(t, w)
	c, err := client.New("http://"+addr, client.Options{})
	w.check(err)
	token := w.session(ada)
	s := c.With(token)
	patient, err := s.Patient(t.Context())
	w.check(err)
	const n = 1500
	var b strings.Builder
	b.WriteString(`{"resourceType":"Bundle","type":"transaction","entry":[`)
	for i := range n {
		if i > 0 {
			b.WriteString(",")
		}
		fmt.Fprintf(&b, `{"resource":{"resourceType":"Condition","id":"c%04d","subject":{"reference":"Patient/%s"}},"request":{"method":"PUT","url":"Condition/c%04d"}}`, i, patient, i)
	}
	b.WriteString("]}")
	in, told := make(chan bool), make(chan error, 1)
	routes := w.server.Routes()
	for i := range routes {
		if serveIt := routes[i].View; routes[i].Path == "/fhir" && serveIt != nil {
			routes[i].View = func(rw http.ResponseWriter, r *http.Request, v *store.View) error {
				close(in)
				return serveIt(rw, r, v)
			}
		}
	}
	w.server.SetRoutes(routes)
	go func() {
		answer, err := s.Transaction(context.WithoutCancel(t.Context()), []byte(b.String()), entry.Origin{})
		if got := strings.Count(string(answer), "201 Created"); err == nil && got != n {
			err = fmt.Errorf("%d entries were created", got)
		}
		told <- err
	}()
	<-in
	if err := stop(); err != nil {
		t.Error(err)
	}
	if err := <-told; err != nil {
		t.Errorf("the import that ran: %v", err)
	}
	st, err := w.store.Status(t.Context())
	w.check(err)
	if st.Used < n*512 { // each is at least one row of the smallest size
		t.Errorf("%d bytes are there", st.Used)
	}
}

func TestClientAddress(t *testing.T) {
	proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	for _, c := range []struct{ peer, forwarded, want string }{
		{"192.0.2.1:5", "", "192.0.2.1"},
		{"192.0.2.1:5", "203.0.113.9", "192.0.2.1"}, // not a proxy: what it says is what it likes
		{"10.0.0.1:5", "203.0.113.9", "203.0.113.9"},
		{"10.0.0.1:5", "1.2.3.4, 203.0.113.9", "203.0.113.9"}, // the front is the client's own text
		{"10.0.0.1:5", "203.0.113.9, 10.0.0.2", "203.0.113.9"},
		{"10.0.0.1:5", "nonsense", "10.0.0.1"},
		{"10.0.0.1:5", "203.0.113.9, nonsense", "10.0.0.1"},
		{"[::1]:5", "2001:db8::7", "2001:db8::7"},
		{"[::ffff:10.0.0.1]:5", "203.0.113.9", "203.0.113.9"},
		{"@", "203.0.113.9", "invalid IP"},
	} {
		r := newRequest("GET", "/", nil)
		r.RemoteAddr = c.peer
		if c.forwarded != "" {
			r.Header.Set("X-Forwarded-For", c.forwarded)
		}
		if got := httpapi.ClientAddress(r, proxies).String(); got != c.want {
			t.Errorf("from %s for %q: %s, want %s", c.peer, c.forwarded, got, c.want)
		}
	}
}

// A refused request takes nothing: whoever goes on asking is let in again as
// soon as whoever waits.
func TestRefusalsAreFree(t *testing.T) {
	b := httpapi.NewBuckets(1, 2)
	now := time.Now()
	for range 1000 {
		b.Take(netip.MustParseAddr("192.0.2.1"), now)
	}
	if wait, ok := b.Take(netip.MustParseAddr("192.0.2.1"), now); ok || wait > time.Second {
		t.Errorf("after 1000 requests at once: %v, wait %v", ok, wait)
	}
	if _, ok := b.Take(netip.MustParseAddr("192.0.2.1"), now.Add(1001*time.Millisecond)); !ok {
		t.Error("a second later: still refused")
	}
	// A household's IPv6 addresses are one; two IPv4 addresses are two.
	b.Take(netip.MustParseAddr("2001:db8::1"), now)
	b.Take(netip.MustParseAddr("2001:db8::2"), now)
	if _, ok := b.Take(netip.MustParseAddr("2001:db8::3"), now); ok {
		t.Error("the third of a household was let in")
	}
	if _, ok := b.Take(netip.MustParseAddr("192.0.2.2"), now); !ok {
		t.Error("another address was refused")
	}
}

func TestTokenInURL(t *testing.T) {
	token := crypto.NewCredential(crypto.Session).Token()
	hidden := "%63h" + token[2:]
	for text, want := range map[string]bool{
		"/fhir/Patient":                     false,
		"/fhir/Patient?_count=5":            false,
		"/fhir/Patient?note=chda_x":         false, // not a whole one
		"/fhir/Patient?x=" + token:          true,
		"/fhir/Patient?x=a%20" + token:      true,
		"/fhir/Patient?x=" + hidden:         true,
		"/fhir/Patient?" + hidden + "=1":    true,
		"/fhir/Patient?a=1;x=" + hidden:     true,
		"/fhir/Patient?%zz=" + token:        true, // a query that cannot be parsed
		"/fhir/" + token:                    true,
		"/fhir/" + hidden:                   true,
		"/fhir/Patient?Access_Token=":       true,
		"/fhir/Patient?access%5Ftoken=x":    true,
		"/fhir/Patient?x_access_token_y=ok": false,
	} {
		u, err := url.Parse("https://x" + text)
		if err != nil {
			t.Fatal(err)
		}
		if got := httpapi.TokenInURL(u); got != want {
			t.Errorf("%s: %v", strings.ReplaceAll(text, token, "TOKEN"), got)
		}
	}
}

// What a server takes at once follows from its memory: the worst of it, eight
// times over, fits, down to where the largest single entry must be taken.
func TestLimitsFollowMemory(t *testing.T) {
	for memory, want := range map[int64]httpapi.Limits{
		0:          {Bundle: 256 << 20, Large: 2, Letters: 15, Concurrent: 256},
		64 << 20:   {Bundle: 17<<20 + 1<<19 + 64<<10, Large: 1, Letters: 1, Concurrent: 16},
		153 << 20:  {Bundle: 153 << 17, Large: 1, Letters: 1, Concurrent: 38}, // 60 % of a control group of 256 MB
		512 << 20:  {Bundle: 64 << 20, Large: 1, Letters: 1, Concurrent: 128},
		2048 << 20: {Bundle: 256 << 20, Large: 1, Letters: 7, Concurrent: 256},
	} {
		got := httpapi.LimitsOf(httpapi.Limits{Memory: memory})
		if got.Bundle != want.Bundle || got.Large != want.Large || got.Letters != want.Letters || got.Concurrent != want.Concurrent {
			t.Errorf("with %d MiB: bundle %d, at once %d and %d of %d; want %+v", memory>>20, got.Bundle, got.Large, got.Letters, got.Concurrent, want)
		}
	}
	w := newServer(t, httpapi.Limits{Memory: 64 << 20})
	for _, r := range w.server.Routes() {
		if r.Path == "/fhir" && r.Method == "POST" && r.Body != 17<<20+1<<19+64<<10 {
			t.Errorf("a bundle may have %d bytes", r.Body)
		}
	}
}
