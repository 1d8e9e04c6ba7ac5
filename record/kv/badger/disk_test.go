package badger

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"carehold/record"
	"carehold/record/kv"
)

// A mapped table that the disk does not give back ends a read with an error, and
// neither the process nor the reads of what is still there. A file cut short
// faults as a bad block does.
func TestFaultUnderARead(t *testing.T) {
	if testing.Short() || runtime.GOOS != "linux" {
		t.Skip("writes 40 MiB; other systems do not cut a mapped file")
	}
	e, dir := create(t, testOptions())
	fill(t, e, 40)
	shut(t, e)                         // Badger's own goroutines write no table now, or a fault in one of theirs would end the process
	e, err := Open(dir, testOptions()) // and never closed: a flush would wake a merge of what is cut
	if err != nil {
		t.Fatal(err)
	}
	put(t, e, kv.Partition{15: 3}, "in memory", "1")
	tables, err := filepath.Glob(filepath.Join(dir, "*.sst"))
	if err != nil || len(tables) == 0 {
		t.Fatal("no tables")
	}
	for _, name := range tables {
		if err := os.Truncate(name, 0); err != nil {
			t.Fatal(err)
		}
	}
	read1 := func(r kv.Reader) error { _, err := r.Get([]byte("filler")); return err }
	if err := e.View(kv2, read1); err != errFault {
		t.Errorf("View: %v", err)
	}
	if err := e.Update(ctx, kv2, func(tx kv.Tx) error { return read1(tx) }); err != errFault {
		t.Errorf("Update: %v", err)
	}
	if _, err := e.Changes(0, func(kv.Partition, []byte, []byte) error { return nil }); err != errFault {
		t.Errorf("Changes: %v", err)
	}
	if got := read(t, e, kv.Partition{15: 3}, "in memory"); got != "1" {
		t.Errorf("what is in memory reads %q", got)
	}
	func() {
		defer func() {
			if recover() != "a fault of fn's own" {
				t.Error("the panic of a function was taken")
			}
		}()
		_ = e.View(kv1, func(kv.Reader) error { panic("a fault of fn's own") })
	}()
}

// A memory table that cannot reach the disk stops the engine, which Badger alone
// would try for ever; and Close ends.
func TestFlushFails(t *testing.T) {
	if testing.Short() {
		t.Skip("writes 60 MiB")
	}
	e, dir := create(t, testOptions())
	if err := os.Rename(dir, dir+" gone"); err != nil {
		t.Fatal(err)
	}
	var err error
	for range 60 {
		if err = e.Update(ctx, kv1, func(tx kv.Tx) error { tx.Put([]byte("a"), make([]byte, 1<<20-1)); return nil }); err != nil {
			break
		}
	}
	if err != kv.ErrFailed {
		t.Errorf("Update: %v", err)
	}
	<-e.Failed()
	start := time.Now()
	if err := e.Close(); err == nil || time.Since(start) > closePatience+30*time.Second {
		t.Errorf("Close: %v after %v", err, time.Since(start))
	}
}

// What Badger only writes to its log stops the engine: so these must be its words.
func TestFatalWords(t *testing.T) {
	mod := strings.TrimSpace(run(t, "go", "list", "-m", "-f", "{{.Dir}}", "github.com/dgraph-io/badger/v4"))
	source := ""
	for _, name := range []string{"db.go", "value.go"} {
		b, err := os.ReadFile(filepath.Join(mod, name))
		if err != nil {
			t.Fatal(err)
		}
		source += string(b)
	}
	for format := range fatal {
		if !strings.Contains(source, `opt.Errorf("`+format) {
			t.Errorf("Badger does not say %q", format)
		}
	}
	e, _ := create(t, testOptions())
	e.db.Opts().Logger.Errorf("Error while curlf sync: %v\n", syscall.EIO)
	if err := e.Update(ctx, kv1, func(tx kv.Tx) error { return nil }); err != kv.ErrFailed {
		t.Errorf("Update: %v", err)
	}
}

func run(t *testing.T, name string, args ...string) string {
	out, err := exec.Command(name, args...).Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// A commit that is not answered stops the engine, and its caller is told.
func TestCommitHangs(t *testing.T) {
	e, _ := create(t, testOptions())
	e.patience = 20 * time.Millisecond
	release := make(chan struct{})
	e.anchor.sync = func(*os.File) error { <-release; return nil }
	if err := e.Update(ctx, kv1, func(tx kv.Tx) error { tx.Put([]byte("a"), nil); return nil }); err != kv.ErrFailed {
		t.Errorf("Update: %v", err)
	}
	close(release)
	shut(t, e)
}

// A disk that takes no write says so before the commit is begun: nothing stops,
// and when the disk is itself again, so is the store.
func TestProbe(t *testing.T) {
	e, dir := create(t, testOptions())
	good := e.probe
	f, err := os.Open(filepath.Join(dir, "MANIFEST")) // for reading: as read-only as a disk can be made here
	if err != nil {
		t.Fatal(err)
	}
	e.probe = &probe{f}
	if err := e.Update(ctx, kv1, func(tx kv.Tx) error { tx.Put([]byte("a"), nil); return nil }); err == nil || err == kv.ErrFailed {
		t.Errorf("Update: %v", err)
	}
	if err := e.Update(ctx, kv1, func(tx kv.Tx) error { return nil }); err != nil {
		t.Errorf("an update that writes nothing: %v", err)
	}
	f.Close()
	e.probe = good
	put(t, e, kv1, "a", "1")
}

func TestTroubleInWords(t *testing.T) {
	for no, want := range map[syscall.Errno]string{
		syscall.EIO: "fails (input/output error)", syscall.EROFS: "is read-only", syscall.ENOSPC: "is full: make room",
	} {
		for _, err := range []error{&os.PathError{Op: "open", Path: "x", Err: no}, errors.New("While opening memtable: " + no.Error())} {
			told := trouble(err, "/srv/carehold")
			if record.KindOf(told) != record.Unavailable || !strings.Contains(told.Error(), want) || !strings.Contains(told.Error(), "/srv/carehold") {
				t.Errorf("%v: %v", err, told)
			}
		}
	}
	if other := errors.New("other"); trouble(other, "") != other || trouble(nil, "") != nil {
		t.Error("another error is changed")
	}
}

// A store is not opened on a disk with less room than Badger may need at once.
func TestNoRoomToOpen(t *testing.T) {
	opts := testOptions()
	e, dir := create(t, opts)
	put(t, e, kv1, "a", "1")
	shut(t, e)
	opts.Reserve = 1 << 60
	if _, err := Open(dir, opts); !errors.Is(err, record.Unavailable) || !strings.Contains(err.Error(), "make room") {
		t.Errorf("Open: %v", err)
	}
	opts.Reserve = -1
	if got := read(t, open(t, dir, opts), kv1, "a"); got != "1" {
		t.Errorf("a is %q", got)
	}
}

// Two processes that open a store at the same moment both get as far as the lock.
func TestProbesAtOnce(t *testing.T) {
	dir := t.TempDir()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 200 {
				p, err := newProbe(dir)
				if err != nil {
					t.Error(err)
					return
				}
				p.close()
			}
		})
	}
	wg.Wait()
}
