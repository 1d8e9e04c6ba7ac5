package badger

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// dataSync puts what was written on the disk. The file's length and blocks do
// not change, so its metadata need not follow.
//
// It may hang with the disk, while somebody gives up and closes the file: through
// SyscallConn the descriptor is nobody else's before it has returned.
func dataSync(f *os.File) error {
	c, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	err = c.Control(func(fd uintptr) {
		for failed = unix.EINTR; failed == unix.EINTR; {
			failed = unix.Fdatasync(int(fd))
		}
	})
	return errors.Join(err, os.NewSyscallError("fdatasync", failed))
}
