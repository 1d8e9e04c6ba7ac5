//go:build unix

package badger

import (
	"io/fs"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

func privateFiles() { unix.Umask(0o077) }

// Not in parallel with anything: the umask is the process's.
func TestPermissions(t *testing.T) {
	unix.Umask(0)
	defer privateFiles()
	opts := testOptions()
	e, dir := create(t, opts)
	put(t, e, kv1, "a", "1")
	shut(t, e)
	privateFiles()
	for range 2 { // the first time what a careless process left is mended
		e = open(t, dir, opts)
		put(t, e, kv1, "a", "1")
		walk := func() {
			if err := filepath.WalkDir(filepath.Dir(dir), func(path string, d fs.DirEntry, err error) error {
				if err != nil {
					return err
				}
				info, err := d.Info()
				if err != nil {
					return err
				}
				if mode := info.Mode(); mode != 0o600 && mode != fs.ModeDir|0o700 {
					t.Errorf("%s is %v", filepath.Base(path), mode)
				}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
		}
		walk()
		shut(t, e)
		walk()
	}
}
