package badger

import (
	"bufio"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// advise tells the kernel that Badger's tables are read here and there. Without
// it each miss reads the device's whole read-ahead window: with too little memory
// for the page cache 156 gets a second were measured, and 12,851 with it.
//
// The advice changes no byte, and a mapping that has gone meanwhile, or has become
// another, is none the worse for it. Tables made later are advised by the next call.
func advise(dir string) {
	mappings(dir, func(from, length uintptr) { _ = madvise(from, length, unix.MADV_RANDOM) })
}

// rest drops the tables' pages from memory.
//
// It asks for MADV_PAGEOUT, and never for MADV_DONTNEED: between the look at the
// list and the call another mapping can take the address, such as one of Go's heap,
// whose bytes DONTNEED would wipe. PAGEOUT loses none, of whatever mapping
// (madvise(2), and the kernel's commit 1a4e58cce84e, "mm: introduce MADV_PAGEOUT"):
// what is in no file, or is changed, is written out before it is dropped, and read
// back when it is touched; without a swap it stays. What is locked, as keys may be,
// is refused, and so is what another process has mapped. MADV_COLD only says what
// goes first when memory is short, and loses nothing either: it is for a kernel
// that refuses the other. One before 5.4 has neither.
func rest(dir string) {
	mappings(dir, func(from, length uintptr) {
		if madvise(from, length, unix.MADV_PAGEOUT) == unix.EINVAL {
			_ = madvise(from, length, unix.MADV_COLD)
		}
	})
}

func madvise(from, length uintptr, advice int) unix.Errno {
	_, _, err := unix.Syscall(unix.SYS_MADVISE, from, length, uintptr(advice))
	return err
}

// mappings calls fn for each of Badger's tables and value logs in dir that is mapped.
// Badger keeps its mappings to itself, so they are found where the kernel lists them.
func mappings(dir string, fn func(from, length uintptr)) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return
	}
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		dir = real
	}
	f, err := os.Open("/proc/self/maps")
	if err != nil {
		return
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		line := s.Text()
		at := strings.Index(line, dir+string(filepath.Separator))
		if at < 0 {
			continue
		}
		if ext := filepath.Ext(line[at:]); ext != ".sst" && ext != ".vlog" {
			continue
		}
		span, _, _ := strings.Cut(line, " ")
		lo, hi, _ := strings.Cut(span, "-")
		from, err1 := strconv.ParseUint(lo, 16, 64)
		to, err2 := strconv.ParseUint(hi, 16, 64)
		if err1 == nil && err2 == nil && from < to {
			fn(uintptr(from), uintptr(to-from))
		}
	}
}
