package badger

import (
	"sync/atomic"
	"time"
)

// Bounds are the upper bounds of the buckets that commits are sorted into: by how
// long they took, their syncs included, in seconds, and by how many updates were
// in them.
var (
	SecondBounds = [...]float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 5}
	UpdateBounds = [...]float64{1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024}
)

// Histogram counts what falls under each bound. The counts add up: a bucket has
// those of the buckets before it too.
type Histogram struct {
	Bounds  []float64
	Buckets []uint64
	Count   uint64
	Sum     float64
}

// Measure is what an operator may know of how the engine does.
type Measure struct {
	Seconds Histogram // of commits
	Updates Histogram // in them
	Size    int64     // bytes of Badger's files, as it last counted them
	Free    int64     // bytes on their disk; -1 when that cannot be told
	Reserve int64     // of them, kept for small updates
}

// meter counts commits. It is the commit loop's to write, and anybody's to read.
type meter struct {
	seconds, updates [len(SecondBounds) + 1]atomic.Uint64
	nanos, changes   atomic.Uint64
}

// committed counts one commit that began then and had so many updates.
func (m *meter) committed(began time.Time, updates int) {
	took := time.Since(began)
	m.seconds[bucketOf(SecondBounds[:], took.Seconds())].Add(1)
	m.updates[bucketOf(UpdateBounds[:], float64(updates))].Add(1)
	m.nanos.Add(uint64(took))
	m.changes.Add(uint64(updates))
}

func bucketOf(bounds []float64, v float64) int {
	for i, b := range bounds {
		if v <= b {
			return i
		}
	}
	return len(bounds)
}

func histogram(bounds []float64, counts []atomic.Uint64, sum float64) Histogram {
	h := Histogram{Bounds: bounds, Sum: sum}
	for i := range counts {
		h.Count += counts[i].Load()
		if i < len(bounds) {
			h.Buckets = append(h.Buckets, h.Count)
		}
	}
	return h
}

// Measure tells how the engine does.
func (e *Engine) Measure() Measure {
	m := Measure{
		Seconds: histogram(SecondBounds[:], e.meter.seconds[:], time.Duration(e.meter.nanos.Load()).Seconds()),
		Updates: histogram(UpdateBounds[:], e.meter.updates[:], float64(e.meter.changes.Load())),
		Free:    -1, Reserve: max(0, e.opts.Reserve),
	}
	if !e.gate.enter() {
		return m
	}
	defer e.gate.leave()
	if free, err := e.free(e.dir); err == nil {
		m.Free = free
	}
	lsm, vlog := e.db.Size()
	m.Size = lsm + vlog + e.apart.bytes.Load()
	return m
}
