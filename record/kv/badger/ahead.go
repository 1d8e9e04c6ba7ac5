package badger

import (
	"fmt"
	"os"
	"path/filepath"
)

// Badger writes each commit to the log of a memory table, a mapped file full of
// holes. If another program takes the last of the disk between the look at the
// free space and the write, that is a fault. So the log gets its blocks ahead; the
// race is left to the one commit that begins a new log.

// logSize is how far the log of a memory table is written: until it is full, and a
// commit more.
const logSize = memTableSize + memTableSize/4

type ahead struct {
	dir string
	log int // number of the newest log
}

// newAhead finds the log that is written to.
func newAhead(dir string) *ahead {
	a := &ahead{dir: dir}
	logs, _ := filepath.Glob(filepath.Join(dir, "*.mem")) // the pattern is good
	for _, name := range logs {
		var n int
		if _, err := fmt.Sscanf(filepath.Base(name), "%d.mem", &n); err == nil {
			a.log = max(a.log, n)
		}
	}
	allocate(a.path(a.log), logSize)
	return a
}

func (a *ahead) path(n int) string { return filepath.Join(a.dir, fmt.Sprintf("%05d.mem", n)) }

// follow looks whether Badger has begun another log.
func (a *ahead) follow() {
	for {
		next := a.path(a.log + 1)
		if _, err := os.Lstat(next); err != nil {
			return
		}
		a.log++
		allocate(next, logSize)
	}
}
