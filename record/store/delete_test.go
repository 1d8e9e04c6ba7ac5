package store_test

import (
	"bytes"
	"errors"
	"testing"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/statement"
	"carehold/record/store"
)

// deletion is the statement by which a person has the server delete their record.
func (d *device) deletion() statement.Signed {
	b := d.body()
	b.MovedTo = statement.Deleted
	return statement.Sign(b, d.identity)
}

// A backup that is under way while a person deletes their record has it whole, as it was
// when the backup began, and restores; the one after it has not.
func TestDeletedWhileBackedUp(t *testing.T) {
	_, s := newStore(t)
	d, other := enrol(t, s), enrol(t, s)
	put(t, d.session(), large("letter", 700<<10))
	put(t, other.session(), allergy)
	w := &deleting{then: func() {
		if _, err := s.Apply(ctx, d.deletion(), crypto.Credential{}); err != nil {
			t.Error(err)
		}
	}}
	b, err := s.Backup(ctx, w, store.BackupOptions{Full: true})
	if err != nil || b.Damaged > 0 || w.then != nil {
		t.Fatalf("%+v, %v", b, err)
	}
	if _, err := s.Slot(ctx, d.slot.CapsuleID()); !errors.Is(err, record.NotFound) {
		t.Errorf("the way in is there when the backup is done: %v", err)
	}
	if _, out, _ := restore(t, readers(t, w.Bytes())); out.People != 2 {
		t.Errorf("%+v", out)
	}
	f := &folder{}
	f.add(t, s, true)
	if _, out, _ := restore(t, f.chain(t)); out.People != 1 {
		t.Errorf("the next backup: %+v", out)
	}
}

// deleting does something when the first of a backup is written.
type deleting struct {
	bytes.Buffer
	then func()
}

func (w *deleting) Write(b []byte) (int, error) {
	if then := w.then; then != nil {
		w.then = nil
		then()
	}
	return w.Buffer.Write(b)
}

// A crash anywhere in deleting a record leaves it as it was, or gone; what is left of its
// rows then is removed by itself.
func TestDeleteCrash(t *testing.T) {
	node := crypto.NewKey()
	start := newMemory()
	start.max = 600 << 10
	if err := store.InitOn(start); err != nil {
		t.Fatal(err)
	}
	boot := func(e *memory) *store.Store {
		t.Helper()
		s, err := store.OpenOn(e, node, store.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	s := boot(start)
	d := enrol(t, s)
	me := d.session()
	put(t, me, allergy)
	put(t, me, large("letter", 700<<10))
	if _, err := me.Apply(ctx, resources(40, "w"), store.ApplyOptions{}); err != nil {
		t.Fatal(err)
	}
	st := d.deletion()
	crashes, left := 0, 0
	for n := 1; ; n++ {
		e := start.fork()
		s := boot(e)
		e.crash, e.cut = n, 1
		_, _ = s.Apply(ctx, st, crypto.Credential{})
		if !e.down {
			break
		}
		crashes++
		s = boot(e.reboot())
		before, err := s.Verify(ctx, nil)
		if err != nil || before.Damage > 0 {
			t.Fatalf("crash %d: %+v, %v", n, before, err)
		}
		if before.People == 1 {
			if before.Entries != 42 {
				t.Errorf("crash %d: it is there, with %d entries", n, before.Entries)
			}
			continue
		}
		if before.LeftOver > 0 {
			left++
		}
		if out, err := s.Reclaim(ctx); err != nil || out.Damaged > 0 {
			t.Errorf("crash %d: %+v, %v", n, out, err)
		}
		if after, err := s.Verify(ctx, nil); err != nil || after.LeftOver > 0 || after.Damage > 0 || after.Entries > 0 {
			t.Errorf("crash %d, after it was tidied: %+v, %v", n, after, err)
		}
	}
	if crashes < 3 || left == 0 {
		t.Errorf("%d crashes, and rows were left by %d", crashes, left)
	}
}
