package httpapi_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"carehold/httpapi"
	"carehold/httpapi/certificate"
	"carehold/record/store"
)

// serveTLS runs a world's server with a certificate, as in earnest.
func serveTLS(t *testing.T, w *world) (addr string, roots *x509.CertPool) {
	t.Helper()
	pair := newPair(t, time.Now().Add(time.Hour), 1)
	source, err := certificate.FromFiles(pair.cert, pair.key, "127.0.0.1", slog.New(slog.DiscardHandler))
	w.check(err)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	w.check(err)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- w.server.Serve(ctx, l, source.TLS()) }()
	t.Cleanup(func() { stop(); <-done })
	return l.Addr().String(), pair.pool
}

// attacker is an HTTP/2 client that sends what it likes, frame by frame.
type attacker struct {
	*http2.Framer
	conn *tls.Conn
	enc  *hpack.Encoder
	head bytes.Buffer
	last uint32 // stream
	gone chan string
	seen chan http2.Frame // of what came: statuses and ends of streams, as long as there is room
}

// patience is how long a test waits for what must end: a machine that is busy with
// other tests is slow, and only what never ends is wrong.
const patience = 2 * time.Minute

// attack connects from an address of this machine. It reads what comes, unless it
// is deaf.
func attack(t *testing.T, addr, from string, roots *x509.CertPool, deaf bool, settings ...http2.Setting) *attacker {
	t.Helper()
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
	raw, err := d.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	if deaf {
		raw.(*net.TCPConn).SetReadBuffer(4096) // so that it does not grow, and the line is full once
	}
	conn := tls.Client(raw, &tls.Config{RootCAs: roots, ServerName: "127.0.0.1", NextProtos: []string{"h2"}})
	t.Cleanup(func() { raw.Close() })
	raw.SetDeadline(time.Now().Add(patience))
	if err := conn.Handshake(); err != nil {
		t.Fatal(err)
	}
	a := &attacker{Framer: http2.NewFramer(conn, conn), conn: conn, gone: make(chan string, 1), seen: make(chan http2.Frame, 1000)}
	a.AllowIllegalWrites = true
	a.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	a.enc = hpack.NewEncoder(&a.head)
	io.WriteString(conn, http2.ClientPreface)
	a.WriteSettings(settings...)
	if err := a.WriteWindowUpdate(0, 1<<30); err != nil {
		t.Fatal(err)
	}
	if !deaf {
		go a.read()
	}
	return a
}

func (a *attacker) read() {
	why := ""
	for {
		f, err := a.ReadFrame()
		if err != nil {
			if ne, ok := err.(net.Error); ok && ne.Timeout() {
				why = "never"
			}
			a.gone <- why
			return
		}
		switch f := f.(type) {
		case *http2.GoAwayFrame:
			why = f.ErrCode.String()
		case *http2.MetaHeadersFrame, *http2.RSTStreamFrame:
			select {
			case a.seen <- f:
			default:
			}
		}
	}
}

// ask sends a request's head, of this method and path and with other fields.
func (a *attacker) ask(method, path string, end bool, fields ...string) (stream uint32, err error) {
	a.head.Reset()
	a.last += 2
	id := a.last - 1
	fields = append([]string{":method", method, ":scheme", "https", ":authority", "record.example.org", ":path", path}, fields...)
	for i := 0; i < len(fields); i += 2 {
		a.enc.WriteField(hpack.HeaderField{Name: fields[i], Value: fields[i+1]})
	}
	return id, a.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: a.head.Bytes(), EndHeaders: true, EndStream: end})
}

// status is the next answer's; RST for a stream that was ended without one.
func (a *attacker) status(t *testing.T) string {
	t.Helper()
	select {
	case f := <-a.seen:
		if m, ok := f.(*http2.MetaHeadersFrame); ok {
			return m.PseudoValue("status")
		}
		return "RST"
	case why := <-a.gone:
		a.gone <- why
		return "gone " + why
	case <-time.After(10 * time.Second):
		return "nothing"
	}
}

// ended is how the connection ended: GOAWAY's code, "" for none.
func (a *attacker) ended(t *testing.T) string {
	t.Helper()
	select {
	case why := <-a.gone:
		return why
	case <-time.After(10 * time.Second):
		return "never"
	}
}

// bystander is another person, at another address, who asks for something.
func bystander(t *testing.T, addr string, roots *x509.CertPool) func() time.Duration {
	d := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 99)}}
	tr := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, ForceAttemptHTTP2: true, DialContext: d.DialContext}
	t.Cleanup(tr.CloseIdleConnections)
	c := &http.Client{Transport: tr, Timeout: 10 * time.Second}
	return func() time.Duration {
		t.Helper()
		began := time.Now()
		resp, err := c.Get("https://" + addr + "/fhir/metadata")
		if err != nil {
			t.Errorf("somebody else is not served: %v", err)
			return 0
		}
		io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		if resp.StatusCode != 200 {
			t.Errorf("somebody else is answered %s", resp.Status)
		}
		return time.Since(began)
	}
}

// Requests that are taken back as soon as they are sent (CVE-2023-44487) cost the
// address what requests cost; who goes on is cut, and others are served meanwhile.
// So it is with requests that the server is made to take back, by a broken frame,
// and with those for what is not there.
func TestRapidReset(t *testing.T) {
	w := newServer(t, httpapi.Limits{})
	addr, roots := serveTLS(t, w)
	ask := bystander(t, addr, roots)
	ask()
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	goroutines := runtime.NumGoroutine()
	var sent atomic.Int64
	ends := make(chan string)
	lines := 0
	for _, path := range []string{"/fhir/Patient", "/nothing", "/"} {
		for _, takeBack := range []func(*attacker, uint32) error{
			func(a *attacker, id uint32) error { return a.WriteRSTStream(id, http2.ErrCodeCancel) },
			func(a *attacker, id uint32) error { return a.WriteWindowUpdate(id, 0) },
		} {
			a := attack(t, addr, "127.0.0.1", roots, false)
			lines++
			go func() {
				for range 1_000_000 {
					id, err := a.ask("GET", path, true)
					if err == nil {
						err = takeBack(a, id)
					}
					if err != nil {
						break
					}
					sent.Add(1)
				}
				ends <- path + ": " + a.ended(t)
			}()
		}
	}
	var slowest time.Duration
	most := 0
	for range 10 {
		slowest = max(slowest, ask())
		most = max(most, runtime.NumGoroutine()-goroutines)
		time.Sleep(10 * time.Millisecond)
	}
	for range lines {
		why := <-ends
		if strings.HasSuffix(why, ": never") {
			t.Errorf("a connection that floods is not cut: %s", why)
		}
		t.Log(why)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	grown := int64(after.HeapAlloc) - int64(before.HeapAlloc)
	if grown > 32<<20 || most > 1000 {
		t.Errorf("%d goroutines, %d bytes of heap more", most, grown)
	}
	t.Logf("%d requests taken back; others were answered within %v; %d goroutines, %d kB of heap", sent.Load(), slowest, most, grown>>10)
}

// Who does not wait as they were told has to connect again, over either HTTP.
func TestRefusedTooOften(t *testing.T) {
	t.Parallel()
	w := newServer(t, httpapi.Limits{Rate: 0.001, Burst: 1})
	addr, roots := serveTLS(t, w)
	a := attack(t, addr, "127.0.0.1", roots, false)
	n := 0
	for ; n < 1000; n++ {
		if _, err := a.ask("GET", "/nothing", true); err != nil {
			break
		}
		if got := a.status(t); strings.HasPrefix(got, "gone") {
			break
		}
	}
	if why := a.ended(t); n != 258 || why != "NO_ERROR" { // the first was no refusal

		t.Errorf("HTTP/2: cut after %d requests: %q", n, why)
	}
	plain, _ := serve(t, w)
	c, err := net.Dial("tcp", plain)
	w.check(err)
	defer c.Close()
	c.SetDeadline(time.Now().Add(patience))
	answers := bufio.NewReader(c)
	for n = 0; n < 1000; n++ {
		io.WriteString(c, "GET /nothing HTTP/1.1\r\nHost: record.example.org\r\n\r\n")
		resp, err := http.ReadResponse(answers, nil)
		if err != nil {
			break
		}
		io.Copy(io.Discard, resp.Body)
	}
	if n != 257 {
		t.Errorf("HTTP/1: cut after %d refusals", n)
	}
}

// What one connection may send without end, or make the server do without end,
// ends it: at once, or when it has been idle too long, for none of it is a request.
func TestHTTP2Floods(t *testing.T) {
	t.Parallel()
	l := generous
	l.IdleTime = 500 * time.Millisecond
	w := newServer(t, l)
	addr, roots := serveTLS(t, w)
	block := func(fields ...string) []byte {
		var b bytes.Buffer
		enc := hpack.NewEncoder(&b)
		for i := 0; i < len(fields); i += 2 {
			enc.WriteField(hpack.HeaderField{Name: fields[i], Value: fields[i+1]})
		}
		return b.Bytes()
	}
	open := block(":method", "GET", ":scheme", "https", ":authority", "record.example.org", ":path", "/livez")
	repeat := func(send func(a *attacker) error) func(*attacker) error {
		return func(a *attacker) error {
			for range 1_000_000 {
				if err := send(a); err != nil {
					return err
				}
			}
			return nil
		}
	}
	var attacks sync.WaitGroup
	defer attacks.Wait()
	for name, c := range map[string]struct {
		send func(a *attacker) error
		want string // GOAWAY's codes; a connection that is written to while it closes may lose it
	}{
		"CONTINUATION of new fields": {func(a *attacker) error {
			a.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: open})
			more := block("x-a", strings.Repeat("a", 8<<10))
			return repeat(func(a *attacker) error { return a.WriteContinuation(1, false, more) })(a)
		}, "PROTOCOL_ERROR COMPRESSION_ERROR"},
		"CONTINUATION of nothing": {func(a *attacker) error {
			a.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: open})
			return repeat(func(a *attacker) error { return a.WriteContinuation(1, false, nil) })(a)
		}, "NO_ERROR"},
		"HPACK, one field ten thousand times in CONTINUATION": {func(a *attacker) error {
			a.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: append(block("x-a", strings.Repeat("a", 4000)), open...)})
			again := bytes.Repeat([]byte{0x80 | 62}, 10_000) // the newest of the table, RFC 7541 §2.3.3
			return repeat(func(a *attacker) error { return a.WriteContinuation(1, false, again) })(a)
		}, "PROTOCOL_ERROR COMPRESSION_ERROR"},
		"a frame that is too large": {func(a *attacker) error {
			return a.WriteRawFrame(http2.FrameData, 0, 1, make([]byte, 1<<14+1))
		}, "FRAME_SIZE_ERROR"},
		"PING, answered":            {repeat(func(a *attacker) error { return a.WritePing(false, [8]byte{}) }), "NO_ERROR"},
		"SETTINGS, answered":        {repeat(func(a *attacker) error { return a.WriteSettings() }), "NO_ERROR"},
		"PRIORITY":                  {repeat(func(a *attacker) error { return a.WritePriority(1, http2.PriorityParam{Weight: 7}) }), "NO_ERROR"},
		"nothing":                   {func(*attacker) error { return nil }, "NO_ERROR"},
		"a window of nothing":       {func(a *attacker) error { return a.WriteWindowUpdate(0, 0) }, "PROTOCOL_ERROR"},
		"a window too large":        {func(a *attacker) error { return a.WriteWindowUpdate(0, 1<<31-1) }, "FLOW_CONTROL_ERROR"},
		"a body before its request": {func(a *attacker) error { return a.WriteData(1, false, []byte("x")) }, "PROTOCOL_ERROR"},
		"even streams": {func(a *attacker) error {
			return a.WriteHeaders(http2.HeadersFrameParam{StreamID: 2, BlockFragment: open, EndHeaders: true, EndStream: true})
		}, "PROTOCOL_ERROR"},
	} {
		a := attack(t, addr, "127.0.0.1", roots, false)
		attacks.Go(func() {
			err := c.send(a)
			if why := a.ended(t); why == "never" || why == "" && err == nil || why != "" && !strings.Contains(c.want, why) {
				t.Errorf("%s: the connection ended with %q, want %s", name, why, c.want)
			}
		})
	}
	// One head that grows a thousandfold is refused, and is not an error of the line.
	a := attack(t, addr, "127.0.0.1", roots, false)
	head := append(append([]byte{}, open...), block("x-a", strings.Repeat("a", 4000))...)
	head = append(head, bytes.Repeat([]byte{0x80 | 62}, 10_000)...)
	a.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: head, EndHeaders: true, EndStream: true})
	if got := a.status(t); got != "431" {
		t.Errorf("a head of 14 kB that stands for 40 MB: %s", got)
	}
	if testing.Short() { // as the race detector is run, with which it takes two minutes
		return
	}
	// Who does not read the answers to their own frames, and goes on.
	deaf := attack(t, addr, "127.0.0.1", roots, true)
	deaf.conn.SetDeadline(time.Now().Add(2 * time.Minute)) // it is cut by what has piled up, and a slow machine piles slowly
	for range 10_000_000 {
		if err := deaf.WritePing(false, [8]byte{}); err != nil {
			if ne, ok := err.(net.Error); ok && ne.Timeout() {
				t.Error("PING without reading is taken for ever")
			}
			return
		}
	}
	t.Error("ten million PINGs are taken")
}

// A request of HTTP/2 counts as a connection of HTTP/1 does, until its answer has
// been read.
func TestStreamsAreCounted(t *testing.T) {
	t.Parallel()
	l := generous
	l.Connections, l.ConnectionsEach = 12, 8
	w := newServer(t, l)
	addr, roots := serveTLS(t, w)
	unread := http2.Setting{ID: http2.SettingInitialWindowSize, Val: 0}
	asks := func(a *attacker, path string, n int) map[string]int {
		got := map[string]int{}
		for range n {
			_, err := a.ask("GET", path, true)
			w.check(err)
			got[a.status(t)]++
		}
		return got
	}
	first := attack(t, addr, "127.0.0.1", roots, false, unread)
	if got := asks(first, "/fhir/metadata", 10); got["200"] != 8 || got["503"] != 2 {
		t.Errorf("ten unread answers of one address: %v", got)
	}
	if got := asks(attack(t, addr, "127.0.0.1", roots, false, unread), "/nothing", 2); got["503"] != 2 {
		t.Errorf("two more over another connection: %v", got)
	}
	second := attack(t, addr, "127.0.0.2", roots, false, unread)
	if got := asks(second, "/nothing", 6); got["404"] != 4 || got["503"] != 2 {
		t.Errorf("six of another address: %v", got)
	}
	first.conn.Close()
	for range 100 {
		if asks(second, "/nothing", 1)["404"] == 1 {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Error("nobody is let in after the connection was closed")
}

// Nor has anybody more refusals that wait for a line that is full.
func TestRefusalsAreCounted(t *testing.T) {
	t.Parallel()
	l := generous
	l.ConnectionsEach = 8
	w := newServer(t, l)
	var moved atomic.Int64
	w.server.SetRoutes([]httpapi.Route{{Method: "GET", Path: "/holder/endless", Door: httpapi.DoorHolder, Rate: httpapi.RateOrdinary, File: true,
		Open: func(rw http.ResponseWriter, _ *http.Request) error {
			for b := make([]byte, 64<<10); ; {
				n, err := rw.Write(b)
				if moved.Add(int64(n)); err != nil {
					return err
				}
			}
		}}})
	addr, roots := serveTLS(t, w)
	deaf := attack(t, addr, "127.0.0.1", roots, true, http2.Setting{ID: http2.SettingInitialWindowSize, Val: 1<<31 - 1})
	for range 8 {
		_, err := deaf.ask("GET", "/holder/endless", true)
		w.check(err)
	}
	for last := int64(-1); moved.Load() != last || last == 0; time.Sleep(300 * time.Millisecond) {
		last = moved.Load() // until the line is full
	}
	other := attack(t, addr, "127.0.0.1", roots, false)
	asked := func(want string, meanwhile int) {
		t.Helper()
		got := ""
		for began := time.Now(); got != want && time.Since(began) < patience; time.Sleep(20 * time.Millisecond) {
			if meanwhile--; meanwhile >= 0 { // one by one: what the other asks takes a place for a moment, too
				_, err := deaf.ask("GET", "/livez", true)
				w.check(err)
			}
			_, err := other.ask("GET", "/livez", true)
			w.check(err)
			got = other.status(t)
		}
		if got != want {
			t.Errorf("answered %s, want %s", got, want)
		}
	}
	asked("503", 0)
	asked("RST", 40)
	deaf.conn.NetConn().Close()
	asked("404", 0) // this table has no health
}

// More requests than a connection may have open are refused, those that are open
// are not, and handlers that go on after their request was taken back count.
func TestMaxStreams(t *testing.T) {
	t.Parallel()
	w := newServer(t, generous)
	var running, most atomic.Int32
	out := make(chan bool)
	w.server.SetRoutes([]httpapi.Route{{Method: "GET", Path: "/holder/stuck", Door: httpapi.DoorHolder, Rate: httpapi.RateOrdinary,
		Open: func(http.ResponseWriter, *http.Request) error {
			most.Store(max(most.Load(), running.Add(1)))
			<-out
			running.Add(-1)
			return nil
		}}})
	addr, roots := serveTLS(t, w)
	a := attack(t, addr, "127.0.0.1", roots, false)
	a.WriteSettingsAck()
	for range 70 {
		_, err := a.ask("GET", "/holder/stuck", true)
		w.check(err)
	}
	for range 6 {
		if got := a.status(t); got != "RST" {
			t.Errorf("one request too many: %s", got)
		}
	}
	b := attack(t, addr, "127.0.0.2", roots, false)
	for range 1000 {
		id, err := b.ask("GET", "/holder/stuck", true)
		if err != nil || b.WriteRSTStream(id, http2.ErrCodeCancel) != nil {
			break
		}
	}
	if why := b.ended(t); why != "ENHANCE_YOUR_CALM" && why != "" {
		t.Errorf("a thousand requests taken back, of which 64 run: %q", why)
	}
	if n := most.Load(); n != 128 {
		t.Errorf("%d requests ran at the same time over two connections", n)
	}
	close(out)
}

// Who asks for much and reads none of it is cut, whether it is the window or the
// line that is full, and does not keep the place that their request had.
func TestNeverRead(t *testing.T) {
	t.Parallel()
	l := generous
	l.BodyTime, l.Concurrent = 300*time.Millisecond, 1
	for name, c := range map[string]struct {
		deaf   bool
		window uint32
	}{
		"a window of one byte": {false, 1},
		"a line that is full":  {true, 1<<31 - 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newServer(t, l)
			ada := w.enrol("Ada")
			session := w.session(ada)
			patient, err := w.client.With(session).Patient(t.Context())
			w.check(err)
			w.put(session, `{"resourceType":"Patient","id":"`+patient+`","name":[{"text":"`+strings.Repeat("a", 300<<10)+`"}]}`)
			ended := make(chan bool, 1)
			w.server.SetRoutes(append(w.server.Routes(), httpapi.Route{Method: "GET", Path: "/holder/endless", Door: httpapi.DoorHolder, Kinds: "s",
				Rate: httpapi.RateOrdinary, View: func(rw http.ResponseWriter, r *http.Request, v *store.View) error {
					for b := make([]byte, 1<<20); ; {
						if _, err := rw.Write(b); err != nil {
							ended <- true
							return err
						}
					}
				}}))
			addr, roots := serveTLS(t, w)
			a := attack(t, addr, "127.0.0.1", roots, c.deaf, http2.Setting{ID: http2.SettingInitialWindowSize, Val: c.window})
			path := "/holder/v1/record"
			if c.deaf { // more than the system's buffers hold
				path = "/holder/endless"
			}
			_, err = a.ask("GET", path, true, "authorization", "Bearer "+session)
			w.check(err)
			if !c.deaf {
				if got := a.status(t); got != "200" {
					t.Errorf("answered %s", got)
				}
			}
			// There is one place, which is given back.
			began := time.Now()
			if c.deaf {
				select {
				case <-ended:
				case <-time.After(10 * time.Second):
					t.Fatal("the request goes on for ever")
				}
			}
			for {
				resp := w.send("GET", "/holder/v1/sessions", http.Header{"Authorization": {"Bearer " + session}}, "")
				resp.Body.Close()
				if resp.StatusCode == 200 {
					break
				}
				if time.Since(began) > patience {
					t.Fatalf("the place is still held: %s", resp.Status)
				}
				time.Sleep(20 * time.Millisecond)
			}
			if !c.deaf {
				if got := a.status(t); got != "RST" {
					t.Errorf("the request ended with %s", got)
				}
			}
			t.Logf("cut after %v", time.Since(began).Round(time.Millisecond))
		})
	}
}

// So is a stranger, who takes no place.
func TestStrangerNeverReads(t *testing.T) {
	t.Parallel()
	l := generous
	l.BodyTime = 300 * time.Millisecond
	w := newServer(t, l)
	w.server.ServeHTTP(httptest.NewRecorder(), newRequest("GET", "/fhir/metadata", nil)) // it is made when it is first asked for
	addr, roots := serveTLS(t, w)
	a := attack(t, addr, "127.0.0.1", roots, false, http2.Setting{ID: http2.SettingInitialWindowSize, Val: 0})
	for _, path := range []string{"/fhir/metadata", "/nothing", "/fhir/Patient"} {
		_, err := a.ask("GET", path, true)
		if err != nil {
			t.Fatal(err)
		}
		if head, end := a.status(t), a.status(t); head == "RST" || end != "RST" {
			t.Errorf("%s: answered %s, and ended with %s", path, head, end)
		}
	}
}

// A body that comes byte by byte, each in a frame of its own, is cut.
func TestSlowHTTP2Body(t *testing.T) {
	t.Parallel()
	l := generous
	l.BodyTime = time.Second
	addr, roots := serveTLS(t, newServer(t, l))
	a := attack(t, addr, "127.0.0.1", roots, false)
	began := time.Now()
	id, err := a.ask("POST", "/holder/v1/slot", false, "content-type", "application/json", "content-length", "5000")
	if err != nil {
		t.Fatal(err)
	}
	stop := make(chan bool)
	go func() {
		for a.WriteData(id, false, []byte(" ")) == nil {
			select {
			case <-stop:
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	}()
	if got := a.status(t); got != "400" {
		t.Errorf("answered %s", got)
	}
	if took := time.Since(began); took < 900*time.Millisecond {
		t.Errorf("after %v", took)
	}
	close(stop)
}

// What is kept of a connection before anything is read of it follows from the
// memory there is, and a frame's head reserves little.
func TestHTTP2Memory(t *testing.T) {
	t.Parallel()
	for memory, want := range map[int64]uint32{64 << 20: 1<<16 - 1, 1 << 30: 1 << 18, 4 << 30: 1 << 20} {
		l := generous
		l.Memory = memory
		addr, roots := serveTLS(t, newServer(t, l))
		a := attack(t, addr, "127.0.0.1", roots, true)
		settings := map[http2.SettingID]uint32{}
		window := uint32(1<<16 - 1)
		for range 4 {
			switch f, _ := a.ReadFrame(); f := f.(type) {
			case *http2.SettingsFrame:
				f.ForeachSetting(func(s http2.Setting) error { settings[s.ID] = s.Val; return nil })
			case *http2.WindowUpdateFrame:
				window += f.Increment
			}
			if a.WritePing(false, [8]byte{}) != nil {
				break
			}
		}
		if settings[http2.SettingMaxFrameSize] != 1<<14 || settings[http2.SettingMaxConcurrentStreams] != 64 ||
			settings[http2.SettingMaxHeaderListSize] > 17<<10 || settings[http2.SettingHeaderTableSize] != 4096 {
			t.Errorf("with %d MiB: %v", memory>>20, settings)
		}
		if window != want || settings[http2.SettingInitialWindowSize] != want {
			t.Errorf("with %d MiB a connection may send %d bytes ahead, a request %d, want %d", memory>>20, window, settings[http2.SettingInitialWindowSize], want)
		}
	}
}

// A handshake that does not end is cut, and counts as a connection while it lasts.
func TestTLSStrangers(t *testing.T) {
	t.Parallel()
	l := generous
	l.HeaderTime, l.ConnectionsEach = 5*time.Second, 4
	addr, roots := serveTLS(t, newServer(t, l))
	dial := func(from string) net.Conn {
		d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
		c, err := d.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		c.SetDeadline(time.Now().Add(patience))
		return c
	}
	ended := func(c net.Conn) (string, time.Duration) {
		began := time.Now()
		b, err := io.ReadAll(c)
		if ne, ok := err.(net.Error); ok && ne.Timeout() {
			t.Error("the connection is still open")
		}
		return string(b), time.Since(began)
	}
	try := func(from string) error {
		c := tls.Client(dial(from), &tls.Config{RootCAs: roots, ServerName: "127.0.0.1"})
		return c.Handshake()
	}
	// The beginning of a handshake that would have 16 kB.
	const hello = "\x16\x03\x01\x40\x00\x01\x00\x3f\xfc\x03\x03"
	silent := dial("127.0.0.1")
	drops := dial("127.0.0.1")
	go func() {
		for i := 0; ; i++ {
			b := []byte{0}
			if i < len(hello) {
				b[0] = hello[i]
			}
			if _, err := drops.Write(b); err != nil {
				return
			}
			time.Sleep(20 * time.Millisecond)
		}
	}()
	half := dial("127.0.0.1")
	io.WriteString(half, hello)
	dial("127.0.0.1")
	if try("127.0.0.1") == nil {
		t.Error("the fifth connection of an address is served while four shake hands")
	}
	if err := try("127.0.0.2"); err != nil {
		t.Errorf("another address: %v", err)
	}
	for _, c := range []net.Conn{silent, drops, half} {
		ended(c)
	}
	// A hello of 80 kB, in records of 16 kB each.
	large := dial("127.0.0.3")
	io.WriteString(large, "\x16\x03\x01\x40\x00\x01\x01\x40\x00\x03\x03"+strings.Repeat("a", 1<<14-6))
	for range 4 {
		io.WriteString(large, "\x16\x03\x01\x40\x00"+strings.Repeat("a", 1<<14))
	}
	if _, took := ended(large); took > 4*time.Second {
		t.Errorf("a hello of 80 kB: cut after %v, not at once", took)
	}
	// Without TLS: the answer says so.
	plain := dial("127.0.0.3")
	io.WriteString(plain, "GET / HTTP/1.1\r\nHost: record.example.org\r\n\r\n")
	if got, _ := ended(plain); !strings.HasPrefix(got, "HTTP/1.0 400 ") || !strings.Contains(got, "HTTPS") {
		t.Errorf("plain HTTP: %q", got)
	}
	for _, version := range []uint16{tls.VersionTLS10, tls.VersionTLS11} {
		c := tls.Client(dial("127.0.0.3"), &tls.Config{RootCAs: roots, ServerName: "127.0.0.1", MinVersion: version, MaxVersion: version})
		if err := c.Handshake(); err == nil {
			t.Errorf("TLS version %x was accepted", version)
		}
	}
	if err := try("127.0.0.1"); err != nil {
		t.Errorf("after all of them were cut: %v", err)
	}
}

// Without TLS there is no HTTP/2, neither at once nor after a question.
func TestNoCleartextHTTP2(t *testing.T) {
	t.Parallel()
	addr, _ := serve(t, newServer(t, generous))
	for name, c := range map[string]struct{ send, want string }{
		"at once":          {http2.ClientPreface + "\x00\x00\x00\x04\x00\x00\x00\x00\x00", "HTTP/1.1 4"},
		"after a question": {"GET /livez HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n\r\n", "HTTP/1.1 200 "},
	} {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		conn.SetDeadline(time.Now().Add(patience))
		io.WriteString(conn, c.send)
		got, _ := io.ReadAll(conn)
		if !strings.HasPrefix(string(got), c.want) || strings.Contains(string(got), "101 Switching") {
			t.Errorf("%s: answered %q", name, got)
		}
	}
}
