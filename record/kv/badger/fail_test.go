package badger

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"

	"carehold/record"
	"carehold/record/kv"
)

// After a failed sync nothing is acknowledged, shown or tried again.
func TestFailedSync(t *testing.T) {
	t.Run("of the anchor", func(t *testing.T) {
		failedSync(t, func(e *Engine, sync func(*os.File) error) { e.anchor.sync = sync })
	})
	if syncsMapped {
		t.Run("of the log", func(t *testing.T) {
			failedSync(t, func(e *Engine, sync func(*os.File) error) { e.wal.sync = sync })
		})
	}
}

func failedSync(t *testing.T, replace func(*Engine, func(*os.File) error)) {
	opts := testOptions()
	e, dir := create(t, opts)
	put(t, e, kv1, "a", "durable")
	replace(e, func(*os.File) error { return errors.New("injected") })
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			err := e.Update(ctx, kv1, func(tx kv.Tx) error {
				tx.Put([]byte("a"), []byte("unsure"))
				return nil
			})
			if err != kv.ErrFailed || !errors.Is(err, record.Unavailable) {
				t.Errorf("Update: %v", err)
			}
		})
	}
	wg.Wait()
	select {
	case <-e.Failed():
	default:
		t.Error("Failed is open")
	}
	replace(e, dataSync)
	if err := e.Update(ctx, kv1, func(kv.Tx) error { t.Error("ran"); return nil }); err != kv.ErrFailed {
		t.Errorf("Update afterwards: %v", err)
	}
	if err := e.View(kv1, func(kv.Reader) error { t.Error("ran"); return nil }); err != kv.ErrFailed {
		t.Errorf("View: %v", err)
	}
	if err := e.Partitions(func(kv.Partition) error { t.Error("ran"); return nil }); err != kv.ErrFailed {
		t.Errorf("Partitions: %v", err)
	}
	if err := e.Housekeep(); err != kv.ErrFailed {
		t.Errorf("Housekeep: %v", err)
	}
	shut(t, e)
	// The database may be one commit ahead; it opens, and is whole.
	e = open(t, dir, opts)
	if v := read(t, e, kv1, "a"); v != "durable" && v != "unsure" {
		t.Errorf("a is %q", v)
	}
}

// A View that begins while the sync is under way, or has just failed, does not
// see what may be lost.
func TestUnanchoredIsUnseen(t *testing.T) {
	e, _ := create(t, testOptions())
	put(t, e, kv1, "a", "durable")
	looked := make(chan struct{})
	e.anchor.sync = func(*os.File) error {
		if v := read(t, e, kv1, "a"); v != "durable" {
			t.Errorf("a View during the sync sees %q", v)
		}
		close(looked)
		return errors.New("injected")
	}
	_ = e.Update(ctx, kv1, func(tx kv.Tx) error { tx.Put([]byte("a"), []byte("unsure")); return nil })
	<-looked
}

// An error that an update came to by reading another's write is not told either,
// when that write is unsure.
func TestFailedBatchTellsNothing(t *testing.T) {
	e, _ := create(t, testOptions())
	inside, release := make(chan struct{}), make(chan struct{})
	e.anchor.sync = func(*os.File) error { return errors.New("injected") }
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := e.Update(ctx, kv1, func(tx kv.Tx) error {
			close(inside)
			<-release
			tx.Put([]byte("a"), nil)
			return nil
		}); err != kv.ErrFailed {
			t.Errorf("writer: %v", err)
		}
	})
	<-inside
	wg.Go(func() {
		if err := e.Update(ctx, kv1, func(tx kv.Tx) error {
			_, err := tx.Get([]byte("a"))
			return errors.Join(err, errors.New("it is there"))
		}); err != kv.ErrFailed {
			t.Errorf("reader: %v", err)
		}
	})
	for len(e.queue) == 0 {
		runtime.Gosched()
	}
	close(release)
	wg.Wait()
}

// An update that ends its goroutine cannot be answered for: the engine stops.
func TestGoexit(t *testing.T) {
	e, dir := create(t, testOptions())
	put(t, e, kv1, "a", "1")
	for range 2 {
		if err := e.Update(ctx, kv1, func(tx kv.Tx) error {
			tx.Put([]byte("a"), []byte("2"))
			runtime.Goexit()
			return nil
		}); err != kv.ErrFailed {
			t.Errorf("Update: %v", err)
		}
	}
	shut(t, e)
	if got := read(t, open(t, dir, testOptions()), kv1, "a"); got != "1" {
		t.Errorf("a is %q", got)
	}
}

func TestDiskFull(t *testing.T) {
	opts := testOptions()
	opts.Reserve = 1000
	e, _ := create(t, opts)
	for _, c := range []struct {
		free, size int
		full       bool
	}{
		{1000, 100_000, false}, {999, 100_000, true}, {999, 1000, false}, {500, 1000, false}, {499, 1000, true}, {0, 1, true},
	} {
		e.free = func(string) (int64, error) { return int64(c.free), nil }
		err := e.Update(ctx, kv1, func(tx kv.Tx) error { tx.Put([]byte("a"), make([]byte, c.size)); return nil })
		if c.full != errors.Is(err, ErrDiskFull) || c.full != errors.Is(err, record.Unavailable) || !c.full && err != nil {
			t.Errorf("%d free, %d written: %v", c.free, c.size, err)
		}
		if err := e.Update(ctx, kv1, func(tx kv.Tx) error { _, err := tx.Get([]byte("a")); return err }); err != nil {
			t.Errorf("an update that only reads: %v", err)
		}
	}
	if free, err := freeSpace(t.TempDir()); err != nil || free <= 0 || free == math.MaxInt64 && runtime.GOOS == "linux" {
		t.Errorf("free space %d, %v", free, err)
	}
}

func TestOpening(t *testing.T) {
	opts := testOptions()
	e, dir := create(t, opts)
	put(t, e, kv1, "a", "1")
	if _, err := Open(dir, opts); !errors.Is(err, record.Unavailable) {
		t.Errorf("open twice: %v", err)
	}
	if _, err := Create(dir, opts); !errors.Is(err, record.Conflict) {
		t.Errorf("create over a store: %v", err)
	}
	shut(t, e)
	if _, err := Open(filepath.Join(dir, "nothing"), opts); !errors.Is(err, record.NotFound) {
		t.Errorf("open nothing: %v", err)
	}
	if _, err := Open(t.TempDir(), opts); !errors.Is(err, record.NotFound) {
		t.Errorf("open an empty directory: %v", err)
	}
	// The anchor of a lost database keeps its place.
	if _, err := Create(filepath.Join(filepath.Dir(dir), "another"), opts); !errors.Is(err, record.Conflict) {
		t.Errorf("create beside another's anchor: %v", err)
	}
	if _, err := Create(t.TempDir(), Options{Key: testKey[:31]}); err == nil {
		t.Error("a short key is taken")
	}

	// What kills leave: empty logs.
	for _, name := range []string{"00098.mem", "00099.mem", "000002.vlog"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	e = open(t, dir, opts)
	if got := read(t, e, kv1, "a"); got != "1" {
		t.Errorf("a is %q", got)
	}
	if err := e.Housekeep(); err != nil {
		t.Errorf("Housekeep: %v", err)
	}
}

// Create cut short leaves a store that Open finishes.
func TestUnfinishedCreate(t *testing.T) {
	opts := testOptions()
	e, dir := create(t, opts)
	shut(t, e)
	if err := os.Remove(filepath.Join(filepath.Dir(dir), "anchor")); err != nil {
		t.Fatal(err)
	}
	e = open(t, dir, opts)
	put(t, e, kv1, "a", "1")
	shut(t, e)
	shut(t, open(t, dir, opts))
}
