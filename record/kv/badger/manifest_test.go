package badger

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"testing"
	"time"

	bdb "github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/table"

	"carehold/record"
)

// created is a set of one change, as Badger writes it.
func created(id, level byte) []byte {
	body := []byte{0x0a, 4, 0x08, id, 0x18, level}
	set := binary.BigEndian.AppendUint32(nil, uint32(len(body)))
	set = binary.BigEndian.AppendUint32(set, crc32.Checksum(body, crc32.MakeTable(crc32.Castagnoli)))
	return append(set, body...)
}

func appendTo(t *testing.T, path string, b []byte) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err == nil {
		_, err = f.Write(b)
	}
	if err = errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
}

// kill copies an open store, as a kill leaves it, and returns its folder.
func killed(t *testing.T, dir string) string {
	to := filepath.Join(t.TempDir(), "killed", "db")
	if err := os.CopyFS(to, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	copyFile(t, filepath.Join(filepath.Dir(dir), "anchor"), filepath.Join(filepath.Dir(to), "anchor"))
	return to
}

// The manifest names a table whose writing failed.
func TestManifestNamesNoTable(t *testing.T) {
	e, dir := create(t, testOptions())
	put(t, e, kv1, "head", "1")
	shut(t, e)
	e = open(t, dir, testOptions())
	put(t, e, kv1, "head", "2")
	put(t, e, kv1, "a", "2")

	dead := killed(t, dir)
	manifest := filepath.Join(dead, bdb.ManifestFilename)
	appendTo(t, manifest, created(77, 0))
	for range 2 {
		e := open(t, dead, testOptions())
		if got := read(t, e, kv1, "a") + read(t, e, kv1, "head"); got != "22" {
			t.Errorf("found %q", got)
		}
		shut(t, e)
	}

	// A change cut short at the end is no change, and none stands in the way.
	dead = killed(t, dir)
	appendTo(t, filepath.Join(dead, bdb.ManifestFilename), append(created(77, 0), created(78, 0)[:9]...))
	shut(t, open(t, dead, testOptions()))
}

// A table that is really gone is never taken for one that failed: neither what was
// flushed and not merged, nor what was merged.
func TestTableIsGone(t *testing.T) {
	e, dir := create(t, testOptions())
	for i := range 3 { // three tables at level 0
		put(t, e, kv1, fmt.Sprint("of ", i), "1")
		put(t, e, kv1, "head", fmt.Sprint(i))
		shut(t, e)
		e = open(t, dir, testOptions())
	}
	put(t, e, kv1, "in the log", "1")
	put(t, e, kv1, "head", "new")
	tables, err := filepath.Glob(filepath.Join(dir, "*.sst"))
	if err != nil || len(tables) != 3 {
		t.Fatal(tables, err)
	}
	for _, name := range tables {
		dead := killed(t, dir)
		if err := os.Remove(filepath.Join(dead, filepath.Base(name))); err != nil {
			t.Fatal(err)
		}
		if e, err := Open(dead, testOptions()); !errors.Is(err, record.Integrity) {
			if err == nil {
				e.Close()
			}
			t.Errorf("without %s: %v", filepath.Base(name), err)
		}
	}
	for i := range 3 { // and now there are enough to be merged
		shut(t, e)
		e = open(t, dir, testOptions())
		put(t, e, kv1, "more", fmt.Sprint(i))
	}
	merged := ""
	for since := time.Now(); merged == ""; time.Sleep(10 * time.Millisecond) {
		all := e.db.Tables()
		tables, _ = filepath.Glob(filepath.Join(dir, "*.sst"))
		for _, info := range all {
			if info.Level > 0 && len(all) == len(tables) {
				merged = filepath.Base(table.NewFilename(info.ID, dir))
			}
		}
		if time.Since(since) > 20*time.Second {
			t.Fatal("nothing is merged")
		}
	}
	dead := killed(t, dir)
	appendTo(t, filepath.Join(dead, bdb.ManifestFilename), created(77, 0))
	e2 := open(t, dead, testOptions())
	if got := read(t, e2, kv1, "of 1") + read(t, e2, kv1, "in the log"); got != "11" {
		t.Errorf("found %q", got)
	}
	shut(t, e2)
	if err := os.Remove(filepath.Join(dead, merged)); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := Open(dead, testOptions()); !errors.Is(err, errGone) {
			t.Errorf("a store without its merged table: %v", err)
		}
	}
}

// The same after a loss was accepted, which makes the commits' numbers leap.
func TestManifestAfterAcceptedLoss(t *testing.T) {
	opts := testOptions()
	e, dir := create(t, opts)
	put(t, e, kv1, "head", "1")
	shut(t, e)
	old := copyTree(t, dir)
	e = open(t, dir, opts)
	put(t, e, kv1, "head", "2")
	put(t, e, kv1, "head", "3")
	shut(t, e)
	putBack(t, old, dir)
	opts.AcceptLoss = true
	e = open(t, dir, opts)
	put(t, e, kv1, "head", "4")
	dead := killed(t, dir)
	appendTo(t, filepath.Join(dead, bdb.ManifestFilename), created(77, 0))
	opts.AcceptLoss = false
	e = open(t, dead, opts)
	if got := read(t, e, kv1, "head"); got != "4" {
		t.Errorf("head is %q", got)
	}
}

// Whatever a manifest holds, looking at it does not panic, and changes nothing that
// cannot be made whole.
func FuzzManifest(f *testing.F) {
	f.Add(append(append(created(1, 0), created(200, 6)...), 0, 0, 0))
	f.Fuzz(func(t *testing.T, b []byte) {
		sets, ok := changeSets(b)
		n := 0
		for _, s := range sets {
			n += len(s.raw)
		}
		if ok && n > len(b) {
			t.Error("more was read than there is")
		}
		_ = allThere(sets, func(uint64) bool { return false })
	})
}

func FuzzTable(f *testing.F) {
	f.Add([]byte{8, 0, 16, 5, 0, 0, 0, 4})
	f.Fuzz(func(t *testing.T, b []byte) {
		path := filepath.Join(t.TempDir(), "1.sst")
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		_, _ = checkTable(path, true)
	})
}
