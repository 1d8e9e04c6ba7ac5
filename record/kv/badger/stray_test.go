package badger

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	bdb "github.com/dgraph-io/badger/v4"

	"carehold/record"
)

// One bit in the length of the manifest's last entry: Badger takes the table for one
// that was never finished. It must neither be missed in silence nor removed.
func TestTableLostFromTheList(t *testing.T) {
	e, dir := create(t, testOptions())
	put(t, e, kv1, "capsule", "1")
	put(t, e, kv1, "head", "1")
	shut(t, e) // a table
	e = open(t, dir, testOptions())
	put(t, e, kv1, "head", "2")
	dead := killed(t, dir)
	manifest := filepath.Join(dead, bdb.ManifestFilename)
	b, err := os.ReadFile(manifest)
	if err != nil {
		t.Fatal(err)
	}
	sets, ok := changeSets(b[8:])
	if !ok || len(sets) == 0 {
		t.Fatal(sets, ok)
	}
	last := len(b) - len(sets[len(sets)-1].raw)
	b[last+3] ^= 1 << 4
	if err := os.WriteFile(manifest, b, 0o600); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if _, err := Open(dead, testOptions()); !errors.Is(err, record.Integrity) {
			t.Fatalf("Open: %v", err)
		}
	}
	if kept, _ := filepath.Glob(filepath.Join(dead, asideDir, "*.sst")); len(kept) != 1 {
		t.Errorf("kept: %v", kept)
	}
	opts := testOptions()
	opts.AcceptLoss = true
	e = open(t, dead, opts)
	if !e.Accepted() {
		t.Error("not accepted")
	}
	shut(t, e)
	shut(t, open(t, dead, testOptions()))
}

// What a kill in the middle of a flush or a merge leaves is in the store as well,
// and is removed.
func TestStrayTables(t *testing.T) {
	e, dir := create(t, testOptions())
	put(t, e, kv1, "a", "1")
	put(t, e, kv1, "head", "1")
	shut(t, e)
	tables, err := filepath.Glob(filepath.Join(dir, "*.sst"))
	if err != nil || len(tables) != 1 {
		t.Fatal(tables, err)
	}
	copyFile(t, tables[0], filepath.Join(dir, "000088.sst"))                                          // as the old ones after a merge
	if err := os.WriteFile(filepath.Join(dir, "000089.sst"), make([]byte, 4096), 0o600); err != nil { // never finished
		t.Fatal(err)
	}
	e = open(t, dir, testOptions())
	if got := read(t, e, kv1, "a"); got != "1" {
		t.Errorf("a is %q", got)
	}
	if _, err := os.Stat(filepath.Join(dir, asideDir)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("what was put aside is still there: %v", err)
	}
}
