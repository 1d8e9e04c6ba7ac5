package badger

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
)

// Badger writes each commit to the log of a memory table, a mapped file full of
// holes. If another program takes the last of the disk between the look at the
// free space and the write, that is a fault. So the log gets its blocks ahead; the
// race is left to the one commit that begins a new log.
//
// Where a sync of a file covers what was written through a mapping of it (Linux),
// the log is synced here and not by Badger, which with SyncWrites syncs its value
// log too, in which there is nothing: that is a flush of the disk's cache for each
// commit, a third one. What Badger does there is msync, which on Linux is fdatasync
// of the mapped range; and of its errors this tells.

// logSize is how far the log of a memory table is written: until it is full, and a
// commit more.
const logSize = memTableSize + memTableSize/4

// wal is the newest log. Nobody but the commit loop writes to Badger, which begins
// a new log before a commit and never within one, so that all of a commit is in it.
type wal struct {
	dir  string
	n    int
	mu   sync.Mutex             // of f: a commit that hangs is not waited for
	f    *os.File               // nil where Badger syncs, or it is closed
	sync func(f *os.File) error // replaced in tests
}

// openWAL finds the log that is written to, and syncs those there are: a program that
// was killed may have left them in memory only, and the anchor is not to name a commit
// that rests on that.
func openWAL(dir string) (*wal, error) {
	w := &wal{dir: dir, sync: dataSync}
	logs, err := filepath.Glob(filepath.Join(dir, "*.mem")) // fails for a bad pattern only
	if err != nil {
		return nil, err
	}
	for _, name := range logs {
		var n int
		if _, err := fmt.Sscanf(filepath.Base(name), "%d.mem", &n); err == nil {
			w.n = max(w.n, n)
		}
		if err := w.syncFile(name); err != nil {
			return nil, err
		}
	}
	return w, w.begin(w.n)
}

func (w *wal) path(n int) string { return filepath.Join(w.dir, fmt.Sprintf("%05d.mem", n)) }

// begin goes on with log n.
func (w *wal) begin(n int) error {
	w.n = n
	f, err := os.OpenFile(w.path(n), os.O_RDWR, 0)
	if err != nil {
		return err
	}
	allocate(f, logSize)
	if !syncsMapped {
		return f.Close()
	}
	w.mu.Lock()
	old := w.f
	w.f = f
	w.mu.Unlock()
	// That the file has a name must outlast a power cut too.
	return errors.Join(closeFile(old), syncDir(w.dir))
}

// commit puts on the disk what Badger has written: all of it is in the log, since a
// row that would go to the value log is refused.
func (w *wal) commit() error {
	for {
		next := w.n + 1
		if _, err := os.Lstat(w.path(next)); errors.Is(err, fs.ErrNotExist) {
			break
		} else if err != nil {
			return err
		}
		if err := w.begin(next); err != nil {
			return err
		}
	}
	if !syncsMapped {
		return nil
	}
	w.mu.Lock()
	f := w.f
	w.mu.Unlock()
	if f == nil {
		return os.ErrClosed
	}
	return w.sync(f)
}

// syncFile syncs a file that may be gone: a log that is in a table now.
func (w *wal) syncFile(name string) error {
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return errors.Join(w.sync(f), f.Close())
}

func (w *wal) close() error {
	if w == nil {
		return nil
	}
	w.mu.Lock()
	f := w.f
	w.f = nil
	w.mu.Unlock()
	return closeFile(f)
}

func closeFile(f *os.File) error {
	if f == nil {
		return nil
	}
	return f.Close()
}
