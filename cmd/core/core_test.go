package main

import (
	"bytes"
	"compress/gzip"
	"log/slog"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"carehold/httpapi"
	"carehold/record/keys"
	"carehold/record/store"
)

// maxCompressed is the promise: what a phone downloads before its first unlock.
const maxCompressed = 1_300_000

// TestCore builds the core as it is shipped, weighs it, and runs it in node
// against a real server. It needs node and half a minute, so it runs when
// CAREHOLD_CORE is set, as .ci/run does.
func TestCore(t *testing.T) {
	if os.Getenv("CAREHOLD_CORE") == "" {
		t.Skip("builds WebAssembly and needs node: set CAREHOLD_CORE=1 to run")
	}
	node, err := exec.LookPath("node")
	if err != nil {
		t.Fatal("CAREHOLD_CORE is set and there is no node")
	}
	folder := t.TempDir()
	if out, err := exec.Command("go", "run", "carehold/httpapi/web/buildcore", folder).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	packed, err := os.ReadFile(filepath.Join(folder, "core.wasm.zst"))
	if err != nil {
		t.Fatal(err)
	}
	z, err := zstd.NewReader(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	plain, err := z.DecodeAll(packed, nil)
	if err != nil {
		t.Fatal(err)
	}
	wasm := filepath.Join(folder, "core.wasm")
	if err := os.WriteFile(wasm, plain, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Run("size", func(t *testing.T) {
		var zipped counter
		w, err := gzip.NewWriterLevel(&zipped, gzip.BestCompression)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(plain); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		t.Logf("%d bytes, %d compressed (zstd), %d for a browser that only takes gzip", len(plain), len(packed), zipped)
		if len(packed) >= maxCompressed {
			t.Errorf("the core has %d bytes compressed, and should have fewer than %d", len(packed), maxCompressed)
		}
	})
	// Whoever compares hashes must come to the same: on a machine with another clock,
	// and with another wish of its owner's.
	t.Run("the same again", func(t *testing.T) {
		again := t.TempDir()
		build := exec.Command("go", "run", "carehold/httpapi/web/buildcore", again)
		build.Env = append(os.Environ(), "GOFLAGS=-tags=purego", "TZ=Asia/Tokyo")
		if out, err := build.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		other, err := os.ReadFile(filepath.Join(again, "core.wasm.zst"))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(other, packed) {
			t.Errorf("another environment makes another core of the same source")
		}
	})
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	runner := filepath.Join(strings.TrimSpace(string(root)), "lib", "wasm", "wasm_exec.js")
	t.Run("ops", func(t *testing.T) { ops(t, node, wasm, runner) })
	t.Run("node", func(t *testing.T) {
		url, invite := serve(t)
		out, err := exec.CommandContext(t.Context(), node, "smoke.mjs", wasm, runner, url, invite).CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		t.Logf("milliseconds on %s, %s", runtime.GOARCH, out)
	})
}

type counter int64

func (c *counter) Write(b []byte) (int, error) { *c += counter(len(b)); return len(b), nil }

// serve runs a real server with one invite.
func serve(t *testing.T) (url, invite string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "store")
	if err := store.Init(dir); err != nil {
		t.Fatal(err)
	}
	quiet := slog.New(slog.DiscardHandler)
	s, err := store.Open(dir, store.Options{Log: quiet})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	c, err := s.Invite(t.Context(), keys.Invite{Until: time.Now().Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	server, err := httpapi.New(s, httpapi.Config{PublicURL: "https://record.example.org", Version: "test", Logger: quiet})
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(server)
	t.Cleanup(web.Close)
	return web.URL, c.Token()
}
