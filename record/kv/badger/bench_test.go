package badger

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"carehold/record/kv"
)

func benchKey(i int) []byte { return binary.BigEndian.AppendUint64([]byte("entry"), uint64(i)) }

func BenchmarkUpdate(b *testing.B) {
	for _, writers := range []int{1, 16, 64} {
		b.Run(fmt.Sprint(writers), func(b *testing.B) {
			e, _ := create(b, testOptions())
			value := make([]byte, 1024)
			var next atomic.Int64
			before := e.last.seq
			b.SetParallelism((writers + 1) / 2) // times GOMAXPROCS
			if writers == 1 {
				for i := range b.N {
					benchUpdate(b, e, i, value)
				}
			} else {
				b.RunParallel(func(pb *testing.PB) {
					for pb.Next() {
						benchUpdate(b, e, int(next.Add(1)), value)
					}
				})
			}
			b.ReportMetric(float64(b.N)/float64(e.last.seq-before), "updates/commit")
		})
	}
}

func benchUpdate(b *testing.B, e *Engine, i int, value []byte) {
	if err := e.Update(ctx, kv.Partition{byte(i)}, func(tx kv.Tx) error {
		tx.Put(benchKey(i), value)
		tx.Put(headKey, value[:64])
		return nil
	}); err != nil {
		b.Error(err)
	}
}

func benchStore(b *testing.B, rows int) *Engine {
	e, _ := create(b, testOptions())
	value := make([]byte, 1024)
	for i := 0; i < rows; i += 1000 {
		if err := e.Update(ctx, kv1, func(tx kv.Tx) error {
			for j := i; j < i+1000; j++ {
				tx.Put(benchKey(j), value)
			}
			return nil
		}); err != nil {
			b.Fatal(err)
		}
	}
	return e
}

func BenchmarkGet(b *testing.B) {
	const rows = 50_000
	e := benchStore(b, rows)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for i := 0; pb.Next(); i++ {
			if err := e.View(kv1, func(r kv.Reader) error { _, err := r.Get(benchKey(i * 7919 % rows)); return err }); err != nil {
				b.Error(err)
			}
		}
	})
}

func BenchmarkScan50(b *testing.B) {
	const rows = 50_000
	e := benchStore(b, rows)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for i := 0; pb.Next(); i++ {
			n := 0
			if err := e.View(kv1, func(r kv.Reader) error {
				return r.Scan([]byte("entry"), benchKey(i*7919%(rows-50)), func(_, _ []byte) (bool, error) { n++; return n < 50, nil })
			}); err != nil || n != 50 {
				b.Error(n, err)
			}
		}
	})
}

// BenchmarkOpenAnchored opens a store with so many rows that the anchor answers for,
// each in a partition of its own, as credentials are.
func BenchmarkOpenAnchored(b *testing.B) {
	for _, n := range []int{1, 1_000, 100_000} {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			opts := testOptions()
			e, dir := create(b, opts)
			var wg sync.WaitGroup
			each := (n + 99) / 100
			for from := 0; from < n; from += each {
				wg.Go(func() {
					for i := from; i < min(from+each, n); i++ {
						var p kv.Partition
						binary.BigEndian.PutUint32(p[:], uint32(i+1))
						_ = e.Update(ctx, p, func(tx kv.Tx) error { tx.Put(headKey, make([]byte, 700)); return nil })
					}
				})
			}
			wg.Wait()
			shut(b, e)
			for b.Loop() {
				shut(b, open(b, dir, opts))
			}
		})
	}
}
