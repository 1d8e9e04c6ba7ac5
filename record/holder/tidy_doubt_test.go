package holder_test

import (
	"errors"
	"testing"

	"carehold/record"
	"carehold/record/holder"
)

// What the device tidies by itself takes the doubt away no more than what its person
// changes: whoever has the server can have it tidy, by stopping a grant.
func TestDoubtOutlivesTidying(t *testing.T) {
	srv := newLocal(t)
	h, kit := enrol(t, srv, srv.invite())
	doctor := give(t, h, gp(0))
	checked(t, h)
	backup := srv.backup()
	token := signIn(t, h)
	for range 3 {
		if err := srv.write(token); err != nil {
			t.Fatal(err)
		}
	}
	if err := h.SignOut(t.Context(), token); err != nil {
		t.Fatal(err)
	}
	m := h.Memory()
	wound := fork(t, backup)
	for range 12 {
		wound.look(doctor.Token)
	}
	fresh := unlock(t, wound, kit.Recovery.Slot(), holder.Memory{})
	if err := fresh.Strike(t.Context(), signIn(t, fresh), doctor.Grant.ID); err != nil {
		t.Fatal(err)
	}
	out := unlock(t, wound, kit.Recovery.Slot(), m)
	if out.Doubt() == nil {
		t.Fatal("no doubt")
	}
	ended, err := out.Tidy(t.Context())
	if err != nil || len(ended) != 1 {
		t.Fatalf("%d, %v", len(ended), err)
	}
	if err := out.Doubt(); !errors.Is(err, record.Integrity) || out.Memory().Newest() != m.Newest() {
		t.Errorf("after tidying: %v", err)
	}
	if err := unlock(t, wound, kit.Recovery.Slot(), out.Memory()).Doubt(); !errors.Is(err, record.Integrity) {
		t.Errorf("the next unlocking: %v", err)
	}
}
