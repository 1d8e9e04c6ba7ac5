// Buildcore builds the person's core (cmd/core) for the browser into a folder, which
// httpapi/web embeds:
//
//	go generate ./httpapi/web
//
// puts there
//
//	core.wasm.zst   record/holder as WebAssembly, compressed
//	wasm_exec.js    Go's loader of it, of the same Go
//
// The same sources and the same Go make the same bytes, on every system: the paths of
// the machine are trimmed, no commit and no clock goes in, and what its environment says
// to Go otherwise is put aside. What is published of it is the SHA-256 of the
// WebAssembly itself, not of how it is compressed (docs/decisions/0039-core.md).
package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/zstd"
)

// settings are those of the environment that would change what Go makes.
var settings = []string{"GOOS=js", "GOARCH=wasm", "GOFLAGS=-mod=readonly", "GOWORK=off", "GOEXPERIMENT=", "GOWASM=", "GODEBUG=", "CGO_ENABLED=0"}

// flags: without inlining it is a twentieth smaller and, measured, no slower; x/crypto
// keeps it, because Argon2id lives on it.
var flags = []string{"-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-gcflags=all=-l", "-gcflags=golang.org/x/crypto/...="}

func main() {
	flag.Usage = func() { fmt.Fprintln(os.Stderr, "usage: buildcore folder") }
	flag.Parse()
	if flag.NArg() != 1 {
		flag.Usage()
		os.Exit(2)
	}
	if err := build(flag.Arg(0)); err != nil {
		fmt.Fprintln(os.Stderr, "buildcore:", err)
		os.Exit(1)
	}
}

func build(folder string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	temp, err := os.MkdirTemp("", "buildcore")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temp)
	wasm := filepath.Join(temp, "core.wasm")
	compile := exec.Command("go", append(append([]string{"build"}, flags...), "-o", wasm, "carehold/cmd/core")...)
	compile.Env = append(os.Environ(), settings...)
	compile.Stdout, compile.Stderr = os.Stderr, os.Stderr
	if err := compile.Run(); err != nil {
		return fmt.Errorf("go build: %w", err)
	}
	plain, err := os.ReadFile(wasm)
	if err != nil {
		return err
	}
	// RFC 9659: who takes zstd over HTTP has room for a window of 8 MiB.
	z, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedBestCompression), zstd.WithWindowSize(8<<20), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return err
	}
	if err := put(filepath.Join(folder, "core.wasm.zst"), z.EncodeAll(plain, nil)); err != nil {
		return err
	}
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return fmt.Errorf("go env: %w", err)
	}
	loader, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(root)), "lib", "wasm", "wasm_exec.js"))
	if err != nil {
		return err
	}
	return put(filepath.Join(folder, "wasm_exec.js"), loader)
}

// put writes a file whole or not at all: somebody may be building the program meanwhile.
func put(path string, content []byte) error {
	if err := os.WriteFile(path+".new", content, 0o644); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}
