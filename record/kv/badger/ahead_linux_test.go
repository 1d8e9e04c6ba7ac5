package badger

import (
	"crypto/rand"
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
		name := e.ahead.path(e.ahead.log)
		if err := syscall.Stat(name, &st); err != nil {
			t.Fatal(err)
		}
		if st.Blocks*512 < logSize {
			t.Errorf("%s: %s has %d bytes of its own", when, filepath.Base(name), st.Blocks*512)
		}
		if _, err := os.Stat(e.ahead.path(e.ahead.log + 1)); err == nil {
			t.Errorf("%s: %s is not the newest log", when, filepath.Base(name))
		}
	}
	check("at first")
	first := e.ahead.log
	value := make([]byte, 1<<20-1)
	rand.Read(value)
	for range 40 {
		put(t, e, kv1, "a", string(value))
	}
	if e.ahead.log == first {
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
