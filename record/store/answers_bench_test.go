package store_test

import (
	"fmt"
	"runtime"
	"testing"

	"carehold/record/search"
	"carehold/record/store"
)

// BenchmarkPagesHeld is how much memory lives, at most and at the end, while a page is
// opened, beside what it shows: in copies of that.
func BenchmarkPagesHeld(b *testing.B) {
	for _, kind := range []struct{ entries, bytes int }{{1, 15 << 20}, {16, 960 << 10}, {500, 30 << 10}} {
		b.Run(fmt.Sprintf("%dx%dKiB", kind.entries, kind.bytes>>10), func(b *testing.B) {
			_, s := newStore(b)
			d := enrol(b, s)
			for i := range kind.entries {
				put(b, d.session(), large(fmt.Sprintf("b%d", i), kind.bytes))
			}
			q, err := search.Parse("Binary", "", search.Options{})
			if err != nil {
				b.Fatal(err)
			}
			size := float64(kind.entries * kind.bytes)
			live := func() float64 {
				var m runtime.MemStats
				runtime.GC()
				runtime.ReadMemStats(&m)
				return float64(m.HeapAlloc)
			}
			var most, held float64
			for b.Loop() {
				v := d.session()
				before := live()
				done, ended := make(chan bool), make(chan float64)
				go func() {
					peak := 0.0
					for {
						select {
						case <-done:
							ended <- peak
							return
						default:
							peak = max(peak, live())
						}
					}
				}()
				page, err := v.Search(ctx, q, store.SearchOptions{Limit: 500})
				if err != nil || len(page.Entries) != kind.entries {
					b.Fatal(len(page.Entries), err)
				}
				close(done)
				most = max(most, (<-ended-before)/size)
				held = max(held, (live()-before)/size)
				page.Release()
				v.Close()
			}
			b.ReportMetric(most, "copies-most")
			b.ReportMetric(held, "copies-held")
			b.ReportMetric(size/(1<<20), "MiB")
		})
	}
}
