//go:build !(js && wasm)

package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, `This program is for the browser. Build it with
  GOOS=js GOARCH=wasm go build -trimpath -ldflags="-s -w" \
    -gcflags=all=-l -gcflags=golang.org/x/crypto/...= -o core.wasm ./cmd/core`)
	os.Exit(2)
}
