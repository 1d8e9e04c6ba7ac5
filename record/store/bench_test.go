package store_test

import "testing"

// Opening a token and closing it again, which every request begins and ends with:
// no entry, no log. The other benchmarks are in concurrency_test.go, and what the
// program does over HTTP is measured by cmd/bench.
func BenchmarkOpen(b *testing.B) {
	_, s := newStore(b)
	_, token := enrol(b, s).share(clinician(s))
	b.ReportAllocs()
	for b.Loop() {
		v, err := s.Open(ctx, token)
		if err != nil {
			b.Fatal(err)
		}
		v.Close()
	}
}
