package badger

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	bdb "github.com/dgraph-io/badger/v4"

	"carehold/record"
	"carehold/record/kv"
	"carehold/record/kv/kvtest"
)

// apartOptions have rows whose keys begin with x kept apart.
func apartOptions() Options {
	o := testOptions()
	o.Apart = []byte("x")
	return o
}

// large is a value that is kept apart.
func large(seed byte) string { return string(bytes.Repeat([]byte{seed, seed + 1, 3}, 256<<10/3)) }

func remove(t testing.TB, e *Engine, p kv.Partition, key string) {
	t.Helper()
	if err := e.Update(ctx, p, func(tx kv.Tx) error { tx.Delete([]byte(key)); return nil }); err != nil {
		t.Fatal(err)
	}
}

// apartSound looks whether each row that is apart is there, each file is counted right,
// and there is no other file.
func apartSound(t testing.TB, e *Engine, dir string) {
	t.Helper()
	counted, used := map[uint64]uint32{}, map[uint64]uint32{}
	txn := e.db.NewTransactionAt(e.ts, false)
	defer txn.Discard()
	it := txn.NewIterator(bdb.DefaultIteratorOptions)
	defer it.Close()
	for it.Rewind(); it.Valid(); it.Next() {
		key := it.Item().KeyCopy(nil)
		v, err := it.Item().ValueCopy(nil)
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case key[0] == apartRow:
			counted[binary.BigEndian.Uint64(key[1:])] = binary.BigEndian.Uint32(v)
		case it.Item().UserMeta() == isApart:
			x, _ := decodePlace(v)
			used[x.file]++
			if _, err := e.apart.rows().read(v, nil); err != nil {
				t.Errorf("a row that is apart: %v", err)
			}
		}
	}
	if !maps.Equal(counted, used) {
		t.Errorf("%d files are counted, %d are in use, and not alike", len(counted), len(used))
	}
	if n := len(apartNames(t, dir)); n != len(used) {
		t.Errorf("%d files are there, %d in use", n, len(used))
	}
}

func apartNames(t testing.TB, dir string) []string {
	t.Helper()
	list, err := filepath.Glob(filepath.Join(dir, apartDir, "*.rows"))
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// The whole of what an engine promises holds when each row but the anchored is apart.
func TestConformanceApart(t *testing.T) {
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	all[0] = 'b' // for 'a', which is anchored
	all = bytes.ReplaceAll(all, []byte("a"), nil)
	all = append(all, 0)
	kvtest.Run(t, func(t *testing.T) kvtest.Store {
		dir := filepath.Join(t.TempDir(), "db")
		return kvtest.Store{
			Open: func(t testing.TB) kv.Engine {
				do := Open
				if _, err := os.Stat(dir); err != nil {
					do = Create
				}
				e, err := do(dir, Options{Key: testKey, Anchored: []byte("a"), Apart: all})
				if err != nil {
					t.Fatalf("opening: %v", err)
				}
				e.apart.least = 0
				return e
			},
			Commits: func(e kv.Engine) uint64 { return e.(*Engine).last.seq },
		}
	})
}

// A large row is in a file and not in Badger's logs and tables, and reads in every way
// as others do; a small one, and a large one of another kind, are where they were.
func TestApart(t *testing.T) {
	opts := apartOptions()
	e, dir := create(t, opts)
	want := map[string]string{"x1": large(1), "x2": "small", "x3": large(3), "y1": large(9)}
	if err := e.Update(ctx, kv1, func(tx kv.Tx) error {
		for k, v := range want {
			tx.Put([]byte(k), []byte(v))
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	look := func(when string) {
		t.Helper()
		got := map[string]string{}
		near := map[string]string{}
		if err := e.View(kv1, func(r kv.Reader) error {
			for k := range want {
				if v, err := r.Get([]byte(k)); err != nil || string(v) != want[k] {
					t.Errorf("%s: Get %s: %d bytes, %v", when, k, len(v), err)
				}
			}
			if err := kv.Neighbours(r, []byte("x"), func(g kv.Getter) error {
				for _, k := range []string{"x1", "x2", "x3"} {
					v, err := g.Get([]byte(k))
					if err != nil {
						return err
					}
					near[k] = string(v)
				}
				return nil
			}); err != nil {
				return err
			}
			return r.Scan(nil, nil, func(k, v []byte) (bool, error) { got[string(k)] = string(v); return true, nil })
		}); err != nil {
			t.Fatal(err)
		}
		if err := e.ViewDamaged(kv1, func(r kv.Reader) error {
			v, err := r.Get([]byte("x1"))
			if string(v) != want["x1"] {
				t.Errorf("%s: who verifies is given %d bytes", when, len(v))
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
		changed := map[string]string{}
		if _, err := e.Changes(0, func(_ kv.Partition, k, v []byte) error { changed[string(k)] = string(v); return nil }); err != nil {
			t.Fatal(err)
		}
		for k, v := range want {
			if got[k] != v || changed[k] != v || k[0] == 'x' && near[k] != v {
				t.Errorf("%s: %s is another in a scan (%v), to who follows (%v) or among neighbours (%v)", when, k, got[k] == v, changed[k] == v, near[k] == v)
			}
		}
	}
	look("at first")
	names := apartNames(t, dir)
	if len(names) != 1 {
		t.Fatalf("%d files of one commit", len(names))
	}
	if b, err := os.ReadFile(names[0]); err != nil || len(b) != len(want["x1"])+len(want["x3"]) {
		t.Errorf("%d bytes are apart, %v", len(b), err)
	}
	if e.Measure().Size < int64(len(want["x1"])) {
		t.Error("what is apart is not measured")
	}
	shut(t, e)
	e = open(t, dir, opts)
	look("opened again")
	for _, pattern := range []string{"*.sst", "*.mem"} {
		files, _ := filepath.Glob(filepath.Join(dir, pattern))
		for _, name := range files {
			if b, err := os.ReadFile(name); err != nil || bytes.Contains(b, []byte(want["x1"][:4096])) {
				t.Errorf("%s has the row too, %v", filepath.Base(name), err)
			}
		}
	}
}

// A file goes when the last of its rows does and no View sees it, and not before; what
// a row is replaced by makes no difference.
func TestApartIsRemoved(t *testing.T) {
	opts := apartOptions()
	e, dir := create(t, opts)
	if err := e.Update(ctx, kv1, func(tx kv.Tx) error {
		tx.Put([]byte("x1"), []byte(large(1)))
		tx.Put([]byte("x2"), []byte(large(2)))
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	put(t, e, kv2, "x1", large(5))
	count := func(want int, when string) {
		t.Helper()
		if n := len(apartNames(t, dir)); n != want {
			t.Errorf("%s: %d files, not %d", when, n, want)
		}
	}
	count(2, "two commits")
	remove(t, e, kv1, "x1")
	remove(t, e, kv1, "x1") // again, and one that never was
	remove(t, e, kv1, "x7")
	count(2, "one of two rows removed")
	apartSound(t, e, dir)
	if err := e.View(kv1, func(r kv.Reader) error {
		put(t, e, kv1, "x2", "small now")
		count(2, "seen by a View")
		if v, err := r.Get([]byte("x2")); err != nil || string(v) != large(2) {
			t.Errorf("the View sees %d bytes, %v", len(v), err)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if err := e.Housekeep(); err != nil {
		t.Fatal(err)
	}
	count(1, "seen by nobody")
	put(t, e, kv2, "x1", large(6)) // one for another
	count(1, "replaced")
	if err := e.View(kv2, func(kv.Reader) error { remove(t, e, kv2, "x1"); return nil }); err != nil {
		t.Fatal(err)
	}
	count(1, "removed under a View")
	shut(t, e)
	count(0, "closed")
	if size := e.apart.bytes.Load(); size != 0 {
		t.Errorf("%d bytes are said to be there", size)
	}
	e = open(t, dir, opts)
	if got := read(t, e, kv1, "x2"); got != "small now" {
		t.Errorf("x2 is %q", got)
	}
}

// A commit that the disk has no room for is refused, with the update that was run on top
// of it already, and the store goes on as if neither had been.
func TestApartDiskFull(t *testing.T) {
	opts := apartOptions()
	e, dir := create(t, opts)
	put(t, e, kv1, "head", "1")
	write, fails := e.apart.write, 1
	e.apart.write = func(f *os.File, b []byte) error {
		if fails--; fails < 0 {
			return write(f, b)
		}
		_ = write(f, b[:1000])
		return &os.PathError{Op: "write", Path: f.Name(), Err: syscall.ENOSPC}
	}
	// More than one commit takes, and all of them wait while another commit is synced.
	const updates = 30
	if updates*256<<10 < 2*e.max {
		t.Fatal("one commit takes them all")
	}
	inside, release := make(chan bool), make(chan bool)
	var once sync.Once
	e.anchor.sync = func(f *os.File) error {
		once.Do(func() { close(inside); <-release })
		return dataSync(f)
	}
	var wg sync.WaitGroup
	wg.Go(func() { put(t, e, kv2, "y", "the first") })
	<-inside
	var refused, done atomic.Int64
	for i := range updates {
		wg.Go(func() {
			err := e.Update(ctx, kv1, func(tx kv.Tx) error {
				old, err := tx.Get(headKey)
				tx.Put(headKey, append(old, 'x')) // an anchored row goes with it
				tx.Put(fmt.Append([]byte("x"), i), []byte(large(byte(i))))
				return err
			})
			switch err {
			case nil:
				done.Add(1)
			case ErrDiskFull:
				refused.Add(1)
			default:
				t.Errorf("Update: %v", err)
			}
		})
	}
	for len(e.queue) < updates {
		time.Sleep(time.Millisecond)
	}
	close(release)
	wg.Wait()
	t.Logf("%d refused, %d done", refused.Load(), done.Load())
	if refused.Load() < 2 || done.Load() == 0 {
		t.Errorf("%d are refused, %d done", refused.Load(), done.Load())
	}
	apartSound(t, e, dir)
	if got := read(t, e, kv1, "head"); got != "1"+strings.Repeat("x", int(done.Load())) {
		t.Errorf("%d updates are done, and the head is %q", done.Load(), got)
	}
	put(t, e, kv1, "head", "2")
	shut(t, e)
	e = open(t, dir, opts) // the anchor agrees
	if read(t, e, kv1, "head") != "2" {
		t.Error("what was committed afterwards is another")
	}
}

// A file that cannot be synced or written is the end, and nothing of it is acknowledged.
func TestApartFails(t *testing.T) {
	for name, spoil := range map[string]func(*apart){
		"sync":  func(a *apart) { a.sync = func(*os.File) error { return syscall.EIO } },
		"write": func(a *apart) { a.write = func(*os.File, []byte) error { return syscall.EIO } },
		"gone":  func(a *apart) { os.RemoveAll(a.dir) },
	} {
		t.Run(name, func(t *testing.T) {
			e, dir := create(t, apartOptions())
			put(t, e, kv1, "x1", "durable")
			spoil(e.apart)
			if err := e.Update(ctx, kv1, func(tx kv.Tx) error { tx.Put([]byte("x1"), []byte(large(1))); return nil }); err != kv.ErrFailed {
				t.Errorf("Update: %v", err)
			}
			shut(t, e)
			e = open(t, dir, apartOptions())
			if got := read(t, e, kv1, "x1"); got != "durable" {
				t.Errorf("x1 has %d bytes", len(got))
			}
		})
	}
}

// The rows are on the disk, and their file's name, before Badger hears of them.
func TestApartIsFirst(t *testing.T) {
	e, _ := create(t, apartOptions())
	var order []string
	e.apart.sync = func(f *os.File) error { order = append(order, "rows"); return dataSync(f) }
	if syncsMapped {
		e.wal.sync = func(f *os.File) error { order = append(order, "log"); return dataSync(f) }
	}
	e.anchor.sync = func(f *os.File) error { order = append(order, "anchor"); return dataSync(f) }
	put(t, e, kv1, "x1", large(1))
	want := "[rows log anchor]"
	if !syncsMapped {
		want = "[rows anchor]"
	}
	if got := fmt.Sprint(order); got != want {
		t.Errorf("synced in the order %s", got)
	}
}

// A file that is gone, cut short or of another's length fails the reads of its rows,
// and nothing else.
func TestApartDamaged(t *testing.T) {
	opts := apartOptions()
	e, dir := create(t, opts)
	put(t, e, kv1, "x1", large(1))
	put(t, e, kv1, "y1", "beside")
	name := apartNames(t, dir)[0]
	for what, spoil := range map[string]func() error{
		"cut short": func() error { return os.Truncate(name, 1000) },
		"gone":      func() error { return os.Rename(name, name+".away") },
	} {
		if err := spoil(); err != nil {
			t.Fatal(err)
		}
		err := e.View(kv1, func(r kv.Reader) error { _, err := r.Get([]byte("x1")); return err })
		if !errors.Is(err, record.Integrity) {
			t.Errorf("%s: Get: %v", what, err)
		}
		err = e.View(kv1, func(r kv.Reader) error {
			return r.Scan([]byte("x"), nil, func(_, _ []byte) (bool, error) { return true, nil })
		})
		if !errors.Is(err, record.Integrity) {
			t.Errorf("%s: Scan: %v", what, err)
		}
		if err := e.ViewDamaged(kv1, func(r kv.Reader) error {
			return r.Scan([]byte("x"), nil, func(_, v []byte) (bool, error) {
				if len(v) != 0 {
					t.Errorf("%s: who verifies is given %d bytes", what, len(v))
				}
				return true, nil
			})
		}); err != nil {
			t.Errorf("%s: ViewDamaged: %v", what, err)
		}
		if got := read(t, e, kv1, "y1"); got != "beside" {
			t.Errorf("%s: y1 is %q", what, got)
		}
		if what == "gone" {
			if err := os.Rename(name+".away", name); err != nil {
				t.Fatal(err)
			}
		}
	}
	remove(t, e, kv1, "x1") // goes all the same
	if left := apartNames(t, dir); len(left) != 0 {
		t.Errorf("%d files", len(left))
	}
}

// What a kill left is removed at the next opening, and nothing that is in use; after a
// proper close nothing is, for then nobody has looked at the tables yet.
func TestApartLeftBehind(t *testing.T) {
	opts := apartOptions()
	e, dir := create(t, opts)
	put(t, e, kv1, "x1", large(1))
	shut(t, e)
	stray := filepath.Join(dir, apartDir, "00000000000000aa.rows")
	if err := os.WriteFile(stray, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	e = open(t, dir, opts)
	if n := len(apartNames(t, dir)); n != 2 {
		t.Errorf("after a close: %d files", n)
	}
	// Killed: the folder as it is while the store is open.
	put(t, e, kv1, "y", "1")
	killed := filepath.Join(t.TempDir(), "data", "db")
	if err := os.MkdirAll(filepath.Dir(killed), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(filepath.Dir(killed), os.DirFS(filepath.Dir(dir))); err != nil {
		t.Fatal(err)
	}
	k := open(t, killed, opts)
	apartSound(t, k, killed)
	if names := apartNames(t, killed); len(names) != 1 {
		t.Errorf("after a kill: %d files", len(names))
	}
	if read(t, k, kv1, "x1") != large(1) {
		t.Error("x1 is another")
	}
}

// What the system would not take, and is not there any more, is refused in words: the
// store goes on.
func TestApartRefused(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(*apart) (mend func())
		want  error
	}{
		"no room, found when it is synced": {func(a *apart) func() {
			was := a.sync
			a.sync = func(*os.File) error { return &os.PathError{Op: "sync", Err: syscall.ENOSPC} }
			return func() { a.sync = was }
		}, ErrDiskFull},
		"too many open files": {func(a *apart) func() {
			was := a.create
			a.create = func(path string) (*os.File, error) {
				return nil, &os.PathError{Op: "open", Path: path, Err: syscall.EMFILE}
			}
			return func() { a.create = was }
		}, errFiles},
	} {
		t.Run(name, func(t *testing.T) {
			e, dir := create(t, apartOptions())
			put(t, e, kv1, "head", "1")
			mend := c.spoil(e.apart)
			err := e.Update(ctx, kv1, func(tx kv.Tx) error {
				tx.Put([]byte("head"), []byte("2"))
				tx.Put([]byte("x1"), []byte(large(1)))
				return nil
			})
			if err != c.want {
				t.Fatalf("%v, want %v", err, c.want)
			}
			put(t, e, kv2, "y", "goes on")
			mend()
			apartSound(t, e, dir)
			if got := read(t, e, kv1, "head"); got != "1" {
				t.Errorf("what was refused is there: %q", got)
			}
			put(t, e, kv1, "x1", large(2))
			apartSound(t, e, dir)
			shut(t, e)
			if e = open(t, dir, apartOptions()); read(t, e, kv1, "x1") != large(2) {
				t.Error("what was done afterwards is another")
			}
		})
	}
}
