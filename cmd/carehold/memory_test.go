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

// TestRestDue: what is mapped is let go of when it has been quiet, there is much of
// it, and more than could not be let go of.
func TestRestDue(t *testing.T) {
	const mib = 1 << 20
	for _, x := range []struct {
		quiet        int
		left, mapped int64
		due          bool
	}{
		{memoryRest, 0, 64, false},
		{memoryRest, 0, 65, true},
		{memoryRest - 1, 0, 300, false},
		{memoryRest, 40, 72, false}, // what was left, and little more
		{memoryRest, 40, 73, true},
		{memoryRest, 300, 300, false},
		{memoryRest, 300, 0, false}, // the kernel does not say
	} {
		g := giving{quiet: x.quiet, left: x.left * mib}
		if due := g.restDue(x.mapped * mib); due != x.due {
			t.Errorf("%+v: %v", x, due)
		}
	}
	g := giving{quiet: memoryRest, left: 300 * mib}
	if g.restDue(20*mib) || !g.restDue(100*mib) {
		t.Error("what has left by itself and come back is not let go of")
	}
}
