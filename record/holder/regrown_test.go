package holder_test

import (
	"errors"
	"testing"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/holder"
)

// putBack makes a record that the device checked, writes three entries in a session
// and, if stops, stops a grant; and a fork of its server from before the session, which
// has grown past what the device saw at its end.
func putBack(t *testing.T, stops bool) (srv, wound *local, slot crypto.Credential, doctor holder.Issued, m holder.Memory) {
	t.Helper()
	srv = newLocal(t)
	h, kit := enrol(t, srv, srv.invite())
	doctor = give(t, h, gp(0))
	checked(t, h)
	backup := srv.backup()
	token := signIn(t, h)
	for range 3 {
		if err := srv.write(token); err != nil {
			t.Fatal(err)
		}
	}
	if stops {
		if err := h.Strike(t.Context(), token, doctor.Grant.ID); err != nil {
			t.Fatal(err)
		}
	}
	if err := h.SignOut(t.Context(), token); err != nil {
		t.Fatal(err)
	}
	wound = fork(t, backup)
	for range 12 {
		wound.look(doctor.Token)
	}
	return srv, wound, kit.Recovery.Slot(), doctor, h.Memory()
}

// swapped is a server that its operator exchanges for another while a device has a
// session there.
type swapped struct{ *local }

// A server that was put back to an older state and has grown again since, past what
// this device saw at the end of its last session, is found when it unlocks. One that is
// put back in the middle of a session is not, but the device is not talked out of what
// it saw: the next check finds it, in that session and in a later one.
func TestRegrownIsFound(t *testing.T) {
	srv, wound, slot, doctor, m := putBack(t, true)
	there := &swapped{srv}
	in := unlock(t, there, slot, m) // while it is as it was left
	if !wound.opens(doctor.Token) {
		t.Fatal("what was stopped is stopped")
	}
	out := unlock(t, wound, slot, m)
	if err := out.Doubt(); !errors.Is(err, record.Integrity) {
		t.Errorf("three writings and a stop are gone, and unlocking finds: %v", err)
	}
	if err := out.SignOut(t.Context(), signIn(t, out)); err != nil || out.Memory().Newest() != m.Newest() {
		t.Errorf("talked out of what it saw: %+v, %v", out.Memory().Newest(), err)
	}
	if err := unlock(t, srv, slot, out.Memory()).Doubt(); err != nil {
		t.Errorf("where it was: %v", err)
	}
	there.local = wound
	if err := in.SignOut(t.Context(), signIn(t, in)); err != nil {
		t.Fatal(err)
	}
	if in.Memory().Newest().Size <= m.Newest().Size {
		t.Fatal("it has not grown past what was seen")
	}
	kept, err := holder.ParseMemory(in.Memory().Marshal())
	if err != nil {
		t.Fatal(err)
	}
	for name, d := range map[string]*holder.Holder{"at once": in, "later": unlock(t, wound, slot, kept)} {
		if _, err := d.Check(t.Context(), signIn(t, d)); !errors.Is(err, record.Integrity) {
			t.Errorf("three writings and a stop are gone, and a check finds, %s: %v", name, err)
		}
		if _, err := d.CheckNew(t.Context(), signIn(t, d)); !errors.Is(err, record.Integrity) {
			t.Errorf("three writings and a stop are gone, and a check of what is new finds, %s: %v", name, err)
		}
	}
	// What two commands saw, each by itself.
	both := kept.Merge(m)
	if d := unlock(t, wound, slot, both); len(both.Unmet) == 0 {
		t.Error("merging forgets")
	} else if _, err := d.Check(t.Context(), signIn(t, d)); !errors.Is(err, record.Integrity) {
		t.Errorf("merged: %v", err)
	}
	// It is looked back at, and taken.
	back, w, err := holder.LookBack(t.Context(), wound, slot, kept)
	if err != nil || w.Entries < 5 || w.Changes != 0 || w.Forked {
		t.Fatalf("%+v, %v", w, err)
	}
	checked(t, back)
	// Where nothing is wrong, what is proved is not to be met, and a check meets the rest.
	good := unlock(t, srv, slot, m)
	good = unlock(t, srv, slot, good.Memory())
	if n := len(good.Memory().Unmet); n != len(m.Unmet) {
		t.Errorf("%d heads are unmet after unlocking, %d before", n, len(m.Unmet))
	}
	for range 3 {
		if err := good.SignOut(t.Context(), signIn(t, good)); err != nil {
			t.Fatal(err)
		}
		good = unlock(t, srv, slot, good.Memory())
	}
	if len(good.Memory().Unmet) == 0 {
		t.Error("nothing between is remembered")
	}
	checked(t, good)
	if err := good.Doubt(); err != nil {
		t.Error(err)
	}
	if n := len(good.Memory().Unmet); n != 0 {
		t.Errorf("%d heads are unmet after a check", n)
	}
	if n := len(unlock(t, srv, slot, good.Memory()).Memory().Merge(m).Unmet); n > 1 {
		t.Errorf("%d heads are unmet, merged with what was before the check", n)
	}
}

// What was changed at a server after it was put back hides nothing of what is missing:
// at most so many changes are, and another past is told however long ago it parted.
func TestLookBackAfterChanges(t *testing.T) {
	srv := newLocal(t)
	h, kit := enrol(t, srv, srv.invite())
	slot := kit.Recovery.Slot()
	checked(t, h)
	backup := srv.backup()
	for range 3 {
		give(t, h, gp(0)) // changes 2 to 4
	}
	m := h.Memory()
	wound := fork(t, backup)
	o := unlock(t, wound, slot, holder.Memory{})
	most := 70 // the keyring remembers 64
	if testing.Short() {
		most = 4
	}
	for made := range most {
		if made == 0 || made == 2 || made == 3 || made == most-1 { // none, fewer, as many, more
			b, w, err := holder.LookBack(t.Context(), wound, slot, m)
			if err != nil {
				t.Fatal(err)
			}
			b.Close()
			if w.Changes != 3 || w.Forked != (made >= 3) {
				t.Errorf("%d changes were made since: %+v, want 3 changes missing", made, w)
			}
		}
		give(t, o, gp(0))
	}
}

// When a device last looked is by its own clock: the server's may say anything.
func TestLookedByOwnClock(t *testing.T) {
	srv := newLocal(t)
	h, kit := enrol(t, srv, srv.invite())
	for _, lie := range []time.Time{{}, time.Now().AddDate(40, 0, 0), time.Now().AddDate(-1, 0, 0)} {
		s := &spy{local: srv, node: func(n *holder.Node) { n.Time = lie }}
		m := unlock(t, s, kit.Recovery.Slot(), h.Memory()).Memory()
		if m, err := holder.ParseMemory(m.Marshal()); err != nil || time.Since(m.Looked).Abs() > time.Minute {
			t.Errorf("the server says it is %v, and the device that it looked at %v; %v", lie, m.Looked, err)
		}
	}
}
