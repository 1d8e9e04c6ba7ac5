package store_test

import (
	"fmt"
	"testing"

	"carehold/record/statement"
	"carehold/record/store"
)

// A log that is read from its beginning to its end, page by page, as a full check
// does.
func BenchmarkLogWalk(b *testing.B) {
	for _, leaves := range []int{50_000, 500_000} {
		b.Run(fmt.Sprint(leaves), func(b *testing.B) {
			_, s := newStore(b)
			d := enrol(b, s)
			if err := s.GrowLog(d.person, leaves); err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				for from := uint64(0); ; {
					page, err := s.Page(d.person, from, store.MaxLeaves)
					if err != nil {
						b.Fatal(err)
					}
					if len(page.Leaves) == 0 {
						break
					}
					from += uint64(len(page.Leaves))
				}
			}
		})
	}
}

// The proof that the log goes on, from heads early and late in it.
func BenchmarkConsistency(b *testing.B) {
	const leaves = 500_000
	_, s := newStore(b)
	d := enrol(b, s)
	if err := s.GrowLog(d.person, leaves); err != nil {
		b.Fatal(err)
	}
	for _, from := range []uint64{1, leaves / 2, leaves - 10} {
		b.Run(fmt.Sprint(from), func(b *testing.B) {
			v := d.session()
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := v.Consistency(ctx, statement.Head{Size: from}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
