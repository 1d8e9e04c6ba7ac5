package badger

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// syncDir makes the names in dir last.
func syncDir(dir string) error {
	d, err := openDir(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.sync(), d.close())
}

// names are a directory's, open to be made to last: nothing where a directory cannot be
// synced.
type names struct{ f *os.File }

func openDir(dir string) (names, error) {
	if runtime.GOOS == "windows" {
		return names{}, nil
	}
	f, err := os.Open(dir)
	return names{f}, err
}

func (d names) sync() error {
	if d.f == nil {
		return nil
	}
	return d.f.Sync()
}

func (d names) close() error {
	if d.f == nil {
		return nil
	}
	return d.f.Close()
}

// tighten takes from everybody else what Badger left open. New files get 0600
// only if the process runs with umask 077, which is the binary's to set; until
// then the directory's 0700 is what keeps others out.
func tighten(dir string) error {
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil // a compaction was quicker
		case err != nil:
			return err
		case !d.IsDir() && !d.Type().IsRegular():
			return nil // the mode of a link's target is not the store's to set
		}
		mode := fs.FileMode(0o600)
		if d.IsDir() {
			mode = 0o700
		}
		if err := os.Chmod(path, mode); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	})
}

// empty reports whether dir holds nothing but a lock left by a kill.
func empty(dir string) (bool, error) {
	entries, err := os.ReadDir(dir)
	for _, d := range entries {
		if d.Name() != "LOCK" {
			return false, err
		}
	}
	return err == nil, err
}
