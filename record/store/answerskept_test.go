package store_test

import (
	"errors"
	"testing"

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
