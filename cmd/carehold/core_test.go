package main

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"

	"carehold/httpapi/web"
)

// TestCoreCompared asks a real server, and the same behind one that changes a byte of the
// core, adds to a script, leaves one out or sends without end: each is found, with exit
// code 7, and named.
func TestCoreCompared(t *testing.T) {
	s := serveWith(t, newStore(t), nil, nil)
	s.until(t, nil, "/readyz", 200)
	base := "http://" + s.addr
	if web.EmbeddedCore() == nil { // go test without make: the program says what to do
		if _, errs, code := program(t, nil, "core", "--server", base); code != exitFailed || !strings.Contains(errs, "make build") {
			t.Errorf("without a core: %d %s", code, errs)
		}
		return
	}
	published := strings.TrimSpace(s.until(t, nil, "/", 200))
	hash, _, code := program(t, nil, "core")
	if hash = strings.TrimSpace(hash); code != 0 || len(hash) != 64 || !strings.Contains(published, hash) {
		t.Errorf("core says %q (%d), which the server's first page does not", hash, code)
	}
	out, errs, code := program(t, nil, "core", "--server", base)
	if code != 0 || !strings.Contains(out, "/core.wasm is the same: "+hash) {
		t.Errorf("the same program: %d %s%s", code, out, errs)
	}

	to, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	for _, lie := range []struct {
		path, says string
		change     func(*http.Response, []byte) []byte
	}{
		{"/core.wasm", "it has ", func(_ *http.Response, b []byte) []byte { b[len(b)/2] ^= 1; return b }},
		{"/static/keys.mjs", "larger than", func(_ *http.Response, b []byte) []byte { return append(b, "fetch('https://evil.example')"...) }},
		{"/static/worker.mjs", "does not have it", func(r *http.Response, b []byte) []byte { r.StatusCode = 404; return nil }},
		{"/static/app.css", "it has ", func(_ *http.Response, b []byte) []byte { return nil }},
	} {
		proxy := httputil.NewSingleHostReverseProxy(to)
		proxy.ModifyResponse = func(r *http.Response) error {
			if r.Request.URL.Path != lie.path {
				return nil
			}
			b, err := io.ReadAll(r.Body)
			if err != nil {
				return err
			}
			b = lie.change(r, b)
			r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(b)), int64(len(b))
			r.Header.Del("Content-Length")
			return nil
		}
		// The core unpacked, so that one of its bytes can be changed.
		front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			r.Header.Set("Accept-Encoding", "identity")
			proxy.ServeHTTP(w, r)
		}))
		out, errs, code := program(t, nil, "core", "--server", front.URL)
		front.Close()
		if code != exitIntegrity || !strings.Contains(out, lie.path+" differs: ") || !strings.Contains(out, lie.says) || strings.Count(out, " differs: ") != 1 {
			t.Errorf("%s: %d %s%s", lie.path, code, out, errs)
		}
	}
	if _, errs, code := program(t, nil, "core", "--server", "ftp://example.org"); code != exitUsage || !strings.Contains(errs, "address of a server") {
		t.Errorf("no address: %d %s", code, errs)
	}
}
