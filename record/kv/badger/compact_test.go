package badger

import (
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"carehold/record/kv"
)

// fill overwrites one row with n values of 1 MiB, so that memory tables are
// flushed, and compacts what they became.
func fill(t *testing.T, e *Engine, n int) {
	t.Helper()
	value := make([]byte, 1<<20-1)
	rand.Read(value)
	for i := range n {
		put(t, e, kv1, "a", fmt.Sprint(i))
		put(t, e, kv2, "filler", string(value))
	}
	if err := e.db.Flatten(2); err != nil {
		t.Fatal(err)
	}
}

// A snapshot outlives the compaction of what it sees; without one, old versions go.
func TestSnapshotOutlivesCompaction(t *testing.T) {
	if testing.Short() {
		t.Skip("writes 170 MiB")
	}
	e, dir := create(t, testOptions())
	put(t, e, kv1, "a", "at first")
	if err := e.View(kv1, func(r kv.Reader) error {
		fill(t, e, 120)
		v, err := r.Get([]byte("a"))
		if string(v) != "at first" {
			t.Errorf("an open View sees %q, %v", v, err)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	fill(t, e, 50)
	shut(t, e)
	e = open(t, dir, testOptions())
	size := int64(0)
	tables, err := filepath.Glob(filepath.Join(dir, "*.sst"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range tables {
		if info, err := os.Stat(name); err == nil {
			size += info.Size()
		}
	}
	t.Logf("%d MiB in %d tables", size>>20, len(tables))
	if len(tables) == 0 || size > 24<<20 {
		t.Errorf("%d MiB of a store that has 1 and what one memory table holds: old versions are kept", size>>20)
	}
	if got := read(t, e, kv1, "a"); got != "49" {
		t.Errorf("a is %q", got)
	}
	testAdvice(t, e, dir)
}

// The kernel lists "rr" (random read) for each table's mapping.
func testAdvice(t *testing.T, e *Engine, dir string) {
	if _, err := os.Stat("/proc/self/smaps"); err != nil {
		t.Log("not tested: the kernel does not list its mappings here")
		return
	}
	if err := e.Housekeep(); err != nil {
		t.Fatal(err)
	}
	maps, err := os.ReadFile("/proc/self/smaps")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(maps), dir+"/")
	for n := 0; ; n++ {
		if !found {
			if n == 0 {
				t.Error("no mapping of the store")
			}
			return
		}
		name, more, _ := strings.Cut(rest, "\n")
		_, flags, _ := strings.Cut(more, "VmFlags:")
		flags, _, _ = strings.Cut(flags, "\n")
		if random := strings.Contains(flags+" ", " rr "); random != (filepath.Ext(name) != ".mem") && filepath.Ext(name) != "" {
			t.Errorf("%s: random %v", name, random)
		}
		_, rest, found = strings.Cut(more, dir+"/")
	}
}
