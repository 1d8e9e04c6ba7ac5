package store_test

import (
	"testing"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/kv"
	atrest "carehold/record/rows"
	"carehold/record/statement"
)

// TestVerifyCapsuleInRecord: somebody names a capsule as another's record is named,
// and that record is verified all the same.
func TestVerifyCapsuleInRecord(t *testing.T) {
	t.Parallel()
	_, s := newStore(t)
	victim, bad := recordOf(t, s), enrol(t, s)
	b := bad.body()
	b.PutSlots = []record.Capsule{{ID: crypto.CapsuleID(victim.person), Blob: []byte("blob")}}
	b.Slots = append(b.Slots, statement.Slot{ID: crypto.CapsuleID(victim.person), Wrap: []byte("w")})
	if err := bad.submit(b); err != nil {
		t.Fatal(err)
	}
	if r, err := s.Verify(ctx, nil); err != nil || r.All() != 0 || r.People != 2 {
		t.Errorf("%v, %+v", err, r)
	}
	err := engineOf(s).Update(ctx, kv.Partition(victim.person), func(tx kv.Tx) error { tx.Delete(atrest.DirKey); return nil })
	if err != nil {
		t.Fatal(err)
	}
	if r, err := s.Verify(ctx, nil); err != nil || r.All() == 0 || r.Damaged[0].Person != victim.person {
		t.Errorf("%v, %+v", err, r)
	}
}
