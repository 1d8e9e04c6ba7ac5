//go:build !(js && wasm)

package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, `This program is for the browser. Build it with
  go generate ./httpapi/web`)
	os.Exit(2)
}
