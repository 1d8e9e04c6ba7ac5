package once_test

import (
	"errors"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"time"

	"carehold/httpapi/oauth/dpop/once"
)

var start = time.Unix(1_800_000_000, 0)

func TestUse(t *testing.T) {
	at := func(s int) time.Time { return start.Add(time.Duration(s) * time.Second) }
	m := once.New(3)
	for _, step := range []struct {
		now          int
		thing, owner string
		until        int
		want         error
	}{
		{0, "a", "x", 10, nil},
		{0, "a", "x", 10, once.ErrUsed},
		{9, "a", "y", 30, once.ErrUsed}, // whoever brings it
		{9, "b", "x", 12, nil},
		{9, "c", "x", 20, once.ErrFull}, // x has two
		{9, "c", "y", 20, nil},
		{9, "d", "z", 20, once.ErrFull}, // three of three
		{9, "b", "z", 20, once.ErrUsed}, // and full, still known
		{10, "d", "z", 20, nil},         // a is over
		{12, "a", "x", 20, nil},         // b too, and x has room again
		{12, "b", "z", 20, once.ErrFull},
		{20, "b", "z", 30, nil},
	} {
		if err := m.Use(at(step.now), once.KeyOf(step.thing), at(step.until), once.Share{Owner: once.KeyOf(step.owner), Most: 2}); !errors.Is(err, step.want) {
			t.Errorf("%+v: %v", step, err)
		}
	}
}

func TestKeyOf(t *testing.T) {
	if once.KeyOf("ab", "c") == once.KeyOf("a", "bc") || once.KeyOf("a") == once.KeyOf("a", "") {
		t.Error("two lists have one key, or one has two")
	}
}

// One of a hundred wins, each time.
func TestRace(t *testing.T) {
	m := once.New(1000)
	for round := range 50 {
		var wg sync.WaitGroup
		var mu sync.Mutex
		won := 0
		for range 100 {
			wg.Go(func() {
				if m.Use(start, once.KeyOf(strconv.Itoa(round)), start.Add(time.Minute), once.Share{Owner: once.KeyOf("x"), Most: 1000}) == nil {
					mu.Lock()
					won++
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		if won != 1 {
			t.Fatalf("%d won", won)
		}
	}
}

// What a full memory takes is bounded, and so is what it takes after it was filled
// again and again, each time by new owners.
func TestMemoryIsBounded(t *testing.T) {
	const limit, each = 1 << 14, 300 // bytes of one thing, with what maps and slices keep spare
	held := func() uint64 {
		var s runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&s)
		return s.HeapAlloc
	}
	before := held()
	m := once.New(limit)
	for round := range 5 {
		now := start.Add(time.Duration(round) * time.Minute)
		for i := range 2 * limit {
			k := once.KeyOf(strconv.Itoa(round), strconv.Itoa(i))
			if err := m.Use(now, k, now.Add(time.Minute), once.Share{Owner: k, Most: 1}, once.Share{Owner: once.KeyOf("all"), Most: limit}); (err == nil) != (i < limit) {
				t.Fatalf("the %dth of round %d: %v", i, round, err)
			}
		}
	}
	if grown := int64(held()) - int64(before); grown > limit*each {
		t.Errorf("%d things take %d bytes", limit, grown)
	}
	runtime.KeepAlive(m)
}
