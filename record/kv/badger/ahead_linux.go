package badger

import (
	"os"

	"golang.org/x/sys/unix"
)

// allocate gives a file its blocks before they are written to, as far as size. A
// mapped file that has them does not fault when the disk is full. Where that is
// not to be had, it is as it was.
func allocate(path string, size int64) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || info.Size() < size {
		return // it is not to become longer
	}
	_ = unix.Fallocate(int(f.Fd()), unix.FALLOC_FL_KEEP_SIZE, 0, size)
}
