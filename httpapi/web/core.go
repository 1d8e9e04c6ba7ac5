package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"carehold/record"
)

//go:generate go run ./buildcore core

//go:embed core
var coreFiles embed.FS

// core is the person's core for the browser, as `make` has built it. Its hash is that of
// the WebAssembly, however it was compressed for the way: whoever builds the same version
// gets the same, and whoever fetches it can compare.
type core struct {
	packed []byte // zstd
	sum    func() (coreSum, error)
	zipped func() ([]byte, error) // for browsers that do not take zstd
}

type coreSum struct {
	hash string
	size int64
}

// EmbeddedCore is the core that is built in, compressed; nil if none is.
func EmbeddedCore() []byte {
	b, err := coreFiles.ReadFile("core/core.wasm.zst")
	if err != nil {
		return nil
	}
	return b
}

func newCore(packed []byte) *core {
	if len(packed) == 0 {
		return nil
	}
	c := &core{packed: packed}
	c.sum = sync.OnceValues(func() (coreSum, error) {
		h := sha256.New()
		n, err := c.unpack(h)
		return coreSum{hex.EncodeToString(h.Sum(nil)), n}, err
	})
	c.zipped = sync.OnceValues(func() ([]byte, error) {
		var b bytes.Buffer
		z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
		if err != nil {
			return nil, err
		}
		if _, err := c.unpack(z); err != nil {
			return nil, err
		}
		if err := z.Close(); err != nil {
			return nil, err
		}
		return bytes.Clone(b.Bytes()), nil // it is kept: without the room a buffer has beyond
	})
	return c
}

// unpack writes the WebAssembly, a part at a time.
func (c *core) unpack(w io.Writer) (int64, error) {
	z, err := zstd.NewReader(bytes.NewReader(c.packed), zstd.WithDecoderConcurrency(1))
	if err != nil {
		return 0, err
	}
	defer z.Close()
	return z.WriteTo(w)
}

// CoreHash is the SHA-256 of the core, in hexadecimal; "" without one.
func (p *Pages) CoreHash() string {
	if p.core == nil {
		return ""
	}
	sum, err := p.core.sum()
	if err != nil {
		return ""
	}
	return sum.hash
}

// Core serves the core, compressed to whoever takes it so.
func (p *Pages) Core(w http.ResponseWriter, r *http.Request) error {
	if p.core == nil {
		return record.Safef(record.NotFound, "the core is not built in: run make")
	}
	sum, err := p.core.sum()
	if err != nil {
		return record.Safef(record.Internal, "the core that is built in is damaged: run make")
	}
	// Weak: one tag for the same bytes in several encodings (RFC 9110 §8.8.1).
	tag := `W/"` + sum.hash + `"`
	h := w.Header()
	h.Set("Content-Type", "application/wasm")
	h.Set("Cache-Control", "no-cache") // kept, and asked for each time: a new server brings a new core
	h.Set("Vary", "Accept-Encoding")
	h.Set("ETag", tag)
	if r.Header.Get("If-None-Match") == tag {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	accept := r.Header.Get("Accept-Encoding")
	switch {
	case takes(accept, "zstd"): // Chromium 123, Firefox 126
		h.Set("Content-Encoding", "zstd")
		h.Set("Content-Length", strconv.Itoa(len(p.core.packed)))
		return sent(w.Write(p.core.packed))
	case takes(accept, "gzip"):
		zipped, err := p.core.zipped()
		if err != nil {
			return record.Safef(record.Internal, "the core that is built in is damaged: run make")
		}
		h.Set("Content-Encoding", "gzip")
		h.Set("Content-Length", strconv.Itoa(len(zipped)))
		return sent(w.Write(zipped))
	}
	h.Set("Content-Length", strconv.FormatInt(sum.size, 10))
	n, err := p.core.unpack(w)
	return sent(int(n), err)
}

// takes reports whether an Accept-Encoding names a coding, and does not refuse it (RFC
// 9110 §12.5.3). A browser names each that it takes; "*" is taken for nothing.
func takes(accept, coding string) bool {
	for part := range strings.SplitSeq(accept, ",") {
		name, parameter, _ := strings.Cut(part, ";")
		if !strings.EqualFold(strings.TrimSpace(name), coding) {
			continue
		}
		key, q, _ := strings.Cut(parameter, "=")
		if !strings.EqualFold(strings.TrimSpace(key), "q") {
			return true
		}
		weight, err := strconv.ParseFloat(strings.TrimSpace(q), 32)
		return err == nil && weight > 0
	}
	return false
}
