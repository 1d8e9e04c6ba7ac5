package badger

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	bdb "github.com/dgraph-io/badger/v4"

	"carehold/record"
	"carehold/record/kv"
)

// withTables makes a store whose rows are in tables, of several blocks.
func withTables(t *testing.T) (dir string, tables []string) {
	e, dir := create(t, testOptions())
	for i := range 10 {
		if err := e.Update(ctx, kv.Partition{byte(i)}, func(tx kv.Tx) error {
			for j := range 100 {
				tx.Put(fmt.Appendf(nil, "%03d", j), killValue(uint64(j)))
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	shut(t, e)
	tables, err := filepath.Glob(filepath.Join(dir, "*.sst"))
	if err != nil || len(tables) != 1 {
		t.Fatal(tables, err)
	}
	return dir, tables
}

// What Badger wrote is sound in its own eyes and in ours, and every flip of a bit
// that its own look at all blocks finds is found.
func TestTablesAreLookedAt(t *testing.T) {
	dir, tables := withTables(t)
	if s, err := inspect(dir); err != nil || s.tables != 1 || !s.closed || s.damaged != 0 {
		t.Fatal(s, err)
	}
	whole, err := os.ReadFile(tables[0])
	if err != nil {
		t.Fatal(err)
	}
	unopenable, damaged, unseen := 0, 0, 0
	for range 400 {
		b := append([]byte{}, whole...)
		b[rand.IntN(len(b))] ^= 1 << rand.IntN(8)
		if err := os.WriteFile(tables[0], b, 0o600); err != nil {
			t.Fatal(err)
		}
		switch _, err := checkTable(tables[0], true); {
		case errors.Is(err, record.Integrity):
			unopenable++
		case err == errTable:
			damaged++
		case err == nil:
			unseen++
		default:
			t.Fatal(err)
		}
	}
	t.Logf("%d cannot be opened, %d are damaged, %d are not found", unopenable, damaged, unseen)
	// No sum covers the sums themselves and their lengths; a sum of ours in a block
	// that is altered fails all the same.
	if damaged == 0 || unseen > 4 {
		t.Error("flips are not found")
	}
	for _, n := range []int64{0, 1, 3, 4, 20, int64(len(whole) / 2), int64(len(whole) - 1)} {
		if err := errors.Join(os.WriteFile(tables[0], whole, 0o600), os.Truncate(tables[0], n)); err != nil {
			t.Fatal(err)
		}
		if _, err := checkTable(tables[0], true); !errors.Is(err, record.Integrity) {
			t.Errorf("cut to %d bytes: %v", n, err)
		}
	}
}

// After a stop that was none, a table that is damaged is left alone, and everything
// in other blocks can be read and written.
func TestDamagedTable(t *testing.T) {
	dir, tables := withTables(t)
	b, err := os.ReadFile(tables[0])
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)/2] ^= 1
	// A killed store has a memory table's log.
	if err := errors.Join(os.WriteFile(tables[0], b, 0o600), os.WriteFile(filepath.Join(dir, "00099.mem"), nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	e := open(t, dir, testOptions())
	if damaged, all := e.Damaged(); damaged != 1 || all != 1 {
		t.Errorf("%d of %d tables are damaged", damaged, all)
	}
	put(t, e, kv1, "a", "1")
	read(t, e, kv.Partition{}, "000")
	shut(t, e)
	after, err := os.ReadFile(tables[0])
	if err != nil || string(after) != string(b) {
		t.Errorf("the damaged table was touched: %v", err)
	}

	b[len(b)-9] ^= 1 // where Badger needs it
	if err := os.WriteFile(tables[0], b, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir, testOptions()); !errors.Is(err, record.Integrity) {
		t.Errorf("Open: %v", err)
	}
}

// A block whose inner numbers are damaged makes Badger panic; a read of it is an
// error, also inside an update.
func TestDamagedBlock(t *testing.T) {
	dir, tables := withTables(t)
	b, err := os.ReadFile(tables[0])
	if err != nil {
		t.Fatal(err)
	}
	wrong := 0
	for i := range 300 {
		c := append([]byte{}, b...)
		for j := range 4 { // four bytes that may be a number
			c[(i*len(b)/310+j)%len(b)] ^= 0xff
		}
		if err := os.WriteFile(tables[0], c, 0o600); err != nil {
			t.Fatal(err)
		}
		db, err := bdb.OpenManaged(settings(dir, slog.New(slog.DiscardHandler)).WithReadOnly(true))
		if err != nil {
			continue
		}
		e := &Engine{db: db, gate: newGate(), apart: newApart(dir, nil), failed: make(chan struct{})}
		e.gate.advance(1 << 40)
		if _, err := e.Changes(0, func(kv.Partition, []byte, []byte) error { return nil }); err != nil {
			if !errors.Is(err, record.Integrity) {
				t.Fatal(err)
			}
			wrong++
		}
		for p := range 10 {
			_ = e.View(kv.Partition{byte(p)}, func(r kv.Reader) error {
				_, err := r.Get([]byte("050"))
				if err != nil && !errors.Is(err, record.Integrity) && !errors.Is(err, kv.ErrNotFound) {
					t.Fatal(err)
				}
				return nil
			})
		}
		db.Close()
	}
	t.Logf("%d of 300 said so", wrong)
	if wrong == 0 {
		t.Error("none was found")
	}
}

// Rows of a damaged block are never "not there" and never an older self: also when
// the store was closed, and also where rows are listed. What was written since is
// believed, and so is what is in other blocks.
func TestNothingIsDeniedInAHole(t *testing.T) {
	for _, unclean := range []bool{true, false} {
		dir, tables := withTables(t)
		b, err := os.ReadFile(tables[0])
		if err != nil {
			t.Fatal(err)
		}
		at := bytes.Index(b, killValue(50)) // a value, and the key of the row after it
		for i := range 560 {
			b[at+i] ^= 0x10
		}
		if err := os.WriteFile(tables[0], b, 0o600); err != nil {
			t.Fatal(err)
		}
		if unclean {
			if err := os.WriteFile(filepath.Join(dir, "00099.mem"), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		e := open(t, dir, testOptions())
		<-e.looked
		if n, _ := e.Damaged(); n != 1 {
			t.Fatalf("unclean %v: %d tables are damaged", unclean, n)
		}
		p := kv.Partition{}
		get := func(key string) error {
			return e.View(p, func(r kv.Reader) error { _, err := r.Get([]byte(key)); return err })
		}
		for _, key := range []string{"050", "051"} {
			if err := get(key); !errors.Is(err, record.Integrity) {
				t.Errorf("unclean %v, %s: %v", unclean, key, err)
			}
		}
		if err := get("000"); err != nil {
			t.Errorf("unclean %v, another block: %v", unclean, err)
		}
		list := func(p kv.Partition) error {
			return e.View(p, func(r kv.Reader) error {
				return r.Scan(nil, nil, func(_, _ []byte) (bool, error) { return true, nil })
			})
		}
		if err := list(p); !errors.Is(err, record.Integrity) {
			t.Errorf("unclean %v, a list: %v", unclean, err)
		}
		if err := list(kv.Partition{5}); err != nil {
			t.Errorf("unclean %v, another's list: %v", unclean, err)
		}
		if _, err := e.Changes(0, func(kv.Partition, []byte, []byte) error { return nil }); !errors.Is(err, record.Integrity) {
			t.Errorf("unclean %v, changes: %v", unclean, err)
		}
		put(t, e, p, "051", "new")
		if err := get("051"); err != nil {
			t.Errorf("unclean %v, written since: %v", unclean, err)
		}
		shut(t, e)
	}
}
