package store

import (
	"bytes"
	"testing"
)

// What lies in plains stays where it is while more comes, and is gone when they are
// released: what the next answer gets of the room is empty.
func TestPlains(t *testing.T) {
	var p plains
	var bodies [][]byte
	sizes := []int{10, 100_000, 100_000, 100_000, chunkSize - 5, 5, 3 * chunkSize, 1, chunkSize}
	for i, size := range sizes {
		b := p.room(size)
		if cap(b)-len(b) < size {
			t.Fatalf("room for %d of %d", cap(b)-len(b), size)
		}
		all := append(b, bytes.Repeat([]byte{'a' + byte(i)}, size)...)
		p.use(all)
		bodies = append(bodies, all[len(b):])
	}
	for i, b := range bodies {
		if !bytes.Equal(b, bytes.Repeat([]byte{'a' + byte(i)}, sizes[i])) {
			t.Errorf("what was put in as %d is no longer there", i)
		}
	}
	given := p.chunks
	p.release()
	for i, c := range given {
		if c = c[:cap(c)]; len(bytes.Trim(c, "\x00")) > 0 {
			t.Errorf("something is left in chunk %d", i)
		}
	}
	if p.chunks != nil {
		t.Error("released and still held")
	}
	p.release() // again is nothing
}
