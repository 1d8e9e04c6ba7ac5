package store_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/statement"
	"carehold/record/store"
)

// TestForget: what somebody brought under another's name is in the way of theirs
// until the operator takes it away, all of it; and only what waits or is closed is.
func TestForget(t *testing.T) {
	t.Parallel()
	dir, old := newStore(t)
	d := recordOf(t, old)
	first := copyOf(t, d)
	from := old.ID()
	d.s = d.restored(dir)
	if _, err := d.s.Apply(ctx, statement.Sign(d.goOn(from), d.identity), crypto.Credential{}); err != nil {
		t.Fatal(err)
	}
	d.seq++
	theirs := copyOf(t, d)

	at, s := newStore(t)
	if _, err := s.TakeRecord(ctx, bytes.NewReader(first), invite(t, s, 0)); err != nil {
		t.Fatal(err)
	}
	_, err := s.TakeRecord(ctx, bytes.NewReader(theirs), invite(t, s, 0))
	wantKind(t, err, record.Conflict)
	if !strings.Contains(err.Error(), "carehold forget "+d.person.String()) || strings.Contains(record.SafeText(err), d.person.String()) {
		t.Errorf("it is told %q, and the log %q", err, record.SafeText(err))
	}
	list, err := s.Resting(ctx)
	if err != nil || len(list) != 1 || list[0].Person != d.person || list[0].From != from || !list[0].Waiting {
		t.Errorf("%+v, %v", list, err)
	}
	if err := s.Forget(ctx, d.person); err != nil {
		t.Fatal(err)
	}
	if st, err := s.Status(ctx); err != nil || st.People != 0 {
		t.Errorf("%+v, %v", st, err)
	}
	if _, err := s.Slot(ctx, d.slot.CapsuleID()); !errors.Is(err, record.NotFound) {
		t.Errorf("a way to unlock is left: %v", err)
	}
	wantKind(t, s.Forget(ctx, d.person), record.NotFound)
	if _, err := s.TakeRecord(ctx, bytes.NewReader(theirs), invite(t, s, 0)); err != nil {
		t.Errorf("theirs, after that: %v", err)
	}
	s.Close()
	s = open(t, at, store.Options{}) // the anchor agrees
	if list, err := s.Resting(ctx); err != nil || len(list) != 1 || list[0].From != d.s.ID() {
		t.Errorf("%+v, %v", list, err)
	}

	wantKind(t, d.s.Forget(ctx, d.person), record.Conflict) // it is in use there
	put(t, d.session(), allergy)
}
