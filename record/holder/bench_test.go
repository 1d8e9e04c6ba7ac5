package holder_test

import (
	"fmt"
	"testing"

	"carehold/record"
	"carehold/record/holder"
)

// Revoking one of fifty live grants: a new epoch and fifty rows, in one commit.
// Most of the time is the disk's.
func BenchmarkRevokeOfFifty(b *testing.B) {
	srv := newLocal(b)
	h, _ := enrol(b, srv, srv.invite())
	var ids []record.GrantID
	for i := range 49 {
		req := gp(0)
		req.To.Name = fmt.Sprintf("grantee %d", i)
		ids = append(ids, give(b, h, req).Grant.ID)
	}
	b.ResetTimer()
	for range b.N {
		b.StopTimer()
		last := give(b, h, gp(0)).Grant.ID
		b.StartTimer()
		if err := h.Revoke(b.Context(), last); err != nil {
			b.Fatal(err)
		}
	}
	b.StopTimer()
	live := 0
	for _, g := range h.Grants() {
		if g.State == holder.Live {
			live++
		}
	}
	if live != len(ids) {
		b.Fatalf("%d live grants, want %d", live, len(ids))
	}
}

func BenchmarkUnlock(b *testing.B) {
	srv := newLocal(b)
	h, kit := enrol(b, srv, srv.invite())
	for range 50 {
		give(b, h, gp(0))
	}
	slot := kit.Recovery.Slot()
	for b.Loop() {
		u, err := holder.Unlock(b.Context(), srv, slot, h.Memory())
		if err != nil {
			b.Fatal(err)
		}
		u.Close()
	}
}

// The whole check of a log of about 2,000 entries.
func BenchmarkCheck(b *testing.B) {
	srv := newLocal(b)
	h, _ := enrol(b, srv, srv.invite())
	token := give(b, h, gp(0)).Token
	for range 2000 {
		srv.look(token)
	}
	session := signIn(b, h)
	for b.Loop() {
		if _, err := h.Check(b.Context(), session); err != nil {
			b.Fatal(err)
		}
	}
}
