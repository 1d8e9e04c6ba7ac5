package crypto

import (
	"os"
	"os/exec"
	"testing"
)

// TestBuildsForTheBrowser: the person's device runs this package in a browser.
// The tests themselves run there too, where there is Node:
//
//	GOOS=js GOARCH=wasm go test -short -exec "$(go env GOROOT)/lib/wasm/go_js_wasm_exec" ./crypto
func TestBuildsForTheBrowser(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles the package for GOOS=js GOARCH=wasm")
	}
	cmd := exec.Command("go", "build", "-o", os.DevNull, ".")
	cmd.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
