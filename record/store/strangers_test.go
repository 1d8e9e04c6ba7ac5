package store_test

import (
	"runtime"
	"testing"

	"carehold/crypto"
)

// TestStrangersAreNotCounted: what people who are not there, and have no invite, send
// leaves nothing in memory.
func TestStrangersAreNotCounted(t *testing.T) {
	_, s := newStore(t)
	const n = 3000
	before := s.Counted()
	var m1, m2 runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m1)
	for range n {
		d := newDevice(t, s)
		_, err := s.Apply(ctx, d.first(), crypto.Credential{})
		if err == nil {
			t.Fatal("let in")
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&m2)
	if got := s.Counted() - before; got != 0 {
		t.Errorf("%d are remembered of %d strangers; the heap grew by %d KiB", got, n, (int64(m2.HeapAlloc)-int64(m1.HeapAlloc))/1024)
	}
}
