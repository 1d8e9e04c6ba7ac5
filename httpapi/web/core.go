package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io"
	"net/http"
	"strconv"
	"strings"

	"carehold/record"
)

//go:embed core
var coreFiles embed.FS

// core is the person's core for the browser, as `make` has built it.
type core struct {
	zipped []byte
	etag   string // of the zipped file: a person can compare it with the published hash
}

// EmbeddedCore is the core that is built in, compressed; nil if none is.
func EmbeddedCore() []byte {
	b, err := coreFiles.ReadFile("core/core.wasm.gz")
	if err != nil {
		return nil
	}
	return b
}

func newCore(zipped []byte) *core {
	if len(zipped) == 0 {
		return nil
	}
	sum := sha256.Sum256(zipped)
	return &core{zipped, `"` + hex.EncodeToString(sum[:]) + `"`}
}

// CoreHash is the SHA-256 of the core as it was built, in hexadecimal; "" without one.
func (p *Pages) CoreHash() string {
	if p.core == nil {
		return ""
	}
	return strings.Trim(p.core.etag, `"`)
}

// Core serves the core, compressed to whoever takes it so.
func (p *Pages) Core(w http.ResponseWriter, r *http.Request) error {
	if p.core == nil {
		return record.Safef(record.NotFound, "the core is not built in: run make")
	}
	h := w.Header()
	h.Set("Content-Type", "application/wasm")
	h.Set("Cache-Control", "no-cache") // kept, and asked for each time: a new server brings a new core
	h.Set("Vary", "Accept-Encoding")
	h.Set("ETag", p.core.etag)
	if r.Header.Get("If-None-Match") == p.core.etag {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	if takesGzip(r.Header.Get("Accept-Encoding")) {
		h.Set("Content-Encoding", "gzip")
		h.Set("Content-Length", strconv.Itoa(len(p.core.zipped)))
		return sent(w.Write(p.core.zipped))
	}
	z, err := gzip.NewReader(bytes.NewReader(p.core.zipped))
	if err != nil {
		return record.Safef(record.Internal, "the core that is built in is not gzip")
	}
	n, err := io.Copy(w, z)
	return sent(int(n), err)
}

func takesGzip(accept string) bool {
	for part := range strings.SplitSeq(accept, ",") {
		name, q, _ := strings.Cut(strings.TrimSpace(part), ";")
		if strings.EqualFold(strings.TrimSpace(name), "gzip") {
			return strings.ReplaceAll(q, " ", "") != "q=0"
		}
	}
	return false
}
