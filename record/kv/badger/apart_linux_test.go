package badger

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"carehold/record"
	"carehold/record/kv"
)

// noFiles lets the process open no file more.
func noFiles(t *testing.T) (back func()) {
	t.Helper()
	var was syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &was); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: 3, Max: was.Max}); err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &was); err != nil {
			t.Fatal(err)
		}
	}
}

// That no file can be opened stops nothing: a read is refused for now, and so is a write,
// also when that shows only once its file has been made.
func TestApartNoFiles(t *testing.T) {
	e, dir := create(t, apartOptions())
	put(t, e, kv1, "x1", large(1))
	x1 := func(r kv.Reader) error { _, err := r.Get([]byte("x1")); return err }
	write := func() error {
		return e.Update(ctx, kv1, func(tx kv.Tx) error { tx.Put([]byte("x2"), []byte(large(2))); return nil })
	}

	back := noFiles(t)
	read, wrote := e.View(kv1, x1), write()
	back()
	if read != errFiles || wrote != errFiles {
		t.Errorf("read: %v; write: %v", read, wrote)
	}

	sync := e.apart.sync
	e.apart.sync = func(f *os.File) error {
		err := sync(f)
		back = noFiles(t)
		return err
	}
	err := write()
	back()
	e.apart.sync = sync
	if err != nil {
		t.Errorf("with the file open already: %v", err)
	}
	put(t, e, kv1, "x1", large(3))
	apartSound(t, e, dir)
}

// What is no file in the folder is neither waited for nor changed.
func TestApartNoRegularFile(t *testing.T) {
	e, dir := create(t, apartOptions())
	put(t, e, kv1, "x1", large(1))
	shut(t, e)
	theirs := filepath.Join(t.TempDir(), "theirs")
	if err := errors.Join(os.Mkdir(theirs, 0o755), os.Chmod(theirs, 0o755), os.Symlink(theirs, filepath.Join(dir, apartDir, "link"))); err != nil {
		t.Fatal(err)
	}
	e = open(t, dir, apartOptions())
	if info, err := os.Stat(theirs); err != nil || info.Mode().Perm() != 0o755 {
		t.Errorf("what a link leads to is %v, %v", info.Mode(), err)
	}
	name := apartNames(t, dir)[0]
	if err := errors.Join(os.Rename(name, name+".away"), syscall.Mkfifo(name, 0o600)); err != nil {
		t.Fatal(err)
	}
	if err := e.View(kv1, func(r kv.Reader) error { _, err := r.Get([]byte("x1")); return err }); !errors.Is(err, record.Integrity) {
		t.Errorf("a pipe is read: %v", err)
	}
}
