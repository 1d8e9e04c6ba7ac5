package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http/httptest"
	"strconv"
	"testing"

	"github.com/klauspost/compress/zstd"

	"carehold/record"
)

// The core is served in the best form that the browser takes, under one hash: that of what
// it has in the end.
func TestCore(t *testing.T) {
	wasm := bytes.Repeat([]byte("\x00asm\x01\x00\x00\x00"), 100)
	p := New(Config{Version: "v0", Core: packed(t, wasm)})
	sum := sha256.Sum256(wasm)
	tag := `W/"` + hex.EncodeToString(sum[:]) + `"`

	for accept, want := range map[string]string{
		"gzip, deflate, br, zstd": "zstd", "zstd": "zstd", "gzip, br": "gzip", "GZIP": "gzip", "gzip;q=0.5, zstd;q=0": "gzip", "zstd ; q=0.001": "zstd",
		"": "", "br": "", "gzip;q=0": "", "gzip; Q=0.000": "", "*": "", "gzip;q=nan": "", "xgzip, zstdx": "",
	} {
		r := httptest.NewRequest("GET", "/core.wasm", nil)
		r.Header.Set("Accept-Encoding", accept)
		w := httptest.NewRecorder()
		if err := p.Core(w, r); err != nil {
			t.Fatal(err)
		}
		h := w.Header()
		if got := h.Get("Content-Encoding"); got != want {
			t.Errorf("%q: Content-Encoding %q, and should be %q", accept, got, want)
		}
		if h.Get("Content-Length") != strconv.Itoa(w.Body.Len()) || h.Get("Content-Type") != "application/wasm" || h.Get("ETag") != tag || h.Get("Vary") == "" {
			t.Errorf("%q: %v, and %d bytes", accept, h, w.Body.Len())
		}
		if got := unpacked(t, want, w.Body); !bytes.Equal(got, wasm) {
			t.Errorf("%q: %d bytes arrive, and should be the %d that were built", accept, len(got), len(wasm))
		}
	}
	r := httptest.NewRequest("GET", "/core.wasm", nil)
	r.Header.Set("If-None-Match", tag)
	w := httptest.NewRecorder()
	if err := p.Core(w, r); err != nil || w.Code != 304 || w.Body.Len() != 0 {
		t.Errorf("the same again: %v %d", err, w.Code)
	}
	p = New(Config{Version: "v0"})
	if err := p.Core(httptest.NewRecorder(), r); record.KindOf(err) != record.NotFound {
		t.Errorf("no core: %v", err)
	}
	p = New(Config{Version: "v0", Core: packed(t, wasm)[:20]})
	if err := p.Core(httptest.NewRecorder(), httptest.NewRequest("GET", "/core.wasm", nil)); record.KindOf(err) != record.Internal {
		t.Errorf("a damaged core: %v", err)
	}
}

func packed(t *testing.T, b []byte) []byte {
	t.Helper()
	z, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	return z.EncodeAll(b, nil)
}

func unpacked(t *testing.T, coding string, r io.Reader) []byte {
	t.Helper()
	var err error
	switch coding {
	case "gzip":
		r, err = gzip.NewReader(r)
	case "zstd":
		r, err = zstd.NewReader(r)
	}
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// A page says whether the core is there, and has no script and no style of its
// own: the policy would not let them run.
func TestHome(t *testing.T) {
	for _, c := range [][]byte{nil, packed(t, []byte("x"))} {
		p := New(Config{Version: "v0-<script>", Core: c})
		w := httptest.NewRecorder()
		if err := p.Home(w, httptest.NewRequest("GET", "/", nil)); err != nil {
			t.Fatal(err)
		}
		if has := bytes.Contains(w.Body.Bytes(), []byte("<code>make</code>")); has != (c == nil) {
			t.Errorf("core %v, and the page says to run make: %v", c != nil, has)
		}
		for _, bad := range []string{"<script>", "style=", "onclick", "http://"} {
			if bytes.Contains(w.Body.Bytes(), []byte(bad)) {
				t.Errorf("the page holds %s", bad)
			}
		}
	}
}
