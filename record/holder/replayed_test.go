package holder_test

import (
	"context"
	"errors"
	"testing"

	"carehold/record"
	"carehold/record/holder"
)

// replayed keeps changes back, and answers with the receipt of an older one.
type replayed struct {
	*local
	receipt holder.Receipt
	kept    int
}

func (s *replayed) Submit(context.Context, []byte, string) (holder.Receipt, error) {
	s.kept++
	return s.receipt, nil
}

// A change that was kept back is not taken for made, and the device goes on from where it
// was; one whose receipt was made up is missed when the record is opened next.
func TestReplayedReceipt(t *testing.T) {
	srv := newLocal(t)
	h, kit := enrol(t, srv, srv.invite())
	slot := kit.Recovery.Slot()
	old, err := srv.Ring(t.Context(), h.Person(), slot.CapsuleID(), 0)
	if err != nil {
		t.Fatal(err)
	}
	doctor := give(t, h, gp(0))
	m := h.Memory()

	lies := &replayed{local: srv, receipt: holder.Receipt{Seq: old.Seq, Checkpoint: old.Checkpoint}}
	u := unlock(t, lies, slot, m)
	if err := u.Revoke(t.Context(), doctor.Grant.ID); !errors.Is(err, record.Integrity) || lies.kept != 1 {
		t.Errorf("stopping somebody, with the receipt of another change: %v, sent %d times", err, lies.kept)
	}
	if g := state(t, u, doctor.Grant.ID); g.State != holder.Live || u.Memory().Seq != m.Seq {
		t.Errorf("the grant is shown as %v, of change %d", g.State, u.Memory().Seq)
	}
	honest := unlock(t, srv, slot, u.Memory())
	if err := honest.Revoke(t.Context(), doctor.Grant.ID); err != nil || srv.opens(doctor.Token) {
		t.Errorf("stopping them after that: %v", err)
	}

	lies.receipt.Seq = honest.Memory().Seq + 1
	u = unlock(t, lies, slot, honest.Memory())
	if _, err := u.Grant(t.Context(), gp(0)); err != nil {
		t.Fatal(err)
	}
	if _, err := holder.Unlock(t.Context(), srv, slot, u.Memory()); !errors.Is(err, holder.ErrOlder) {
		t.Errorf("opening it after a receipt that was made up: %v", err)
	}
}
