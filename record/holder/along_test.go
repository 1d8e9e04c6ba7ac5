package holder_test

import (
	"errors"
	"testing"

	"carehold/record"
	"carehold/record/holder"
)

// A device that goes along keeps what it saw after its last check as far as the record
// was carried on from there, and no further.
func TestWentAlongSigned(t *testing.T) {
	srv := newLocal(t)
	h, kit := enrol(t, srv, srv.invite())
	slot := kit.Recovery.Slot()
	checked(t, h)
	before := h.Memory()
	backup := srv.backup()
	write := func(l *local, m holder.Memory, times int) holder.Memory {
		t.Helper()
		u := unlock(t, l, slot, m)
		token := signIn(t, u)
		for range times {
			if err := l.write(token); err != nil {
				t.Fatal(err)
			}
		}
		if err := u.SignOut(t.Context(), token); err != nil {
			t.Fatal(err)
		}
		return u.Memory()
	}
	m := write(srv, before, 2)

	// It is not there, and that was accepted by a device that had seen as much.
	there := restore(t, backup)
	laptop := unlock(t, there, slot, m)
	if err := laptop.CarryOn(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	along := unlock(t, there, slot, m)
	if along.Carried() == nil || along.Waiting() != nil {
		t.Fatalf("%+v", along.Waiting())
	}
	if along.Memory().Newest().Size > m.Newest().Size+4 {
		t.Fatal("too long for this test")
	}
	checked(t, unlock(t, there, slot, along.Memory()))

	// As much is there, of another past, which a device carried on that had seen nothing.
	other := fork(t, backup)
	write(other, before, 9)
	there = restore(t, other.backup())
	fresh := unlock(t, there, slot, holder.Memory{})
	if err := fresh.CarryOn(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	p := unlock(t, there, slot, m)
	if _, err := p.Check(t.Context(), signIn(t, p)); !errors.Is(err, record.Integrity) {
		t.Errorf("another past than was seen after the last check: %v", err)
	}
}
