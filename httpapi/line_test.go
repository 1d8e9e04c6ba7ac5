package httpapi_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"carehold/httpapi"
	"carehold/record"
	"carehold/record/store"
)

var (
	personA = record.PersonID{1}
	personB = record.PersonID{2}
)

// inLine waits until so many are in the line.
func inLine(t *testing.T, p httpapi.Places, n int) {
	t.Helper()
	for range 2000 {
		if p.Waiting() == n {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatalf("%d are in the line, want %d", p.Waiting(), n)
}

// Who came first has the next place, and one record's line does not hold up
// another's.
func TestLine(t *testing.T) {
	t.Parallel()
	p := httpapi.NewPlaces(3, 2)
	ctx := t.Context()
	a1, err := p.Take(ctx, personA, 0)
	if err != nil {
		t.Fatal(err)
	}
	a2, err := p.Take(ctx, personA, 0)
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var order []string
	var all sync.WaitGroup
	for i, c := range []struct {
		name string
		id   record.PersonID
	}{{"a3", personA}, {"a4", personA}} {
		all.Go(func() {
			leave, err := p.Take(ctx, c.id, time.Minute)
			if err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			order = append(order, c.name)
			mu.Unlock()
			leave()
		})
		inLine(t, p, i+1)
	}
	// B's record has room.
	b1, err := p.Take(ctx, personB, 0)
	if err != nil {
		t.Errorf("another record's request waits behind: %v", err)
	}
	b1()
	a1()
	all.Wait()
	if !slices.Equal(order, []string{"a3", "a4"}) {
		t.Errorf("served in the order %v", order)
	}
	a2()
	if p.Used() != 0 || p.Waiting() != 0 {
		t.Errorf("%d places are taken and %d wait when everybody has left", p.Used(), p.Waiting())
	}
}

// One record fills half of the line, and all of them the whole of it.
func TestLineIsShort(t *testing.T) {
	t.Parallel()
	p := httpapi.NewPlaces(2, 1)
	ctx, cancel := context.WithCancel(t.Context())
	waiting := 0
	wait := func(id record.PersonID, n int) {
		t.Helper()
		for range n {
			go p.Take(ctx, id, time.Minute)
		}
		waiting += n
		inLine(t, p, waiting)
		if _, err := p.Take(ctx, id, time.Minute); record.KindOf(err) != record.Unavailable {
			t.Errorf("a line of %d took another: %v", waiting, err)
		}
	}
	for _, id := range []record.PersonID{personA, personB} {
		if _, err := p.Take(ctx, id, 0); err != nil {
			t.Fatal(err)
		}
	}
	wait(personA, 32)
	wait(personB, 32)
	if _, err := p.Take(ctx, record.PersonID{3}, time.Minute); record.KindOf(err) != record.Unavailable {
		t.Errorf("a full line took another: %v", err)
	}
	cancel()
	inLine(t, p, 0)
}

// Nobody waits longer than their time, nor after their client has gone; and who
// gave up does not get a place afterwards.
func TestLineGivenUp(t *testing.T) {
	t.Parallel()
	p := httpapi.NewPlaces(1, 1)
	leave, err := p.Take(t.Context(), personA, 0)
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	if _, err := p.Take(t.Context(), personB, 30*time.Millisecond); record.KindOf(err) != record.Unavailable {
		t.Errorf("a wait that ended: %v", err)
	}
	if took := time.Since(began); took < 30*time.Millisecond || took > patience/4 {
		t.Errorf("waited %v", took)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { _, err := p.Take(ctx, personB, time.Minute); ended <- err }()
	inLine(t, p, 1)
	cancel()
	if err := <-ended; err == nil {
		t.Error("a client that had gone was given a place")
	}
	leave()
	if p.Used() != 0 || p.Waiting() != 0 {
		t.Errorf("%d taken, %d wait", p.Used(), p.Waiting())
	}
}

// Many at once over few places: never more than there are, of all or of one
// record, and everybody is served.
func TestLineHolds(t *testing.T) {
	t.Parallel()
	p := httpapi.NewPlaces(8, 4)
	var now, most atomic.Int64
	by := map[record.PersonID]*atomic.Int64{personA: {}, personB: {}}
	var all sync.WaitGroup
	var refused atomic.Int64
	for i := range 8 {
		id := personA
		if i%2 == 1 {
			id = personB
		}
		all.Go(func() {
			for range 200 {
				leave, err := p.Take(t.Context(), id, time.Minute)
				if err != nil {
					refused.Add(1)
					continue
				}
				if n := by[id].Add(1); n > 4 {
					t.Errorf("%d of one record at once", n)
				}
				if n := now.Add(1); n > most.Load() {
					most.Store(n)
				}
				by[id].Add(-1)
				now.Add(-1)
				leave()
			}
		})
	}
	all.Wait()
	if most.Load() > 8 || refused.Load() > 0 || p.Used() != 0 {
		t.Errorf("%d at once, %d refused, %d still taken", most.Load(), refused.Load(), p.Used())
	}
}

func TestEachRecord(t *testing.T) {
	for all, want := range map[int]int{256: 32, 64: 8, 38: 4, 16: 4, 8: 4, 4: 2, 2: 1, 1: 0} { // newPlaces gives at least one
		if got := httpapi.EachRecord(all); got != want {
			t.Errorf("of %d places one record has %d, want %d", all, got, want)
		}
	}
}

// A burst in one record that is more than its places is served, not refused; and
// while it waits, somebody else's request is served at once.
func TestBurst(t *testing.T) {
	t.Parallel()
	limits := generous
	limits.Concurrent, limits.Wait = 8, 20*time.Second // 4 in a record, and 4 wait: all eight places, if who waits held one
	w := newServer(t, limits)
	ada, ben := w.session(w.enrol("Ada")), w.session(w.enrol("Ben"))
	out := make(chan bool)
	var running atomic.Int64
	w.server.SetRoutes(append(w.server.Routes(), httpapi.Route{Method: "GET", Path: "/holder/slow", Door: httpapi.DoorHolder, Kinds: "s",
		Rate: httpapi.RateOrdinary, View: func(http.ResponseWriter, *http.Request, *store.View) error {
			running.Add(1)
			<-out
			return nil
		}}))
	get := func(token, path string) int {
		r := newRequest("GET", path, nil)
		r.Header.Set("Authorization", "Bearer "+token)
		rec := httptest.NewRecorder()
		w.server.ServeHTTP(rec, r)
		return rec.Code
	}
	var all sync.WaitGroup
	answers := make(chan int, 8)
	for range 8 {
		all.Go(func() { answers <- get(ada, "/holder/slow") })
	}
	for range 2000 {
		if running.Load() == 4 {
			break
		}
		time.Sleep(time.Millisecond)
	}
	if got := get(ben, "/fhir/Goal"); got != 200 {
		t.Errorf("somebody else was answered %d while a record's requests wait", got)
	}
	if n := running.Load(); n != 4 {
		t.Errorf("%d run in one record, want 4", n)
	}
	close(out)
	all.Wait()
	close(answers)
	for got := range answers {
		if got != http.StatusOK {
			t.Errorf("one of the burst was answered %d", got)
		}
	}
}

// Sixteen clients of one record, on a server with as few places as the smallest has:
// nobody is refused.
func TestClientsTakeTurns(t *testing.T) {
	t.Parallel()
	limits := generous
	limits.Concurrent, limits.Wait = 16, 20*time.Second
	w := newServer(t, limits)
	token := w.session(w.enrol("Ada"))
	var all sync.WaitGroup
	var refused atomic.Int64
	for range 16 {
		all.Go(func() {
			for range 20 {
				r := newRequest("GET", "/fhir/Patient", nil)
				r.Header.Set("Authorization", "Bearer "+token)
				rec := httptest.NewRecorder()
				if w.server.ServeHTTP(rec, r); rec.Code != http.StatusOK {
					refused.Add(1)
				}
			}
		})
	}
	all.Wait()
	if n := refused.Load(); n > 0 {
		t.Errorf("%d of 320 requests were refused", n)
	}
}
