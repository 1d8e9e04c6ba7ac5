package badger

import (
	"bytes"
	"testing"

	"github.com/dgraph-io/ristretto/v2/z"
)

// TestAllocator: what Badger builds its tables in keeps what was put there, past
// its first buffer too. It does not where an int has 32 bits, unless .ci/go32 has
// mended it.
func TestAllocator(t *testing.T) {
	a := z.NewAllocator(512, "test")
	defer a.Release()
	var parts [][]byte
	for i := range 100 {
		b := a.Allocate(100)
		copy(b, bytes.Repeat([]byte{byte(i)}, 100))
		parts = append(parts, b)
	}
	for i, b := range parts {
		if !bytes.Equal(b, bytes.Repeat([]byte{byte(i)}, 100)) {
			t.Fatalf("part %d of 100 was written over", i)
		}
	}
}
