package main

import "testing"

// TestGiving: memory is given back once after each burst, and only when it is over.
func TestGiving(t *testing.T) {
	var g giving
	const mib = 1 << 20
	for i, x := range []struct {
		allocated uint64 // MiB, since the process began
		due       bool
	}{
		{1, false}, {2, false}, // quiet, and nothing to give
		{60, false}, {200, false}, {500, false}, // a burst goes on
		{501, true},                // over
		{501, false}, {503, false}, // and given
		{510, false}, {520, false}, {533, false}, // work again
		{534, true}, // of little, which came together
		{537, false}, {540, false}, {543, false}, {546, false}, {549, false}, {552, false}, {555, false}, {558, false}, {561, false}, {564, false},
		{567, true}, // so does what comes in drops
		{1 << 40, false}, {2 << 40, false}, {2<<40 + 1, true},
	} {
		if due := g.due(x.allocated * mib); due != x.due {
			t.Errorf("look %d, at %d MiB: %v", i, x.allocated, due)
		}
	}
}
