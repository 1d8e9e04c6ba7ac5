package badger

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"

	"carehold/record/kv"
	"carehold/record/kv/kvtest"
)

var (
	testKey = bytes.Repeat([]byte{0x5a}, KeySize)
	headKey = []byte("head")
	ctx     = context.Background()
)

func testOptions() Options {
	return Options{Key: testKey, Anchored: []byte("h"), Reserve: -1}
}

func create(t testing.TB, opts Options) (*Engine, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "data", "db")
	e, err := Create(dir, opts)
	if err != nil {
		t.Fatalf("Create: %v", err)
	}
	t.Cleanup(func() { e.Close() })
	return e, dir
}

func open(t testing.TB, dir string, opts Options) *Engine {
	t.Helper()
	e, err := Open(dir, opts)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() { e.Close() })
	return e
}

func shut(t testing.TB, e *Engine) {
	t.Helper()
	if err := e.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
}

func put(t testing.TB, e *Engine, p kv.Partition, key, value string) {
	t.Helper()
	if err := e.Update(ctx, p, func(tx kv.Tx) error {
		tx.Put([]byte(key), []byte(value))
		return nil
	}); err != nil {
		t.Fatalf("Update: %v", err)
	}
}

func read(t testing.TB, e *Engine, p kv.Partition, key string) (value string) {
	t.Helper()
	if err := e.View(p, func(r kv.Reader) error {
		v, err := r.Get([]byte(key))
		value = string(v)
		return err
	}); err != nil {
		t.Fatalf("Get: %v", err)
	}
	return value
}

func TestConformance(t *testing.T) {
	kvtest.Run(t, func(t *testing.T) kvtest.Store {
		dir := filepath.Join(t.TempDir(), "db")
		// A head row among the keys the suite writes: the sum is kept all through.
		opts := Options{Key: testKey, Anchored: []byte("a")}
		return kvtest.Store{
			Open: func(t testing.TB) kv.Engine {
				do := Open
				if _, err := os.Stat(dir); err != nil {
					do = Create
				}
				e, err := do(dir, opts)
				if err != nil {
					t.Fatalf("opening: %v", err)
				}
				return e
			},
			Commits: func(e kv.Engine) uint64 { return e.(*Engine).last.seq },
		}
	})
}

// A neighbours reader ends with the function that it was given to, and so do its rows.
func TestNeighboursEnd(t *testing.T) {
	e, _ := create(t, testOptions())
	p := kv.Partition{1}
	put(t, e, p, "a", "1")
	var late kv.Getter
	if err := e.View(p, func(r kv.Reader) error {
		if err := kv.Neighbours(r, nil, func(near kv.Getter) error { late = near; return nil }); err != nil {
			return err
		}
		if _, err := late.Get([]byte("a")); err != errOver {
			t.Errorf("after its end, in the View: %v", err)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := late.Get([]byte("a")); err != errOver {
		t.Errorf("after the View: %v", err)
	}
}
