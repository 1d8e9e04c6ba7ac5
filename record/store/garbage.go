package store

import (
	"runtime"
	"runtime/metrics"
	"sync/atomic"
)

// Each part of a content that goes by leaves about 1 MiB behind: it is read, sealed or
// opened, copied and written. Go's collector lets the heap double before it comes, which
// on a small server is more than a document is worth. So while large contents move, and
// only then, it is called when 24 MiB have come together; a heap that is large anyway is
// left to it, for there a run costs more, and what contents leave counts for less.
const (
	garbageLook = 2 << 20  // bytes of contents, between two looks
	garbageMost = 24 << 20 // bytes
	garbageHeap = 96 << 20 // bytes alive, from which on it is Go's own affair
)

// garbage is the process's, as the heap is.
var garbage collecting

type collecting struct {
	moved   atomic.Int64
	looking atomic.Bool
}

// passed hears of n bytes of a content that went by.
func (c *collecting) passed(n int) {
	if c.moved.Add(int64(n)) < garbageLook || !c.looking.CompareAndSwap(false, true) {
		return
	}
	defer c.looking.Store(false)
	c.moved.Store(0)
	heap := []metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(heap)
	if collectNow(heap[0].Value.Uint64(), heap[1].Value.Uint64()) {
		runtime.GC()
	}
}

// collectNow decides by what was alive after the last collection and what is there now.
func collectNow(live, now uint64) bool { return live < garbageHeap && now > live+garbageMost }
