package store

import "testing"

// What contents leave is collected when it is much, and on a server that is small.
func TestCollectNow(t *testing.T) {
	for _, c := range []struct {
		live, now uint64 // MiB
		want      bool
	}{
		{30, 30, false}, {30, 54, false}, {30, 55, true}, {0, 24, false}, {0, 25, true},
		{95, 120, true}, {96, 190, false}, {800, 1500, false}, {40, 20, false},
	} {
		if got := collectNow(c.live<<20, c.now<<20); got != c.want {
			t.Errorf("%d MiB alive, %d there: %v", c.live, c.now, got)
		}
	}
}
