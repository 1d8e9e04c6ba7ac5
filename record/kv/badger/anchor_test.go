package badger

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	bdb "github.com/dgraph-io/badger/v4"

	"carehold/record"
	"carehold/record/kv"
)

var kv1, kv2 = kv.Partition{15: 1}, kv.Partition{15: 2}

// copyTree copies the database, as a thief of yesterday's backup would.
func copyTree(t *testing.T, from string) (to string) {
	t.Helper()
	to = filepath.Join(t.TempDir(), "copy")
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	return to
}

func putBack(t *testing.T, from, to string) {
	t.Helper()
	if err := errors.Join(os.RemoveAll(to), os.CopyFS(to, os.DirFS(from))); err != nil {
		t.Fatal(err)
	}
}

func refused(t *testing.T, dir string, opts Options, anchor, database uint64) {
	t.Helper()
	e, err := Open(dir, opts)
	if err == nil {
		e.Close()
		t.Fatal("opened")
	}
	var r *Rollback
	if !errors.As(err, &r) || !errors.Is(err, record.Integrity) || record.KindOf(err) != record.Integrity {
		t.Fatalf("error %v", err)
	}
	if r.Anchor != anchor || r.Database != database {
		t.Errorf("%v, want anchor %d, database %d", r, anchor, database)
	}
}

// raw edits the database past the engine.
func raw(t *testing.T, dir string, edit func(*bdb.Txn) error) {
	t.Helper()
	db, err := bdb.Open(settings(dir, nil).WithLogger(nil))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(db.Update(edit), db.Close()); err != nil {
		t.Fatal(err)
	}
}

func TestOlderDatabase(t *testing.T) {
	opts := testOptions()
	e, dir := create(t, opts) // commit 1
	put(t, e, kv1, "a", "old")
	shut(t, e)
	old := copyTree(t, dir)
	e = open(t, dir, opts)
	put(t, e, kv1, "a", "new")
	put(t, e, kv1, "b", "new")
	shut(t, e)

	putBack(t, old, dir)
	refused(t, dir, opts, 4, 2)
	refused(t, dir, opts, 4, 2) // refusing mends nothing

	opts.AcceptLoss = true
	e = open(t, dir, opts)
	if !e.Accepted() {
		t.Error("the loss is not reported")
	}
	if got := read(t, e, kv1, "a"); got != "old" {
		t.Errorf("a is %q", got)
	}
	put(t, e, kv1, "a", "newest")
	shut(t, e)
	e = open(t, dir, opts)
	if e.Accepted() {
		t.Error("a loss is reported twice")
	}
	shut(t, e)
	opts.AcceptLoss = false
	e = open(t, dir, opts)
	if got := read(t, e, kv1, "a"); got != "newest" {
		t.Errorf("a is %q", got)
	}
}

// The same number of commits since the copy, but other ones.
func TestOtherHistory(t *testing.T) {
	opts := testOptions()
	e, dir := create(t, opts)
	shut(t, e)
	old, oldAnchor := copyTree(t, dir), filepath.Join(t.TempDir(), "anchor")
	anchorFile := filepath.Join(filepath.Dir(dir), "anchor")
	copyFile(t, anchorFile, oldAnchor)

	e = open(t, dir, opts)
	put(t, e, kv1, "head", "one")
	shut(t, e)
	one := copyTree(t, dir)

	putBack(t, old, dir)
	copyFile(t, oldAnchor, anchorFile)
	e = open(t, dir, opts)
	put(t, e, kv1, "head", "two")
	shut(t, e)

	putBack(t, one, dir)
	refused(t, dir, opts, 2, 2)
}

func readFile(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	b, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, b, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// One person's rows put back, everybody else's current.
func TestPartitionPutBack(t *testing.T) {
	opts := testOptions()
	for name, edit := range map[string]func(*bdb.Txn) error{
		"older":   func(txn *bdb.Txn) error { return txn.Set(rowKey(kv1, headKey), []byte("one")) },
		"removed": func(txn *bdb.Txn) error { return txn.Delete(rowKey(kv1, headKey)) },
		"another's": func(txn *bdb.Txn) error {
			return errors.Join(txn.Set(rowKey(kv1, headKey), []byte("of two")), txn.Set(rowKey(kv2, headKey), []byte("two")))
		},
		"of a new person": func(txn *bdb.Txn) error { return txn.Set(rowKey(kv.Partition{9}, headKey), []byte("one")) },
		"record removed":  func(txn *bdb.Txn) error { return txn.Delete([]byte(recordRow)) },
		"record forged": func(txn *bdb.Txn) error {
			r := macKey("another key").record(5, 1, sum{})
			return txn.Set([]byte(recordRow), macKey("another key").encode(r))
		},
	} {
		t.Run(name, func(t *testing.T) {
			e, dir := create(t, opts)
			put(t, e, kv1, "head", "one")
			put(t, e, kv2, "head", "of two")
			put(t, e, kv1, "head", "two")
			put(t, e, kv2, "unanchored", "x")
			shut(t, e)
			// Everything is as it was left before, and after an edit that changes nothing.
			raw(t, dir, func(txn *bdb.Txn) error { return txn.Set(rowKey(kv1, headKey), []byte("two")) })
			shut(t, open(t, dir, opts))
			raw(t, dir, edit)
			database := uint64(5)
			if name[:3] == "rec" {
				database = 0
			}
			refused(t, dir, opts, 5, database)

			opts := opts
			opts.AcceptLoss = true
			shut(t, open(t, dir, opts))
			opts.AcceptLoss = false
			open(t, dir, opts)
		})
	}
}

// Heads deleted, written twice in an update, and written by many at once add up.
func TestHeadsAddUp(t *testing.T) {
	opts := testOptions()
	e, dir := create(t, opts)
	var wg sync.WaitGroup
	for i := range 200 {
		wg.Go(func() {
			if err := e.Update(ctx, kv.Partition{byte(i % 5)}, func(tx kv.Tx) error {
				tx.Put(headKey, []byte{byte(i)})
				if i%7 == 0 {
					tx.Delete(headKey)
				}
				if i%3 == 0 {
					tx.Put(headKey, []byte{byte(i), 1})
				}
				return nil
			}); err != nil {
				t.Error(err)
			}
			_ = e.Update(ctx, kv1, func(tx kv.Tx) error { tx.Put(headKey, []byte("no")); return errors.New("no") })
		})
	}
	wg.Wait()
	want := e.sum
	shut(t, e)
	if e = open(t, dir, opts); e.sum != want {
		t.Error("the sum recomputed is another")
	}
	if e.sum == (sum{}) {
		t.Error("the sum is zero")
	}
}

func TestAnchorSlots(t *testing.T) {
	opts := testOptions()
	spoil := func(t *testing.T, path string, slot int, how func(b []byte)) {
		t.Helper()
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		how(b[slot*slotOffset:][:recordSize])
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	flip := func(at int) func([]byte) { return func(b []byte) { b[at] ^= 0x10 } }
	torn := func(b []byte) { clear(b[40:]) }
	newStore := func(t *testing.T) (dir, path string) {
		e, dir := create(t, opts) // commits 1 to 4, so the newest is in slot 0
		for range 3 {
			put(t, e, kv1, "head", "x")
		}
		shut(t, e)
		return dir, filepath.Join(filepath.Dir(dir), "anchor")
	}
	for name, how := range map[string]func([]byte){
		"torn": torn, "number": flip(23), "time": flip(30), "state": flip(50), "mac": flip(95), "magic": flip(0),
	} {
		t.Run(name, func(t *testing.T) {
			dir, path := newStore(t)
			spoil(t, path, 0, how) // as if cut short while commit 4 was anchored
			shut(t, open(t, dir, opts))
			if _, r, ok, err := openAnchor(path, testKey); !ok || err != nil || r.seq != 4 {
				t.Fatalf("not anchored again: %v %v %v", r.seq, ok, err)
			}
			spoil(t, path, 1, how) // the older one does not matter
			shut(t, open(t, dir, opts))
			spoil(t, path, 0, how)
			refused(t, dir, opts, 0, 4)
		})
	}
	t.Run("missing", func(t *testing.T) {
		dir, path := newStore(t)
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		refused(t, dir, opts, 0, 4)
	})
	t.Run("cut", func(t *testing.T) {
		dir, path := newStore(t)
		if err := os.Truncate(path, 10); err != nil {
			t.Fatal(err)
		}
		refused(t, dir, opts, 0, 4)
		opts := opts
		opts.AcceptLoss = true
		shut(t, open(t, dir, opts))
		opts.AcceptLoss = false
		open(t, dir, opts)
	})
	t.Run("other key", func(t *testing.T) {
		dir, path := newStore(t)
		other, before := opts, readFile(t, path)
		other.Key = bytes.Repeat([]byte{1}, KeySize)
		for _, other.AcceptLoss = range []bool{false, true} {
			if e, err := Open(dir, other); !errors.Is(err, ErrKey) || record.KindOf(err) != record.Integrity {
				t.Fatal(e, err)
			}
		}
		if after := readFile(t, path); !bytes.Equal(before, after) {
			t.Error("the anchor was written with another key")
		}
		shut(t, open(t, dir, opts)) // with its own key, as it was
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		other.AcceptLoss = true
		if e, err := Open(dir, other); !errors.Is(err, ErrKey) {
			t.Fatal("without an anchor:", e, err)
		}
	})
	t.Run("older by two", func(t *testing.T) {
		dir, path := newStore(t)
		saved := filepath.Join(t.TempDir(), "anchor")
		copyFile(t, path, saved)
		e := open(t, dir, opts)
		put(t, e, kv1, "head", "y")
		put(t, e, kv1, "head", "z")
		shut(t, e)
		copyFile(t, saved, path)
		refused(t, dir, opts, 4, 6)
	})
}

// The format, computed again from its description in doc.go.
func TestRecordFormat(t *testing.T) {
	mac := func(parts ...[]byte) []byte {
		h := hmac.New(sha256.New, testKey)
		h.Write(bytes.Join(parts, nil))
		return h.Sum(nil)
	}
	opts := testOptions()
	at := time.Date(2026, 9, 1, 2, 3, 4, 5, time.UTC)
	opts.Now = func() time.Time { return at }
	e, dir := create(t, opts)
	put(t, e, kv1, "head", "old")
	put(t, e, kv2, "head", "of two")
	put(t, e, kv1, "head", "of one")
	if !e.LastCommit().Equal(at) {
		t.Errorf("last commit %v", e.LastCommit())
	}
	shut(t, e)

	total := new(big.Int).SetBytes(mac([]byte("row\x00"), kv1[:], []byte{0, 4}, []byte("head"), []byte("of one")))
	total.Add(total, new(big.Int).SetBytes(mac([]byte("row\x00"), kv2[:], []byte{0, 4}, []byte("head"), []byte("of two"))))
	total.Mod(total, new(big.Int).Lsh(big.NewInt(1), 256))
	number := binary.BigEndian.AppendUint64(nil, 4)
	want := append([]byte("carehold anchor2"), number...)
	want = binary.BigEndian.AppendUint64(want, uint64(at.UnixNano()))
	want = append(want, mac([]byte("state\x00"), number, total.FillBytes(make([]byte, 32)))...)
	want = append(want, mac([]byte("slot\x00"), want)...)

	file, err := os.ReadFile(filepath.Join(filepath.Dir(dir), "anchor"))
	if err != nil {
		t.Fatal(err)
	}
	if got := file[:recordSize]; !bytes.Equal(got, want) {
		t.Errorf("slot 0 holds\n%x, want\n%x", got, want)
	}
	raw(t, dir, func(txn *bdb.Txn) error {
		got, _, err := get(txn, []byte("a"))
		if !bytes.Equal(got, want) {
			t.Errorf("the database holds\n%x, want\n%x", got, want)
		}
		return err
	})
}
