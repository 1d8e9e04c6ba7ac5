package main

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"runtime/debug"
	"runtime/metrics"
	"strconv"
	"strings"
	"time"
)

// memoryShare is how much of a limit Go's heap may take before its collector works
// harder: the rest is for the database's mapped files, which count too, and for
// sockets. Of a machine without a limit it may take half.
const memoryShare = 60 // of a hundred

// limitMemory tells Go how much memory there is. It does so by itself nowhere, and
// would let the heap grow until the kernel ends the process. GOMEMLIMIT, when it is
// set, is the operator's word. It returns the limit: how large a request may be
// follows from it.
func (a *app) limitMemory(log *slog.Logger) int64 {
	if a.env("GOMEMLIMIT") != "" {
		return debug.SetMemoryLimit(-1)
	}
	limit, from := cgroupLimit("/sys/fs/cgroup", "/proc/self/cgroup")*memoryShare/100, "cgroup"
	if half := totalMemory("/proc/meminfo") / 2; half > 0 && (limit == 0 || half < limit) {
		limit, from = half, "machine"
	}
	if limit > 0 {
		debug.SetMemoryLimit(limit)
		log.Debug("memory", "limit", limit, "from", from)
	}
	return limit
}

// Go's collector waits until the heap has doubled, or two minutes, and then gives
// pages back little by little. That is right under load. But Badger's merges, at the
// start that follows an import of 100,000 entries, left a server that nobody asked
// anything with 275 MB of anonymous memory where 28 MB do, and any other start with
// 52 MB for 27.
//
// What the database has mapped and read stays in memory until somebody else needs the
// room: after ten records of 10,000 entries were gone through, 260 MB. The kernel
// counts it as the server's. So the database lets go of it, when there is much of it.
// What is asked for next then comes from the disk: of these records the first search
// of each took half a second for a tenth. So it is done when nobody has asked much for
// minutes, and never between two clicks.
const (
	memoryLook   = 30 * time.Second // Badger lets go of its own buffers in some sixteen
	memoryBurst  = 32 << 20         // allocated since memory was last given back: worth a look
	memoryQuiet  = 4 << 20          // allocated since the last look: nothing much is going on
	memoryMapped = 64 << 20         // in files, the program's own among them: worth letting go of
	memoryRest   = 10               // quiet looks in a row before it is let go of
)

// giving decides when memory is given back, by how many bytes were ever allocated:
// after a burst of work, once it is quiet. A server under load never does it, and an
// idle one only once.
type giving struct {
	looked, given uint64
	quiet         int   // looks in a row
	left          int64 // mapped and in memory, after the database last let go of it
}

func (g *giving) due(allocated uint64) bool {
	g.quiet++
	if allocated-g.looked >= memoryQuiet {
		g.quiet = 0
	}
	g.looked = allocated
	if g.quiet == 0 || allocated-g.given < memoryBurst {
		return false
	}
	g.given = allocated
	return true
}

// restDue decides whether the database is to let go of what is mapped: when it has
// been quiet, and there is much that was not left the last time.
func (g *giving) restDue(mapped int64) bool {
	g.left = min(g.left, mapped)
	return g.quiet >= memoryRest && mapped > memoryMapped && mapped-g.left > memoryMapped/2
}

// returnMemory gives memory back to the system until ctx ends; rest is for the
// database to let go of what it has mapped.
func returnMemory(ctx context.Context, rest func()) {
	look := time.NewTicker(memoryLook)
	defer look.Stop()
	allocated := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	var g giving
	for {
		select {
		case <-ctx.Done():
			return
		case <-look.C:
		}
		if metrics.Read(allocated); g.due(allocated[0].Value.Uint64()) {
			debug.FreeOSMemory()
		}
		if g.restDue(mappedMemory("/proc/self/status")) {
			rest()
			g.left = mappedMemory("/proc/self/status")
		}
	}
}

// mappedMemory is what of this process is in files and in memory, or 0.
func mappedMemory(status string) int64 { return kilobytes(status, "RssFile:") }

// cgroupLimit is the smallest memory limit of this process's control groups, or 0.
func cgroupLimit(root, self string) int64 {
	b, _ := os.ReadFile(self)
	least := int64(0)
	take := func(file string) {
		b, err := os.ReadFile(file)
		n, perr := strconv.ParseInt(strings.TrimSpace(string(b)), 10, 64) // "max" is no limit
		if err == nil && perr == nil && n > 0 && n < 1<<60 && (least == 0 || n < least) {
			least = n
		}
	}
	for line := range strings.Lines(string(b)) {
		part := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(part) != 3 {
			continue
		}
		dir, file := root, "memory.max"
		if part[1] == "memory" { // version 1
			dir, file = filepath.Join(root, "memory"), "memory.limit_in_bytes"
		} else if part[1] != "" {
			continue
		}
		for at := filepath.Clean("/" + part[2]); ; at = filepath.Dir(at) {
			take(filepath.Join(dir, at, file))
			if at == "/" {
				break
			}
		}
	}
	return least
}

// totalMemory is what the machine has, or 0.
func totalMemory(meminfo string) int64 { return kilobytes(meminfo, "MemTotal:") }

// kilobytes is a line of one of the kernel's files, in bytes, or 0.
func kilobytes(file, name string) int64 {
	b, _ := os.ReadFile(file)
	for line := range strings.Lines(string(b)) {
		if f := strings.Fields(line); len(f) == 3 && f[0] == name && f[2] == "kB" {
			n, _ := strconv.ParseInt(f[1], 10, 64)
			return n << 10
		}
	}
	return 0
}
