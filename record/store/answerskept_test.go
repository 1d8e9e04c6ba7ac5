package store_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"carehold/record"
	"carehold/record/store"
)

// TestRoomAddsUpForThePerson: who waits in their own record for much, within their share,
// has what grants give back kept for them until it is enough, and no longer than they
// wait; then grants go on for as long, whoever asks next.
func TestRoomAddsUpForThePerson(t *testing.T) {
	t.Parallel()
	_, s := newStore(t)
	const page = onePage * store.Copies
	s.MostAnswers(8 * page) // a grant: 2 pages; a record, and all grants: 6
	take := func(v *store.View, pages int) error { return v.TakeRoom(pages * onePage) }
	waiting := func() int { _, _, n := s.Answers(); return n }
	grantee := func(d *device) *store.View {
		_, token := d.share(clinician(s))
		return view(t, s, token)
	}
	ada, ben, cyn := enrol(t, s), enrol(t, s), enrol(t, s)
	var held []*store.View
	for _, d := range []*device{ben, ben, ben, cyn, cyn, cyn} {
		v := grantee(d)
		if err := take(v, 1); err != nil {
			t.Fatal(err)
		}
		held = append(held, v)
	}
	giveBack := func() { held[0].Close(); held = held[1:] }

	me, later := ada.session(), grantee(cyn)
	mine, theirs := make(chan error, 1), make(chan error, 1)
	go func() { mine <- take(me, 4) }() // of which two are free
	until(t, 1, waiting)
	giveBack()
	go func() { theirs <- take(later, 1) }() // which fits: two are free, and grants have five
	until(t, 2, waiting)
	if err := take(cyn.session(), 1); err != nil {
		t.Errorf("another person, who needs less: %v", err)
	}
	giveBack()
	giveBack()
	if err := <-mine; err != nil {
		t.Errorf("the person, for whom it adds up: %v", err)
	}
	giveBack() // for nobody now
	if err := <-theirs; err != nil {
		t.Errorf("the grant behind them: %v", err)
	}
	me.Close()

	// More than there will be: nobody waits for it longer than they do.
	other := ben.session()
	if err := take(other, 2); err != nil {
		t.Fatal(err)
	}
	me = ada.session()
	go func() { mine <- take(me, 4) }()
	until(t, 1, waiting)
	if grantee(ben).Holds(1 << 20) {
		t.Error("a grant's plan overtakes who waits")
	}
	if err := <-mine; !errors.Is(err, record.Unavailable) {
		t.Fatal(err)
	}
	go func() { mine <- take(me, 4) }() // who asks again at once
	until(t, 1, waiting)
	if err := take(grantee(ben), 1); err != nil {
		t.Errorf("after a person who had none: %v", err)
	}
	other.Close()
	giveBack()
	if err := <-mine; err != nil {
		t.Errorf("when there is enough: %v", err)
	}
}

// TestRoomIsKeptHalfOfTheTime: whoever asks again and again for more than there is, and
// however many do, grants are kept out no longer than they are let go on. The clock is
// the test's own.
func TestRoomIsKeptHalfOfTheTime(t *testing.T) {
	const patience, step, size = store.AnswerPatience, 10 * time.Millisecond, 1 << 30
	for name, c := range map[string]struct {
		every, waits time.Duration
		people       int
	}{
		"one person":                       {time.Second, patience, 1},
		"one who leaves first":             {time.Second, patience - step, 1},
		"many people":                      {patience / 5, patience, 5},
		"many who leave first":             {patience / 20, patience / 4, 7},
		"who leaves before the next comes": {patience / 4, patience / 8, 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := store.NewRoom(size)
				if !r.Try(100, true, size/2) { // somebody reads slowly
					t.Fatal("there is no room")
				}
				begun := time.Now()
				more := func() bool { return time.Since(begun) < 60*time.Second }
				var all sync.WaitGroup
				all.Go(func() {
					for n := 0; more(); n++ {
						all.Go(func() {
							ctx, cancel := context.WithTimeout(t.Context(), c.waits)
							defer cancel()
							if r.Take(ctx, byte(n%c.people), true, size*3/4) {
								t.Error("more than there is")
							}
						})
						time.Sleep(c.every)
					}
				})
				all.Go(func() { // who waits gets on, too, when those in line let go
					for more() {
						ctx, cancel := context.WithTimeout(t.Context(), patience+step)
						if !r.Take(ctx, 101, false, size/64) {
							t.Errorf("a grant had no room for %v", patience)
						} else {
							r.Release(101, false, size/64)
						}
						cancel()
						time.Sleep(step)
					}
				})
				out, tries, since, longest := 0, 0, time.Now(), time.Duration(0)
				for ; more(); tries++ {
					if r.Try(102, false, size/64) {
						r.Release(102, false, size/64)
						since = time.Now()
					} else {
						out, longest = out+1, max(longest, time.Since(since))
					}
					time.Sleep(step)
				}
				all.Wait()
				if at := out * 100 / tries; at > 52 || at < 25 || longest > patience+step {
					t.Errorf("a grant is kept out of %d %% of its tries, for %v", at, longest)
				}
				r.Release(100, true, size/2)
				if n := r.Left(); n != 0 {
					t.Errorf("%d are left", n)
				}
			})
		})
	}
}

// TestOthersLetGoForThemselves: who gives up at once, again and again, takes nothing from
// another person for whom it adds up.
func TestOthersLetGoForThemselves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const size, part, moment = 1 << 30, 1 << 27, 10 * time.Millisecond
		r := store.NewRoom(size) // eight parts: of a grant two, of a record six
		for p := range byte(6) {
			if !r.Try(10+p, false, part) {
				t.Fatal("there is no room")
			}
		}
		var all sync.WaitGroup
		done := make(chan bool)
		all.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				ctx, cancel := context.WithTimeout(t.Context(), moment)
				if r.Take(ctx, 1, true, 6*part) {
					r.Release(1, true, 6*part)
				}
				cancel()
			}
		})
		time.Sleep(moment / 2)
		had := make(chan bool, 1)
		all.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), store.AnswerPatience)
			defer cancel()
			had <- r.Take(ctx, 2, true, 4*part)
		})
		time.Sleep(3 * moment)
		for p := range byte(2) { // what is given back, others would have
			r.Release(10+p, false, part)
			time.Sleep(10 * moment)
			for q := range byte(6) {
				if p == 0 && r.Try(20+q, false, part) {
					t.Errorf("grant %d has what is kept", q)
				}
			}
		}
		if !<-had {
			t.Error("the person had none of it")
		} else {
			r.Release(2, true, 4*part)
		}
		close(done)
		all.Wait()
		for p := byte(2); p < 6; p++ {
			r.Release(10+p, false, part)
		}
		if n := r.Left(); n != 0 {
			t.Errorf("%d are left", n)
		}
	})
}
