package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"net/http/httptest"
	"testing"

	"carehold/record"
)

// The core is served as it was built: compressed or not, under its own hash.
func TestCore(t *testing.T) {
	wasm := []byte("\x00asm\x01\x00\x00\x00")
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write(wasm)
	z.Close()
	p := New(Config{Version: "v0", Core: b.Bytes()})
	sum := sha256.Sum256(b.Bytes())
	tag := `"` + hex.EncodeToString(sum[:]) + `"`

	for accept, want := range map[string][]byte{"gzip, br": b.Bytes(), "": wasm, "br": wasm, "gzip;q=0": wasm, "GZIP": b.Bytes()} {
		r := httptest.NewRequest("GET", "/core.wasm", nil)
		r.Header.Set("Accept-Encoding", accept)
		w := httptest.NewRecorder()
		if err := p.Core(w, r); err != nil {
			t.Fatal(err)
		}
		h := w.Header()
		if !bytes.Equal(w.Body.Bytes(), want) || h.Get("Content-Type") != "application/wasm" || h.Get("ETag") != tag {
			t.Errorf("%q: %q %v", accept, w.Body, h)
		}
		if (h.Get("Content-Encoding") == "gzip") != (len(want) == b.Len()) {
			t.Errorf("%q: Content-Encoding %q", accept, h.Get("Content-Encoding"))
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
}

// A page says whether the core is there, and has no script and no style of its
// own: the policy would not let them run.
func TestHome(t *testing.T) {
	for _, c := range [][]byte{nil, []byte("x")} {
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
