//go:build unix

package main

import (
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

func othersMayRead(m fs.FileMode) bool { return m.Perm()&0o077 != 0 }

// lockFile waits until no other command has the lock.
func lockFile(path string) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX); err != nil {
		f.Close()
		return nil, err
	}
	return func() { f.Close() }, nil // closing gives the lock back
}

// hardenUnix keeps what the program makes from others, and its memory from disk:
// every command holds keys.
func hardenUnix() {
	unix.Umask(0o077)
	_ = unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}) // lowering a limit is always allowed
}

// hangUp are the signals that make a server read its certificate again.
var hangUp = []os.Signal{unix.SIGHUP}

// connections is how many connections there may be, so that the database has
// descriptors left for its own files. Go has raised the limit as far as it may be.
func connections() int {
	var l unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &l) != nil || l.Cur > 1<<20 {
		return 0 // as many as there usually are
	}
	return max(8, min(1024, int(l.Cur)-min(256, int(l.Cur)/2)))
}

// coreLimit is how large a core dump of this process may be.
func coreLimit() (uint64, bool) {
	var l unix.Rlimit
	err := unix.Getrlimit(unix.RLIMIT_CORE, &l)
	return uint64(l.Cur), err == nil
}
