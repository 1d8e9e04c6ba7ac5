package app

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"carehold/record"
)

// Two people's files are looked at, and nobody's twice at once. Who waits is next, or hears
// after half a minute that there is no room; and nobody has more than a few requests that wait.
func TestPlaces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, began := &waiting{}, time.Now()
		ada, ben, cy := record.PersonID{1}, record.PersonID{2}, record.PersonID{3}
		place := func(p record.PersonID) (func(), error) { return w.place(context.Background(), p) }
		leave, err := place(ada)
		leaveBen, errBen := place(ben)
		if err != nil || errBen != nil || time.Since(began) != 0 {
			t.Fatal(err, errBen)
		}
		if _, err := place(cy); record.KindOf(err) != record.Unavailable || time.Since(began) != looksLong {
			t.Errorf("a third: %v after %v", err, time.Since(began))
		}
		leaveBen()

		got := make(chan error, maxQueued)
		for range maxQueued {
			go func() {
				done, err := place(ada) // though there is a place
				if err == nil {
					done()
				}
				got <- err
			}()
		}
		synctest.Wait()
		if len(got) != 0 {
			t.Error("one person's files are looked at twice at once")
		}
		before := time.Now()
		if _, err := place(ada); record.KindOf(err) != record.Unavailable || time.Since(before) != 0 {
			t.Errorf("one more that would wait: %v after %v", err, time.Since(before))
		}
		leave()
		for range maxQueued {
			if err := <-got; err != nil {
				t.Error(err)
			}
		}
		if len(w.looks) != 0 || len(w.queued) != 0 {
			t.Errorf("left over: %v %v", w.looks, w.queued)
		}
	})
}
