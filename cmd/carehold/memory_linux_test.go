package main

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"
)

var kept []byte

// TestReturnMemory: what a burst has left is given back at the second look after it.
func TestReturnMemory(t *testing.T) {
	kept = make([]byte, 256<<20)
	for i := range kept {
		kept[i] = 1
	}
	full := anonymous(t)
	kept = nil
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		go returnMemory(ctx, func() {})
		time.Sleep(2*memoryLook + time.Second)
		stop()
	})
	if left := anonymous(t); full-left < 200<<20 {
		t.Errorf("of %d MiB, %d are still resident", full>>20, left>>20)
	}
}

// TestReturnMapped: the database lets go of what is mapped once for each time that
// there is much of it, and not while there is work.
func TestReturnMapped(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "mapped"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	const size = 128 << 20
	if err := f.Truncate(size); err != nil {
		t.Fatal(err)
	}
	mapped, err := unix.Mmap(int(f.Fd()), 0, size, unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = unix.Munmap(mapped) }()
	touch := func() (sum byte) {
		for i := 0; i < size; i += os.Getpagesize() {
			sum += mapped[i]
		}
		return sum
	}
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		rests := 0
		letGo := true
		go returnMemory(ctx, func() {
			rests++
			if letGo {
				if err := unix.Madvise(mapped, unix.MADV_DONTNEED); err != nil { // of a file, in this process alone
					t.Error(err)
				}
			}
		})
		looks := func(n int, want int, when string) {
			t.Helper()
			time.Sleep(time.Duration(n)*memoryLook + time.Second)
			if rests != want {
				t.Errorf("%s: %d times", when, rests)
			}
		}
		work := func() { kept = make([]byte, 2*memoryQuiet) }
		looks(memoryRest+2, 0, "with little in memory")
		work()
		touch()
		looks(memoryRest, 0, "after work")
		work()
		looks(memoryRest, 0, "after more")
		looks(1, 1, "when it has been quiet")
		looks(memoryRest+2, 1, "and then")
		letGo = false
		touch()
		looks(1, 2, "again")
		looks(memoryRest+2, 2, "where it cannot")
	})
}

// anonymous is what of this process is resident and in no file.
func anonymous(t *testing.T) int64 {
	t.Helper()
	n := kilobytes("/proc/self/status", "RssAnon:")
	if n == 0 {
		t.Fatal("the kernel does not say")
	}
	return n
}
