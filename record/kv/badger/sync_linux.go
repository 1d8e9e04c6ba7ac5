package badger

import (
	"os"

	"golang.org/x/sys/unix"
)

// dataSync puts what was written on the disk. The file's length and blocks do
// not change, so its metadata need not follow.
func dataSync(f *os.File) error {
	for {
		if err := unix.Fdatasync(int(f.Fd())); err != unix.EINTR {
			return os.NewSyscallError("fdatasync", err)
		}
	}
}
