package store_test

import (
	"errors"
	"path/filepath"
	"testing"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/backup"
	"carehold/record/keys"
	"carehold/record/kv"
	atrest "carehold/record/rows"
	"carehold/record/statement"
	"carehold/record/store"
)

// TestForeignSlotRefused: a statement names slots of its own record, and no others.
func TestForeignSlotRefused(t *testing.T) {
	t.Parallel()
	_, s := newStore(t)
	victim, bad := recordOf(t, s), enrol(t, s)
	for name, id := range map[string]crypto.CapsuleID{"another person's": victim.slot.CapsuleID(), "nobody's": {9, 9, 9}} {
		b := bad.body()
		b.Slots = append(b.Slots, statement.Slot{ID: id, Wrap: []byte("w")})
		if err := bad.submit(b); !errors.Is(err, record.Unprocessed) {
			t.Errorf("%s slot: %v", name, err)
		}
	}
	// Nor in the first statement.
	d := newDevice(t, s)
	b, err := statement.ParseBody(d.first().Body)
	if err != nil {
		t.Fatal(err)
	}
	b.Slots = append(b.Slots, statement.Slot{ID: victim.slot.CapsuleID(), Wrap: []byte("w")})
	if _, err := s.Apply(ctx, statement.Sign(b, d.identity).SignNew(d.identity), invite(t, s, 0)); !errors.Is(err, record.Unprocessed) {
		t.Errorf("in the first: %v", err)
	}
	bad.addSlot() // and one's own is taken as before
}

// nameSlot puts a slot into a person's keyring row as a store had it that did not
// ask whose it is.
func (d *device) nameSlot(id crypto.CapsuleID) {
	d.t.Helper()
	if err := d.s.NameSlot(d.person, statement.Slot{ID: id, Wrap: []byte("w")}); err != nil {
		d.t.Fatal(err)
	}
}

// TestForeignSlotBackedUp: where a record names a slot of another's, or one that is
// nowhere, that record has the finding, in the store and in its backups, and
// everybody is restored with the ways to unlock that are theirs.
func TestForeignSlotBackedUp(t *testing.T) {
	t.Parallel()
	for name, of := range map[string]func(*device) crypto.CapsuleID{
		"another person's": func(victim *device) crypto.CapsuleID { return victim.slot.CapsuleID() },
		"nobody's":         func(*device) crypto.CapsuleID { return crypto.CapsuleID{9, 9, 9} },
	} {
		_, s := newStore(t)
		victim, bad := recordOf(t, s), recordOf(t, s)
		bad.nameSlot(of(victim))
		var f folder
		f.add(t, s, true)
		only := func(what string, r backup.Report, err error) {
			t.Helper()
			if err != nil || r.Damage != 1 || len(r.Damaged) != 1 || r.Damaged[0].Person != bad.person || r.Damaged[0].Findings[0].Part != atrest.PartSlot {
				t.Errorf("%s slot: %s: %v, %+v", name, what, err, r.Damaged)
			}
		}
		live, err := s.Verify(ctx, nil)
		only("the store", live.Report, err)
		r, err := backup.Verify(ctx, f.chain(t), nil)
		only("the backup", r, err)
		dir := filepath.Join(t.TempDir(), "new")
		out, err := store.Restore(ctx, dir, f.chain(t), store.RestoreOptions{AcceptDamage: true})
		if err != nil || out.People != 2 || out.Left != 0 {
			t.Fatalf("%s slot: %v, %+v", name, err, out)
		}
		again := open(t, dir, store.Options{})
		sameRecord(t, s, again, victim)
		for _, d := range []*device{victim, bad} {
			if _, err := again.Slot(ctx, d.slot.CapsuleID()); err != nil {
				t.Errorf("%s slot: %v", name, err)
			}
			if _, err := again.Ring(ctx, d.person, d.slot.CapsuleID(), 0); err != nil {
				t.Errorf("%s slot: %v", name, err)
			}
		}
	}
}

// TestRestoreOneWayLeft: a record of which one way to unlock is damaged is restored
// with the others; one that has none left is left out.
func TestRestoreOneWayLeft(t *testing.T) {
	t.Parallel()
	_, s := newStore(t)
	d, shut := recordOf(t, s), recordOf(t, s)
	second := d.addSlot()
	for _, id := range []crypto.CapsuleID{second.CapsuleID(), shut.slot.CapsuleID()} {
		err := engineOf(s).Update(ctx, kv.Partition(id), func(tx kv.Tx) error { tx.Delete(atrest.CapsuleKey); return nil })
		if err != nil {
			t.Fatal(err)
		}
	}
	var f folder
	f.add(t, s, true)
	if _, err := store.Restore(ctx, filepath.Join(t.TempDir(), "new"), f.chain(t), store.RestoreOptions{}); !errors.Is(err, record.Integrity) {
		t.Errorf("unasked: %v", err)
	}
	dir := filepath.Join(t.TempDir(), "new")
	out, err := store.Restore(ctx, dir, f.chain(t), store.RestoreOptions{AcceptDamage: true})
	if err != nil || out.People != 2 || out.Left != 1 || out.Damage != 2 {
		t.Fatalf("%v, %+v", err, out)
	}
	again := open(t, dir, store.Options{})
	if _, err := again.Ring(ctx, d.person, d.slot.CapsuleID(), 0); err != nil {
		t.Error(err)
	}
	if _, err := again.Ring(ctx, shut.person, shut.slot.CapsuleID(), 0); !errors.Is(err, record.NotFound) {
		t.Errorf("the one without a way in: %v", err)
	}
}

// TestRestoreManySlots: whoever changes all their ways to unlock between one backup
// and the next is restored with those they have.
func TestRestoreManySlots(t *testing.T) {
	t.Parallel()
	_, s := newStore(t)
	d := recordOf(t, s)
	var f folder
	f.add(t, s, true)
	keep := d.body().Slots[0]
	for range 3 {
		b := d.body()
		for range statement.MaxSlots - 1 {
			c := crypto.NewRecoveryCode().Slot()
			b.PutSlots = append(b.PutSlots, keys.SealSlot(c.CapsuleKey(), d.person))
			b.Slots = append(b.Slots, statement.Slot{ID: c.CapsuleID(), Wrap: keep.Wrap})
		}
		if err := d.submit(b); err != nil {
			t.Fatal(err)
		}
		f.add(t, s, false)
		cut := d.body()
		for _, c := range b.PutSlots {
			cut.CutSlots = append(cut.CutSlots, c.ID)
		}
		if err := d.submit(cut); err != nil {
			t.Fatal(err)
		}
	}
	f.add(t, s, false)
	_, _, again := restore(t, f.chain(t))
	sameRecord(t, s, again, d)
	if got := len(rowsOf(t, again, d.slot.CapsuleID())); got != 1 {
		t.Errorf("%d rows of their slot", got)
	}
}
