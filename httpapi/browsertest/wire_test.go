package browsertest

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/hex"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"
)

// wire is a proxy that a browser is made to use for all that it sends, workers and its own
// services included, and that keeps every byte.
type wire struct {
	port string

	mu        sync.Mutex
	lines     []*bytes.Buffer // what came over each connection
	elsewhere []string        // what was meant for another host
}

func newWire(t testing.TB, w *world) *wire {
	t.Helper()
	target, err := url.Parse(w.url)
	w.check(err)
	l, err := net.Listen("tcp", "localhost:0")
	w.check(err)
	_, port, _ := net.SplitHostPort(l.Addr().String())
	x := &wire{port: port}
	on := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target); r.Out.Host = r.In.Host }}
	s := &http.Server{Handler: http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodConnect || r.Host != target.Host {
			x.mu.Lock()
			x.elsewhere = append(x.elsewhere, r.Method+" "+r.Host)
			x.mu.Unlock()
			http.Error(rw, "no other host", http.StatusBadGateway)
			return
		}
		on.ServeHTTP(rw, r)
	})}
	go s.Serve(tapped{l, x})
	t.Cleanup(func() { s.Close() })
	return x
}

// proxied has a browser send all over the wire, what is for this machine too.
func (x *wire) proxied() []chromedp.ExecAllocatorOption {
	return []chromedp.ExecAllocatorOption{chromedp.ProxyServer("http://localhost:" + x.port), chromedp.Flag("proxy-bypass-list", "<-loopback>")}
}

type tapped struct {
	net.Listener
	wire *wire
}

func (l tapped) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	l.wire.mu.Lock()
	defer l.wire.mu.Unlock()
	line := &bytes.Buffer{}
	l.wire.lines = append(l.wire.lines, line)
	return tap{c, l.wire, line}, nil
}

type tap struct {
	net.Conn
	wire *wire
	line *bytes.Buffer
}

func (c tap) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.wire.mu.Lock()
	c.line.Write(p[:n])
	c.wire.mu.Unlock()
	return n, err
}

// sent are the bytes so far, by connection, and how many there are.
func (x *wire) sent() (lines [][]byte, size int) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, l := range x.lines {
		lines = append(lines, bytes.Clone(l.Bytes()))
		size += l.Len()
	}
	return lines, size
}

// forget drops what was kept so far.
func (x *wire) forget() {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, l := range x.lines {
		l.Reset()
	}
}

// needle is a secret that nothing that is sent may hold.
type needle struct {
	what  string
	bytes []byte
	text  bool // small letters and capitals are one
}

// holds reports which needles are in what was sent, in whatever way it is written.
func holds(sent []byte, needles []needle) (found []string) {
	seen := map[string]bool{}
	for _, layer := range layers(sent, 3) {
		small := bytes.ToLower(layer)
		for _, n := range needles {
			if !seen[n.what] && (bytes.Contains(layer, n.bytes) || n.text && bytes.Contains(small, bytes.ToLower(n.bytes))) {
				seen[n.what] = true
				found = append(found, n.what)
			}
		}
	}
	return found
}

var (
	base64Run  = regexp.MustCompile(`[A-Za-z0-9+/_-]{10,}`)
	hexRun     = regexp.MustCompile(`[0-9A-Fa-f]{16,}`)
	numbersRun = regexp.MustCompile(`\d{1,3}(, ?\d{1,3}){7,}`)
	escape     = regexp.MustCompile(`\\u00[0-9A-Fa-f]{2}|%[0-9A-Fa-f]{2}|\+`)
	gzipped    = []byte{0x1f, 0x8b, 8}
)

// layers are the bytes, and what is written in them in base64 of both kinds, in hex, as a
// list of numbers, with escapes, and compressed; and what is in those.
func layers(b []byte, depth int) [][]byte {
	out := [][]byte{b}
	if depth == 0 || len(b) < 8 {
		return out
	}
	var inner [][]byte
	if plain := escape.ReplaceAllFunc(b, func(e []byte) []byte {
		if e[0] == '+' {
			return []byte(" ")
		}
		n, _ := strconv.ParseUint(string(e[len(e)-2:]), 16, 8)
		return []byte{byte(n)}
	}); !bytes.Equal(plain, b) {
		out = append(out, plain) // and what is in it is in b as well, but for what was escaped
		inner = append(inner, runs(plain)...)
	}
	inner = append(inner, runs(b)...)
	for at, rest := 0, b; ; {
		i := bytes.Index(rest, gzipped)
		if i < 0 {
			break
		}
		at += i
		if z, err := gzip.NewReader(bytes.NewReader(b[at:])); err == nil {
			plain, _ := io.ReadAll(io.LimitReader(z, 16<<20)) // what follows it is no gzip
			inner = append(inner, plain)
		}
		at++
		rest = b[at:]
	}
	for _, x := range inner {
		out = append(out, layers(x, depth-1)...)
	}
	return out
}

func runs(b []byte) (out [][]byte) {
	for _, run := range base64Run.FindAll(b, -1) {
		text := strings.NewReplacer("-", "+", "_", "/").Replace(string(run))
		for from := range 4 { // it may follow letters that are none of it
			part := text[from:]
			if x, err := base64.RawStdEncoding.DecodeString(part[:len(part)-len(part)%4]); err == nil {
				if rest, err := base64.RawStdEncoding.DecodeString(part); err == nil {
					x = rest
				}
				out = append(out, x)
			}
		}
	}
	for _, run := range hexRun.FindAll(b, -1) {
		for from := range 2 {
			part := run[from:]
			if x, err := hex.DecodeString(string(part[:len(part)&^1])); err == nil {
				out = append(out, x)
			}
		}
	}
	for _, run := range numbersRun.FindAllString(string(b), -1) {
		var x []byte
		for _, n := range strings.Split(run, ",") {
			v, _ := strconv.Atoi(strings.TrimSpace(n))
			x = append(x, byte(v))
		}
		out = append(out, x)
	}
	return out
}
