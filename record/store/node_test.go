package store

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// TestNodeKeyMode: a key that others could read is refused, except where systemd
// handed it over: with an ACL for the service's user its mode shows as 0440.
func TestNodeKeyMode(t *testing.T) {
	if runtime.GOOS == "windows" {
		return // no modes
	}
	dir := t.TempDir()
	path := filepath.Join(dir, nodeKeyFile)
	if err := createNodeKey(path); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		mode        os.FileMode
		credentials string
		good        bool
	}{
		{0o600, "", true},
		{0o400, "", true},
		{0o440, "", false},
		{0o604, "", false},
		{0o440, dir, true},
		{0o440, dir + "/", true},
		{0o440, filepath.Dir(dir), false},
		{0o440, ".", false},
	} {
		if err := os.Chmod(path, c.mode); err != nil {
			t.Fatal(err)
		}
		t.Setenv("CREDENTIALS_DIRECTORY", c.credentials)
		if _, err := readNodeKey(path); (err == nil) != c.good {
			t.Errorf("mode %o, credentials in %q: %v", c.mode, c.credentials, err)
		}
	}
}
