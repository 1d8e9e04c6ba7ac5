package badger

import (
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
	if s, err := inspect(dir); err != nil || s != (soundness{tables: 1, closed: true}) {
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
		switch err := checkTable(tables[0], true); {
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
	if unopenable == 0 || damaged == 0 || unseen > 20 {
		t.Error("flips are not found")
	}
	for _, n := range []int64{0, 1, 3, 4, 20, int64(len(whole) / 2), int64(len(whole) - 1)} {
		if err := errors.Join(os.WriteFile(tables[0], whole, 0o600), os.Truncate(tables[0], n)); err != nil {
			t.Fatal(err)
		}
		if err := checkTable(tables[0], true); !errors.Is(err, record.Integrity) {
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
		e := &Engine{db: db, gate: newGate(), failed: make(chan struct{})}
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
