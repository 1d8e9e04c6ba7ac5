package httpapi_test

import (
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"carehold/httpapi"
)

// heapMiB is what can be reached, and top what there was at once while fn ran.
func heapMiB() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc >> 20
}

func heapTop(fn func()) (top uint64) {
	stop, done := make(chan bool), make(chan bool)
	go func() {
		defer close(done)
		for {
			top = max(top, heapMiB())
			select {
			case <-stop:
				return
			default:
			}
		}
	}()
	fn()
	close(stop)
	<-done
	return top
}

// Files that were replaced, discarded or kept are let go at once, not when their quarter of
// an hour is over.
func TestUploadIsLetGo(t *testing.T) {
	w := newServer(t, httpapi.Limits{})
	v := w.reads(w.enrol("Mallory"))
	file := strings.Repeat("x", 12<<20)
	base := heapMiB()
	for i := range 16 {
		resp, _ := v.brings(v.form, [2]string{"x.bin", file})
		if resp.StatusCode != 303 {
			t.Fatalf("%d: %d", i, resp.StatusCode)
		}
		at := resp.Header.Get("Location")
		switch i % 4 {
		case 0:
			if resp, _ := v.goes("POST", at+"/discard", "form="+v.form); resp.StatusCode != 303 {
				t.Fatal(resp.StatusCode)
			}
			if resp, _ := v.goes("GET", at, ""); resp.StatusCode != 404 {
				t.Errorf("discarded: %d", resp.StatusCode)
			}
		case 1: // looked at first
			if resp, _ := v.goes("GET", at, ""); resp.StatusCode != 200 {
				t.Errorf("review: %d", resp.StatusCode)
			}
		}
	}
	if now := heapMiB(); now > base+90 {
		t.Errorf("the heap has grown from %d to %d MiB, and 12 MiB wait", base, now)
	}
}

// A person's files are looked at once at a time, however often that is asked for: a few wait
// for it, and more hear that there is no room.
func TestReviewTakesTurns(t *testing.T) {
	w := newServer(t, httpapi.Limits{})
	v := w.reads(w.enrol("Mallory"))
	one := `{"resourceType":"Basic","code":{"coding":[` + strings.TrimSuffix(strings.Repeat(`{"code":"a"},`, 200_000), ",") + `]}}`
	resp, _ := v.brings(v.form, [2]string{"a.json", `{"resourceType":"Bundle","type":"collection","entry":[{"resource":` + one + `}]}`})
	at := resp.Header.Get("Location")
	looks := func(n int) uint64 {
		return heapTop(func() {
			var all sync.WaitGroup
			var shown atomic.Int32
			for range n {
				all.Go(func() {
					switch resp, _ := v.goes("GET", at, ""); resp.StatusCode {
					case 200:
						shown.Add(1)
					case 503:
					default:
						t.Errorf("review: %d", resp.StatusCode)
					}
				})
			}
			all.Wait()
			if got := shown.Load(); int(got) < min(n, 3) {
				t.Errorf("%d of %d were shown", got, n)
			}
		})
	}
	looks(1)
	base := heapMiB()
	single := looks(1)
	many := looks(12)
	t.Logf("base %d, one look %d, twelve at once %d MiB", base, single, many)
	if many-base > 4*(single-base)+32 {
		t.Errorf("one look takes %d MiB, twelve at once %d", single-base, many-base)
	}
}
