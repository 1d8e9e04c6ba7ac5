package store_test

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"testing"

	"carehold/record"
	"carehold/record/audit"
	"carehold/record/statement"
	"carehold/record/store"
)

// checkPage compares a page's frontier with the one that is hashed from the first
// leaf on, and goes by the page to where the next begins.
func checkPage(t *testing.T, d *device, page store.LogPage) (next uint64) {
	t.Helper()
	want, err := d.s.Peaks(d.person, page.From)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(page.Frontier, want.Marshal()) {
		t.Errorf("the frontier before %d of %d is another", page.From, page.Size)
	}
	return page.From + uint64(len(page.Leaves))
}

// TestLogPageFrontiers: whatever was asked for before, and however the log has grown
// meanwhile, each page begins with the frontier that is hashed from all the leaves.
func TestLogPageFrontiers(t *testing.T) {
	_, s := newStore(t)
	people := []*device{enrol(t, s), enrol(t, s), enrol(t, s)}
	rnd := rand.New(rand.NewPCG(3, 14))
	at := make([]uint64, len(people))
	sizes := make([]uint64, len(people))
	for range 600 {
		i := rnd.IntN(len(people))
		d := people[i]
		from := at[i] // as one goes on
		switch rnd.IntN(6) {
		case 0:
			if err := s.GrowLog(d.person, 1+rnd.IntN(40)); err != nil {
				t.Fatal(err)
			}
			continue
		case 1, 2:
			from = rnd.Uint64N(sizes[i] + 1)
		case 3:
			from = sizes[i] - rnd.Uint64N(min(sizes[i], 3)+1) // about the end
		}
		page, err := s.Page(d.person, from, 1+rnd.IntN(30))
		if err != nil {
			t.Fatal(err)
		}
		at[i], sizes[i] = checkPage(t, d, page), page.Size
		if theirs, _ := s.Remembered(d.person); theirs > store.FrontiersEach {
			t.Fatalf("%d are remembered", theirs)
		}
	}
	for i, size := range sizes {
		if size < 300 {
			t.Errorf("log %d has but %d entries", i, size)
		}
	}
}

// TestLogPageOtherLog: a record that waits is replaced by a later copy of it, and the
// log that comes is no continuation of the one that was read.
func TestLogPageOtherLog(t *testing.T) {
	t.Parallel()
	_, old := newStore(t)
	d := enrol(t, old)
	if err := old.GrowLog(d.person, 60); err != nil {
		t.Fatal(err)
	}
	first := copyOf(t, d)
	now := 0
	for _, more := range []int{4, 6, 8} { // there, to a log shorter, as long or longer than what was read
		if err := old.GrowLog(d.person, more); err != nil {
			t.Fatal(err)
		}
		later := copyOf(t, d)
		for _, forget := range []bool{false, true} {
			here := *d
			_, here.s = newStore(t)
			ticket := invite(t, here.s, 0)
			take := func(b []byte) {
				t.Helper()
				if _, err := here.s.TakeRecord(ctx, bytes.NewReader(b), ticket); err != nil {
					t.Fatal(err)
				}
			}
			ask := func(places []uint64) (size uint64, asked int) {
				t.Helper()
				for _, from := range places {
					page, err := here.s.Page(d.person, from, 1)
					if err != nil {
						if errors.Is(err, record.Integrity) { // behind the end
							continue
						}
						t.Fatal(err)
					}
					checkPage(t, &here, page)
					size, asked = page.Size, asked+1
				}
				return size, asked
			}
			take(first)
			for range 12 { // each is in the log
				if _, err := here.s.RingLog(ctx, d.person, d.slot.CapsuleID(), 0); err != nil {
					t.Fatal(err)
				}
			}
			size, _ := ask([]uint64{0})
			var places []uint64 // as few as are all remembered
			for _, back := range []uint64{1, 5, 9} {
				places = append(places, size-back)
			}
			ask(places)
			if forget {
				if err := here.s.Forget(ctx, d.person); err != nil {
					t.Fatal(err)
				}
			}
			take(later)
			for _, p := range places {
				places = append(places, p+1)
			}
			_, asked := ask(places)
			now += asked
		}
	}
	if now < 24 {
		t.Errorf("%d places of the other logs were asked for", now)
	}
}

// What is remembered is bounded, and the first of many to ask keeps theirs no longer
// than the rest.
func TestLogPageRemembers(t *testing.T) {
	_, s := newStore(t)
	people := make([]*device, store.FrontiersAll/store.FrontiersEach+2)
	for i := range people {
		people[i] = enrol(t, s)
		if err := s.GrowLog(people[i].person, 20); err != nil {
			t.Fatal(err)
		}
		for from := range uint64(20) {
			if _, err := s.Page(people[i].person, from, 1); err != nil {
				t.Fatal(err)
			}
		}
	}
	theirs, all := s.Remembered(people[0].person)
	last, _ := s.Remembered(people[len(people)-1].person)
	if theirs != 0 || last != store.FrontiersEach || all != store.FrontiersAll {
		t.Errorf("of the first %d, of the last %d, of all %d", theirs, last, all)
	}
}

// TestConsistency: from each head that the log had to the one it has, as another
// implementation checks it.
func TestConsistency(t *testing.T) {
	_, s := newStore(t)
	d := enrol(t, s)
	v := d.session()
	var now statement.Head
	for now.Size < 70 {
		if err := s.GrowLog(d.person, 6); err != nil {
			t.Fatal(err)
		}
		for from := uint64(1); from <= now.Size; from += 1 + now.Size/9 {
			seen, err := s.Peaks(d.person, from)
			if err != nil {
				t.Fatal(err)
			}
			proof, checkpoint, err := v.Consistency(ctx, seen.Head())
			if err != nil {
				t.Fatal(err)
			}
			if now, err = audit.VerifyCheckpoint(checkpoint, s.Verifier(), s.ID(), d.person); err != nil {
				t.Fatal(err)
			}
			if err := audit.CheckConsistency(proof, seen.Head(), now); err != nil {
				t.Errorf("from %d to %d: %v", from, now.Size, err)
			}
		}
		page, err := s.Page(d.person, 0, 1)
		if err != nil {
			t.Fatal(err)
		}
		now.Size = page.Size
	}
}
