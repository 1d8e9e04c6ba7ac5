package holder_test

import (
	"errors"
	"testing"

	"carehold/record"
	"carehold/record/holder"
)

// A change that is made while the server cannot show that the log goes on does not
// take what was seen out of the device's mind: the next unlocking is told the same.
func TestDoubtOutlivesAChange(t *testing.T) {
	srv := newLocal(t)
	h, kit := enrol(t, srv, srv.invite())
	slot := kit.Recovery.Slot()
	doctor := give(t, h, gp(0))
	checked(t, h)
	backup := srv.backup()
	token := signIn(t, h)
	for range 3 {
		if err := srv.write(token); err != nil {
			t.Fatal(err)
		}
	}
	if err := h.Strike(t.Context(), token, doctor.Grant.ID); err != nil {
		t.Fatal(err)
	}
	if err := h.SignOut(t.Context(), token); err != nil {
		t.Fatal(err)
	}
	m := h.Memory()
	wound := fork(t, backup)
	for range 12 {
		wound.look(doctor.Token)
	}
	out := unlock(t, wound, slot, m)
	if err := out.Doubt(); !errors.Is(err, record.Integrity) {
		t.Fatalf("unlocking finds: %v", err)
	}
	give(t, out, gp(0)) // any change
	if err := out.Doubt(); !errors.Is(err, record.Integrity) {
		t.Errorf("after a change there is no doubt: %v", err)
	}
	if got := out.Memory().Newest(); got != m.Newest() {
		t.Errorf("talked out of what it saw: %+v, %+v", got, m.Newest())
	}
	kept, err := holder.ParseMemory(out.Memory().Marshal())
	if err != nil {
		t.Fatal(err)
	}
	next := unlock(t, wound, slot, kept)
	if err := next.Doubt(); !errors.Is(err, record.Integrity) {
		t.Errorf("the next unlocking finds: %v", err)
	}
	if _, err := next.Check(t.Context(), signIn(t, next)); !errors.Is(err, record.Integrity) {
		t.Errorf("a check finds: %v", err)
	}
}
