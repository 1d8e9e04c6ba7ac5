package store_test

import (
	"bytes"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"carehold/record"
	"carehold/record/change"
	"carehold/record/store"
	"carehold/record/store/storetest"
)

// longLife is an export of n entries, 1.4 kB each: what a long life of chronic
// illness holds.
func longLife(n int) []byte {
	var b bytes.Buffer
	b.WriteString(`{"resourceType":"Bundle","type":"collection","entry":[{"fullUrl":"urn:uuid:0","resource":{"resourceType":"Patient"}}`)
	note := strings.Repeat("measured at home, before breakfast; ", 30)
	for i := 1; i < n; i++ {
		fmt.Fprintf(&b, `,{"fullUrl":"urn:uuid:%d","resource":{"resourceType":"Observation","status":"final","category":[{"coding":[{"code":"vital-signs"}]}],`+
			`"code":{"text":"weight"},"subject":{"reference":"urn:uuid:0"},"valueQuantity":{"value":%d.%d0,"unit":"kg"},"note":[{"text":"%s"}]}}`, i, 60+i%40, i%10, note)
	}
	b.WriteString(`]}`)
	return b.Bytes()
}

// As many entries as are taken at a time: one change, in bounded time and memory,
// all of it or nothing.
func TestTenThousandEntries(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	const n = 10_000
	_, s := newStore(t)
	me := enrol(t, s).session()
	raw := longLife(n)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	peak := make(chan uint64)
	stop := make(chan bool)
	go func() { // the most that was held at any time
		var m runtime.MemStats
		most := uint64(0)
		for {
			runtime.ReadMemStats(&m)
			most = max(most, m.HeapInuse)
			select {
			case <-stop:
				peak <- most
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	}()
	began := time.Now()
	im := planOf(t, me, raw, "source")
	planned := time.Since(began)
	first, counts := apply(t, me, im.Changes, n, "a long life")
	took := time.Since(began)
	close(stop)
	most := <-peak
	runtime.ReadMemStats(&after)
	if counts.Created != n {
		t.Fatalf("%+v", counts)
	}
	t.Logf("%d entries, %.1f MB: planned in %v, kept in %v (%.0f entries/s), heap at most %.0f MB over %.0f MB", n, float64(len(raw))/1e6,
		planned.Round(time.Millisecond), took.Round(time.Millisecond), n/took.Seconds(), float64(most-before.HeapInuse)/1e6, float64(before.HeapInuse)/1e6)
	if most > before.HeapInuse+1<<30 {
		t.Errorf("the heap grew to %d MB for %d MB of entries", most>>20, len(raw)>>20)
	}

	page, err := lookFor(me, "Observation", "", store.MaxPage)
	if err != nil || page.Total != n-1 || len(page.Entries) != store.MaxPage {
		t.Fatalf("%d of %d: %v", len(page.Entries), page.Total, err)
	}
	sent, moved := storetest.Source(t, raw, "source", me.PatientID())
	byRef := make(map[string]storetest.Sent)
	for _, e := range sent {
		byRef[e.Ref] = e
	}
	for _, e := range page.Entries {
		if err := storetest.Same(byRef[e.Ref.String()].Resource, e.Body, moved); err != nil {
			t.Errorf("%s: %v", e.Ref, err)
		}
	}
	began = time.Now()
	if _, counts := apply(t, me, im.Changes, n, "a long life"); counts.Unchanged != n {
		t.Errorf("again: %+v", counts)
	}
	t.Logf("again, adding nothing, in %v", time.Since(began).Round(time.Millisecond))
	began = time.Now()
	if undone, err := me.Undo(t.Context(), first); err != nil || undone.Deleted != n {
		t.Errorf("undo: %+v, %v", undone, err)
	}
	t.Logf("undone in %v", time.Since(began).Round(time.Millisecond))
}

// One more is refused before anything is kept.
func TestTooManyEntries(t *testing.T) {
	_, err := change.ReadSource(bytes.NewReader(longLife(10_001)), change.Limits{})
	wantKind(t, err, record.TooLarge)
}
