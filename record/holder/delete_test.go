package holder_test

import (
	"context"
	"errors"
	"testing"

	"carehold/record"
	"carehold/record/holder"
)

// A record that its person deletes is gone at once, for every device and everybody they
// gave a part of it to, and nothing of it is left on the disk.
func TestDelete(t *testing.T) {
	srv := newLocal(t)
	other, _ := enrol(t, srv, srv.invite()) // somebody else, who must notice nothing
	h, kit := enrol(t, srv, srv.invite())
	doctor := give(t, h, gp(0))
	session := signIn(t, h)
	if err := srv.write(session); err != nil {
		t.Fatal(err)
	}
	phone := unlock(t, srv, kit.Recovery.Slot(), holder.Memory{})
	before, err := srv.Verify(t.Context(), nil)
	if err != nil || before.People != 2 || before.Entries != 1 {
		t.Fatalf("%+v, %v", before, err)
	}

	if err := h.Delete(t.Context()); err != nil {
		t.Fatal(err)
	}
	if srv.opens(doctor.Token) || srv.opens(session) {
		t.Error("a token opens a record that was deleted")
	}
	if _, err := holder.Unlock(t.Context(), srv, kit.Recovery.Slot(), holder.Memory{}); !errors.Is(err, holder.ErrNoSlot) {
		t.Errorf("the recovery code still leads somewhere: %v", err)
	}
	if _, err := phone.Grant(t.Context(), gp(0)); !errors.Is(err, holder.ErrNoSlot) && !errors.Is(err, record.Unauthorized) {
		t.Errorf("a device that was open: %v", err)
	}
	after, err := srv.Verify(t.Context(), nil)
	if err != nil || after.People != 1 || after.Entries != 0 || after.LeftOver != before.LeftOver || after.Damage != 0 {
		t.Errorf("what is left: %+v, %v", after, err)
	}
	give(t, other, gp(0))
	checked(t, other)
}

// A record that moved away can be deleted where it was.
func TestDeleteMoved(t *testing.T) {
	srv := newLocal(t)
	h, _ := enrol(t, srv, srv.invite())
	if err := h.CloseHere(t.Context(), "https://new.example.org"); err != nil {
		t.Fatal(err)
	}
	if err := h.Delete(t.Context()); err != nil {
		t.Fatal(err)
	}
	if st, err := srv.Status(t.Context()); err != nil || st.People != 0 || st.Closed != 0 {
		t.Errorf("%+v, %v", st, err)
	}
}

// The answer was lost: that the record is gone is not said for certain.
func TestDeleteUnsure(t *testing.T) {
	srv := newLocal(t)
	h, _ := enrol(t, losing{srv}, srv.invite())
	if err := h.Delete(t.Context()); !errors.Is(err, record.Unavailable) {
		t.Errorf("without an answer: %v", err)
	}
}

// losing answers no statement but the first.
type losing struct{ *local }

func (l losing) Submit(ctx context.Context, message []byte, invite string) (holder.Receipt, error) {
	r, err := l.local.Submit(ctx, message, invite)
	if err == nil && invite == "" {
		return holder.Receipt{}, record.Safef(record.Unavailable, "the line broke")
	}
	return r, err
}
