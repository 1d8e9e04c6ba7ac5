package badger

import (
	"errors"
	"runtime"
	"runtime/debug"
	"strings"
	"syscall"

	"carehold/record"
)

// What the system says about a disk, in words that say what to do. Badger wraps
// without %w, so its reasons are looked for by their words.
var troubles = []struct {
	no   syscall.Errno
	kind record.Kind
	text string
}{
	{syscall.ENOSPC, record.Unavailable, "the disk that %s is on is full: make room on it, then start again"},
	{syscall.EDQUOT, record.Unavailable, "the disk quota for %s is used up: raise it or make room, then start again"},
	{syscall.EROFS, record.Unavailable, "the disk that %s is on is read-only: the system does that to a disk that fails, so look at its log (dmesg) before mounting it for writing again"},
	{syscall.EIO, record.Unavailable, "the disk that %s is on fails (input/output error): look at the system's log (dmesg); copy what can be copied to another disk, or restore the last backup there"},
	{syscall.EACCES, record.Unavailable, "this user may not use %s: give it to the user the server runs as"},
	{syscall.EPERM, record.Unavailable, "this user may not use %s: give it to the user the server runs as"},
	{syscall.EMFILE, record.Unavailable, "too many files are open to open %s: raise the limit (LimitNOFILE)"},
	{syscall.ENOMEM, record.Unavailable, "there is too little memory to open %s"},
}

// trouble says what is the matter with the disk, if err comes of that, and gives
// back any other error as it is.
func trouble(err error, path string) error {
	if err == nil || record.KindOf(err) != record.Internal {
		return err
	}
	for _, t := range troubles {
		if errors.Is(err, t.no) || strings.Contains(err.Error(), t.no.Error()) {
			return &record.Error{Kind: t.kind, Safe: strings.Replace(t.text, "%s", path, 1), Err: t.no}
		}
	}
	return err
}

// usable refuses a disk that a store cannot be opened on, before Badger has
// touched anything: on a full one its mapped files end in a fault, not in an
// error, and so would each restart.
func usable(dir string, opts Options) error {
	p, err := newProbe(dir)
	if err == nil {
		err = errors.Join(p.try(), p.close())
	}
	if err != nil {
		return trouble(err, dir)
	}
	if free, err := freeSpace(dir); err == nil && free < opts.floor() {
		return record.Safef(record.Unavailable, "the disk that %s is on is full: %d MB are free, and %d are needed; make room on it, then start again",
			dir, free>>20, opts.floor()>>20)
	}
	return nil
}

// faults makes an error of what a mapped file answers when the disk under it does
// not: a fault, which would end the process. For the goroutine that calls it, and
// until the function it returns has run: defer faults(&err)().
func faults(err *error) func() {
	before := debug.SetPanicOnFault(true)
	return func() {
		debug.SetPanicOnFault(before)
		r := recover()
		if r == nil {
			return
		}
		if !isFault(r) {
			panic(r)
		}
		*err = errFault
	}
}

// isFault reports whether what was recovered is a fault of memory: of all that is
// panicked with, only that has an address.
func isFault(r any) bool {
	_, fault := r.(interface {
		runtime.Error
		Addr() uintptr
	})
	return fault
}

var errFault = record.Safef(record.Integrity, "the disk does not give back a part of the store: look at the system's log (dmesg); copy what can be copied to another disk, or restore the last backup there")
