package badger

import (
	"os"

	"golang.org/x/sys/unix"
)

// syncsMapped: dataSync covers what was written through a mapping of the file.
// msync(2) is itself made of it: vfs_fsync_range with datasync.
const syncsMapped = true

// allocate gives a file its blocks before they are written to, as far as size. A
// mapped file that has them does not fault when the disk is full. Where that is
// not to be had, it is as it was.
func allocate(f *os.File, size int64) {
	if info, err := f.Stat(); err != nil || info.Size() < size {
		return // it is not to become longer
	}
	_ = unix.Fallocate(int(f.Fd()), unix.FALLOC_FL_KEEP_SIZE, 0, size)
}
