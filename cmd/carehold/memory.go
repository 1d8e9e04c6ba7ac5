package main

import (
	"log/slog"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
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
func totalMemory(meminfo string) int64 {
	b, _ := os.ReadFile(meminfo)
	for line := range strings.Lines(string(b)) {
		if f := strings.Fields(line); len(f) == 3 && f[0] == "MemTotal:" && f[2] == "kB" {
			n, _ := strconv.ParseInt(f[1], 10, 64)
			return n << 10
		}
	}
	return 0
}
