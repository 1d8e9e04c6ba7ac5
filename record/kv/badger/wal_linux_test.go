package badger

import (
	"carehold/record/kv"
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// The log that is written to has its blocks, and so has the one that follows it.
func TestLogHasItsBlocks(t *testing.T) {
	if testing.Short() {
		t.Skip("writes 40 MiB")
	}
	e, dir := create(t, testOptions())
	check := func(when string) {
		t.Helper()
		var st syscall.Stat_t
		name := e.wal.path(e.wal.n)
		if err := syscall.Stat(name, &st); err != nil {
			t.Fatal(err)
		}
		if st.Blocks*512 < logSize {
			t.Errorf("%s: %s has %d bytes of its own", when, filepath.Base(name), st.Blocks*512)
		}
		if _, err := os.Stat(e.wal.path(e.wal.n + 1)); err == nil {
			t.Errorf("%s: %s is not the newest log", when, filepath.Base(name))
		}
	}
	check("at first")
	first := e.wal.n
	value := make([]byte, 1<<20-1)
	rand.Read(value)
	for range 40 {
		put(t, e, kv1, "a", string(value))
	}
	if e.wal.n == first {
		t.Error("no log followed")
	}
	check("later")
	shut(t, e)
	e = open(t, dir, testOptions())
	check("opened again")
	if got := read(t, e, kv1, "a"); got != string(value) {
		t.Error("the row is another")
	}
}

// Each commit is synced once, in the log that it is in, and nothing goes anywhere else.
func TestCommitIsSynced(t *testing.T) {
	if testing.Short() {
		t.Skip("writes 40 MiB")
	}
	e, dir := create(t, testOptions())
	var synced []string
	e.wal.sync = func(f *os.File) error {
		synced = append(synced, filepath.Base(f.Name()))
		return dataSync(f)
	}
	var logs []string
	for range 3 {
		synced = nil
		put(t, e, kv1, "a", "small")
		if len(synced) != 1 || filepath.Join(dir, synced[0]) != e.wal.path(e.wal.n) {
			t.Errorf("of a commit %v is synced", synced)
		}
		if _, err := os.Stat(filepath.Join(dir, synced[0])); err != nil {
			t.Error(err)
		}
		logs = append(logs, synced[0])
		value := make([]byte, valueThreshold-1)
		rand.Read(value)
		for range 20 {
			put(t, e, kv1, "b", string(value))
		}
	}
	if logs[0] == logs[1] || logs[1] == logs[2] {
		t.Errorf("no log followed: %v", logs)
	}
	err := e.Update(ctx, kv1, func(tx kv.Tx) error { tx.Put([]byte("a"), make([]byte, valueThreshold)); return nil })
	if !errors.Is(err, kv.ErrTooLarge) {
		t.Errorf("a row for the value log: %v", err)
	}
	if info, err := os.Stat(filepath.Join(dir, "000001.vlog")); err != nil || blocks(t, info) > 8 {
		t.Errorf("something is in the value log: %v", err)
	}
	shut(t, e)
	w := &wal{dir: t.TempDir(), sync: func(*os.File) error { return errors.New("injected") }}
	if err := os.WriteFile(w.path(1), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := w.syncFile(w.path(1)); err == nil {
		t.Error("a failed sync of what was there is not told")
	}
}

func blocks(t *testing.T, info os.FileInfo) int64 {
	t.Helper()
	return info.Sys().(*syscall.Stat_t).Blocks
}
