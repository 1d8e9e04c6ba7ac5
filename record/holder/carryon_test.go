package holder_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/audit"
	"carehold/record/holder"
	"carehold/record/holder/holdertest"
	"carehold/record/statement"
	"carehold/record/store"
)

// openLocal opens a store's folder.
func openLocal(t testing.TB, dir string) *local {
	t.Helper()
	l := &local{t: t, dir: dir}
	s, err := store.Open(dir, store.Options{Now: l.clock})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	l.Store = s
	return l
}

// backup copies the store as it is now.
func (l *local) backup() string {
	l.t.Helper()
	dir := filepath.Join(l.t.TempDir(), "copy")
	if err := l.Store.Close(); err != nil {
		l.t.Fatal(err)
	}
	if err := os.CopyFS(dir, os.DirFS(l.dir)); err != nil {
		l.t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(dir, "node.key"), 0o600); err != nil {
		l.t.Fatal(err)
	}
	again := openLocal(l.t, l.dir)
	l.Store = again.Store
	return dir
}

// restore makes another server of a backup.
func restore(t testing.TB, backup string) *local { return restoredAs(t, backup, audit.Restored) }

func restoredAs(t testing.TB, backup string, a audit.Action) *local {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "store")
	holdertest.Restored(t, backup, dir, a)
	return openLocal(t, dir)
}

// spy counts the statements that reach a server, and may bend what it answers.
type spy struct {
	*local
	sent [][]byte
	ring func(*holder.RingState)
	log  func(*holder.LogPage)
	node func(*holder.Node)
}

func (s *spy) Submit(ctx context.Context, signed []byte, invite string) (holder.Receipt, error) {
	s.sent = append(s.sent, signed)
	return s.local.Submit(ctx, signed, invite)
}

func (s *spy) Node(ctx context.Context) (holder.Node, error) {
	n, err := s.local.Node(ctx)
	if s.node != nil {
		s.node(&n)
	}
	return n, err
}

func (s *spy) Ring(ctx context.Context, p record.PersonID, slot crypto.CapsuleID, seen uint64) (holder.RingState, error) {
	r, err := s.local.Ring(ctx, p, slot, seen)
	if s.ring != nil && err == nil {
		s.ring(&r)
	}
	return r, err
}

func (s *spy) RingLog(ctx context.Context, p record.PersonID, slot crypto.CapsuleID, from uint64) (holder.LogPage, error) {
	page, err := s.local.RingLog(ctx, p, slot, from)
	if s.log != nil && err == nil {
		s.log(&page)
	}
	return page, err
}

// Nothing was lost: all of the log is there, and the person goes on as before, but
// for the grants, which a backup does not have.
func TestCarryOn(t *testing.T) {
	srv := newLocal(t)
	h, kit := enrol(t, srv, srv.invite())
	doctor := give(t, h, gp(0))
	srv.look(doctor.Token)
	checked(t, h)
	phone := unlock(t, srv, kit.Recovery.Slot(), holder.Memory{})
	checked(t, phone)
	epoch, seq, seen := h.Epoch(), h.Memory().Seq, h.Memory().Head()

	there := restore(t, srv.backup())
	if st, err := there.Status(t.Context()); err != nil || st.Waiting != 1 || st.Grants != 0 {
		t.Fatalf("the restored store: %+v, %v", st, err)
	}
	spied := &spy{local: there}
	slot := crypto.PassphraseSlot(kit.DeviceKey, typed(passphrase))
	u := unlock(t, spied, slot, h.Memory())
	w := u.Waiting()
	switch {
	case w == nil:
		t.Fatal("the record does not wait")
	case w.Lost() || w.Store != srv.ID() || w.From.Size < seen.Size || !w.Settled.IsZero():
		t.Errorf("what it would mean: %+v", *w)
	case u.Memory().Store != srv.ID():
		t.Error("the device has forgotten the old server before the person said so")
	}
	// Nothing else is done.
	if _, err := u.Grant(t.Context(), gp(0)); !errors.Is(err, holder.ErrWaiting) {
		t.Errorf("a grant: %v", err)
	}
	if _, _, err := u.SignIn(t.Context()); !errors.Is(err, holder.ErrWaiting) {
		t.Errorf("a session: %v", err)
	}
	if _, err := u.Tidy(t.Context()); !errors.Is(err, holder.ErrWaiting) {
		t.Errorf("tidying: %v", err)
	}
	if _, err := u.ReplaceRecovery(t.Context()); !errors.Is(err, holder.ErrWaiting) {
		t.Errorf("a recovery code: %v", err)
	}
	if newest, err := u.Examine(t.Context()); err != nil || newest.IsZero() || u.Waiting().Forked {
		t.Fatalf("looking at it: %v, %v", newest, err)
	}
	if len(spied.sent) != 0 {
		t.Fatal("something was changed while the record waits")
	}
	if err := u.CarryOn(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	if u.Waiting() != nil || u.Memory().Store != there.ID() || u.Memory().Verifier != there.Verifier() || u.Memory().Seq != seq+1 || u.Epoch() != epoch+1 {
		t.Errorf("carried on: waiting %v, memory %+v, epoch %d", u.Waiting(), u.Memory(), u.Epoch())
	}
	if err := u.CarryOn(t.Context(), true); err == nil || len(spied.sent) != 1 {
		t.Errorf("carried on twice: %v, %d statements", err, len(spied.sent))
	}
	if g := state(t, u, doctor.Grant.ID); g.State != holder.Ended || g.Why != holder.Left {
		t.Errorf("the grant is %v, %v", g.State, g.Why)
	}
	if there.opens(doctor.Token) {
		t.Error("a token of before the restore opens")
	}
	if st, err := there.Status(t.Context()); err != nil || st.Waiting != 0 {
		t.Errorf("carried on, and the store says %+v, %v", st, err)
	}
	r, err := u.CheckNew(t.Context(), signIn(t, u))
	if err != nil || r.From <= seen.Size {
		t.Errorf("going on from where the check of before ended: %+v, %v", r, err)
	}
	if r := checked(t, u); r.Statements != seq+1 {
		t.Errorf("%d changes, want %d", r.Statements, seq+1)
	}
	history, err := u.History(t.Context(), signIn(t, u), 0)
	if err != nil {
		t.Fatal(err)
	}
	var said []string
	for _, e := range history {
		said = append(said, strings.SplitN(holder.Describe(e, u.Grants()), ",", 2)[0])
	}
	for _, want := range []string{"The server was restored from a backup", "You carried this record on after it was restored or moved"} {
		if !slices.Contains(said, want) {
			t.Errorf("the log does not say %q:\n%s", want, strings.Join(said, "\n"))
		}
	}
	give(t, u, gp(0))

	// The other device goes along by itself, and says so.
	p := unlock(t, there, kit.Recovery.Slot(), phone.Memory())
	if c := p.Carried(); p.Waiting() != nil || c == nil || c.Entries != 0 || c.At.IsZero() {
		t.Fatalf("the other device: %+v, %+v", p.Waiting(), c)
	}
	if r, err := p.CheckNew(t.Context(), signIn(t, p)); err != nil || r.From != phone.Memory().Head().Size {
		t.Errorf("its check: %+v, %v", r, err)
	}
	// Next time it knows.
	if p = unlock(t, there, kit.Recovery.Slot(), p.Memory()); p.Carried() != nil {
		t.Error("it is told twice")
	}
	// And it will not be led back.
	if _, err := holder.Unlock(t.Context(), srv, kit.Recovery.Slot(), p.Memory()); !errors.Is(err, record.Integrity) {
		t.Errorf("the old server again: %v", err)
	}
}

// The backup is older than what was seen: the person is told by how much, and
// nothing is done before they say that it may be lost.
func TestCarryOnLoses(t *testing.T) {
	srv := newLocal(t)
	h, kit := enrol(t, srv, srv.invite())
	old := give(t, h, gp(0))
	srv.look(old.Token)
	checked(t, h)
	phone := unlock(t, srv, kit.Recovery.Slot(), holder.Memory{})
	tablet := unlock(t, srv, kit.Recovery.Slot(), holder.Memory{})
	backup := srv.backup()
	new := give(t, h, gp(0)) // change 3
	if err := h.Revoke(t.Context(), old.Grant.ID); err != nil {
		t.Fatal(err) // change 4
	}
	for range 20 {
		srv.look(new.Token)
	}
	checked(t, h)
	give(t, phone, gp(0)) // change 5, which only the phone knows of
	checked(t, phone)

	there := restore(t, backup)
	spied := &spy{local: there}
	u := unlock(t, spied, kit.Recovery.Slot(), h.Memory())
	w := *u.Waiting()
	if want := h.Memory().Head().Size - w.From.Size; !w.Lost() || w.Entries != want || want < 22 || w.Changes != 2 || w.Forked || w.Seen != h.Memory().Head() {
		t.Errorf("%+v, want %d entries and 2 changes lost", w, want)
	}
	if _, err := u.Examine(t.Context()); err != nil || u.Waiting().Forked {
		t.Errorf("looking: %v, %+v", err, u.Waiting())
	}
	if err := u.CarryOn(t.Context(), false); !errors.Is(err, holder.ErrWouldLose) || len(spied.sent) != 0 || u.Waiting() == nil {
		t.Fatalf("without the person's word: %v, %d statements", err, len(spied.sent))
	}
	if err := u.CarryOn(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	checked(t, u)
	if len(u.Grants()) != 1 || state(t, u, old.Grant.ID).Why != holder.Left {
		t.Errorf("grants: %+v", u.Grants())
	}

	// A device that had seen no more goes along.
	if p := unlock(t, there, kit.Recovery.Slot(), tablet.Memory()); p.Waiting() != nil || p.Carried() == nil || p.Carried().Entries != w.Entries {
		t.Errorf("the tablet: %+v, %+v", p.Waiting(), p.Carried())
	}
	// So does another that knew what was lost: it was accepted.
	if p := unlock(t, there, kit.Recovery.Slot(), h.Memory()); p.Waiting() != nil || p.Carried() == nil {
		t.Errorf("a device that knew as much: %+v", p.Waiting())
	} else {
		checked(t, p)
	}
	// The phone had seen more than anybody has accepted.
	spied.sent = nil
	p := unlock(t, spied, kit.Recovery.Slot(), phone.Memory())
	w = *p.Waiting()
	if w.Settled.IsZero() || w.Changes != 3 || w.Entries != phone.Memory().Head().Size-w.From.Size {
		t.Errorf("the phone: %+v", w)
	}
	if _, err := p.Grant(t.Context(), gp(0)); !errors.Is(err, holder.ErrWaiting) {
		t.Errorf("a grant by the phone: %v", err)
	}
	if err := p.CarryOn(t.Context(), false); !errors.Is(err, holder.ErrWouldLose) {
		t.Errorf("the phone, without the person's word: %v", err)
	}
	if p.Memory().Store != srv.ID() {
		t.Error("the phone has forgotten what it saw")
	}
	if _, err := p.Examine(t.Context()); err != nil || p.Waiting().Forked {
		t.Errorf("the phone looks: %v, %+v", err, p.Waiting())
	}
	if err := p.CarryOn(t.Context(), true); err != nil || len(spied.sent) != 0 || p.Memory().Store != there.ID() {
		t.Errorf("the phone: %v, %d statements", err, len(spied.sent))
	}
	checked(t, p)
	give(t, p, gp(0))
	// A device that has seen nothing takes the server's word, as ever.
	checked(t, unlock(t, there, kit.Recovery.Slot(), holder.Memory{}))
}

// What was written in a session after the last check is missed, where the device looked
// at the end of it; and Forked is found by what it saw then, too.
func TestCarryOnCountsWhatWasNotChecked(t *testing.T) {
	srv := newLocal(t)
	h, kit := enrol(t, srv, srv.invite())
	checked(t, h)
	backup := srv.backup()
	token := signIn(t, h)
	for range 3 {
		if err := srv.write(token); err != nil {
			t.Fatal(err)
		}
	}
	before := h.Memory()
	if err := h.SignOut(t.Context(), token); err != nil {
		t.Fatal(err)
	}
	m, err := holder.ParseMemory(h.Memory().Marshal())
	if err != nil || m.Newest().Size <= before.Newest().Size || m.Head() != before.Head() || m.Looked.Before(before.Looked.Truncate(time.Second)) {
		t.Fatalf("%+v, %v", m, err)
	}
	there := restore(t, backup)
	u := unlock(t, there, kit.Recovery.Slot(), m)
	// The sign-in, three writings of one entry each.
	if w := u.Waiting(); w == nil || w.Entries != m.Newest().Size-w.From.Size || w.Entries < 4 || w.Changes != 0 || w.Forked || w.Seen != m.Newest() {
		t.Errorf("%+v", w)
	}
	if err := u.CarryOn(t.Context(), false); !errors.Is(err, holder.ErrWouldLose) {
		t.Errorf("without the person's word: %v", err)
	}
	if _, err := u.Examine(t.Context()); err != nil || u.Waiting().Forked {
		t.Errorf("looking: %v, %+v", err, u.Waiting())
	}
	if err := u.CarryOn(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	checked(t, u)
	// The node that signed it shows a shorter log, of the same keyring.
	if _, err := holder.Unlock(t.Context(), fork(t, backup), kit.Recovery.Slot(), m); !errors.Is(err, record.Integrity) {
		t.Errorf("wound back: %v", err)
	}
	// One as long that goes another way.
	other := fork(t, backup)
	o := unlock(t, other, kit.Recovery.Slot(), before)
	token = signIn(t, o)
	other.write(token)
	other.write(token)
	if err := o.SignOut(t.Context(), token); err != nil || o.Memory().Newest().Size != m.Newest().Size {
		t.Fatalf("%d entries, not %d: %v", o.Memory().Newest().Size, m.Newest().Size, err)
	}
	back := unlock(t, restore(t, other.backup()), kit.Recovery.Slot(), m)
	if w := back.Waiting(); w == nil || w.From.Size != m.Newest().Size || !w.Forked {
		t.Errorf("two roots of one size, and it is not told at once: %+v", w)
	}
	if _, err := back.Examine(t.Context()); err != nil || !back.Waiting().Forked {
		t.Errorf("restored from another past: %v, %+v", err, back.Waiting())
	}
}

// fork is a server whose log went another way after a backup, by the same node.
func fork(t testing.TB, backup string) *local {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "fork")
	if err := os.CopyFS(dir, os.DirFS(backup)); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(dir, "node.key"), 0o600); err != nil {
		t.Fatal(err)
	}
	return openLocal(t, dir)
}

// A log that was signed by the old server, and is not the one this device saw, is
// not carried on unless the person says so.
func TestCarryOnForked(t *testing.T) {
	srv := newLocal(t)
	h, kit := enrol(t, srv, srv.invite())
	doctor := give(t, h, gp(0))
	for _, c := range []struct {
		name        string
		mine, other int // looks
	}{{"shorter", 90, 70}, {"longer", 6, 30}, {"as long", 1, 3}} {
		t.Run(c.name, func(t *testing.T) {
			backup := srv.backup()
			other := fork(t, backup)
			for range c.mine {
				srv.look(doctor.Token)
			}
			checked(t, h)
			for range c.other {
				other.look(doctor.Token)
			}
			spied := &spy{local: restore(t, other.backup())}
			u := unlock(t, spied, kit.Recovery.Slot(), h.Memory())
			if u.Waiting() == nil {
				t.Fatal("it does not wait")
			}
			lost := u.Waiting().Entries > 0 // it is not told yet that it forked, but where one size has two roots
			if lost != (c.name == "shorter") || u.Waiting().Forked != (c.name == "as long") {
				t.Errorf("%+v", u.Waiting())
			}
			if err := u.CarryOn(t.Context(), false); !errors.Is(err, record.Integrity) && !(lost && errors.Is(err, holder.ErrWouldLose)) || len(spied.sent) != 0 {
				t.Fatalf("%v, %d statements", err, len(spied.sent))
			}
			// Saying that entries may be lost is not saying that the past may be another.
			if u.Waiting().Forked { // two roots of one size show it at once
			} else if err := u.CarryOn(t.Context(), true); !errors.Is(err, record.Integrity) || len(spied.sent) != 0 {
				t.Fatalf("%v, %d statements", err, len(spied.sent))
			}
			if _, err := u.Examine(t.Context()); err != nil || !u.Waiting().Forked || !u.Waiting().Lost() {
				t.Fatalf("%v, %+v", err, u.Waiting())
			}
			if err := u.CarryOn(t.Context(), false); !errors.Is(err, record.Integrity) || len(spied.sent) != 0 {
				t.Errorf("%v, %d statements", err, len(spied.sent))
			}
			if err := u.CarryOn(t.Context(), true); err != nil {
				t.Fatal(err)
			}
			checked(t, u)
		})
	}
}

// A backup that is restored a second time is not what a device knows that went along
// the first time: it is asked again.
func TestRestoredTwice(t *testing.T) {
	srv := newLocal(t)
	h, kit := enrol(t, srv, srv.invite())
	give(t, h, gp(0))
	checked(t, h)
	phone := unlock(t, srv, kit.Recovery.Slot(), holder.Memory{})
	backup := srv.backup()
	first := restore(t, backup)
	u := unlock(t, first, kit.Recovery.Slot(), h.Memory())
	if err := u.CarryOn(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	give(t, u, gp(0))
	checked(t, u)

	second := restore(t, backup)
	again := unlock(t, second, kit.Recovery.Slot(), u.Memory())
	w := again.Waiting()
	if w == nil || !w.Forked || w.Changes != 2 || w.Entries != u.Memory().Head().Size-w.From.Size {
		t.Fatalf("%+v", w)
	}
	if err := again.CarryOn(t.Context(), false); !errors.Is(err, record.Integrity) {
		t.Errorf("%v", err)
	}
	m, err := holder.ParseMemory(again.Memory().Marshal())
	if err != nil {
		t.Fatal(err)
	}
	// The phone, which was at neither, goes on at the second; the first device is asked.
	p := unlock(t, second, kit.Recovery.Slot(), phone.Memory())
	if err := p.CarryOn(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	again = unlock(t, second, kit.Recovery.Slot(), m)
	if w := again.Waiting(); w == nil || w.Settled.IsZero() || !w.Forked {
		t.Fatalf("%+v", w)
	}
	if err := again.CarryOn(t.Context(), false); !errors.Is(err, record.Integrity) {
		t.Errorf("%v", err)
	}
	if err := again.CarryOn(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	checked(t, again)

	// A restore of the second, and a device that has not been anywhere since.
	third := restore(t, second.backup())
	last := unlock(t, third, kit.Recovery.Slot(), h.Memory())
	if w := last.Waiting(); w == nil || w.Lost() || w.Store != second.ID() {
		t.Fatalf("%+v", w)
	}
	if err := last.CarryOn(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	checked(t, last)
	// A backup of a record that waits is one of a record that waits for the same.
	fourth := restore(t, restore(t, third.backup()).backup())
	last = unlock(t, fourth, kit.Recovery.Slot(), last.Memory())
	if w := last.Waiting(); w == nil || w.Lost() || w.Store != third.ID() {
		t.Fatalf("%+v", w)
	}
	if err := last.CarryOn(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	checked(t, last)
}

// TestWaitingAttacks is what a dishonest server may show in place of a record that
// was restored. With each of them nothing is carried on.
func TestWaitingAttacks(t *testing.T) {
	srv := newLocal(t)
	h, kit := enrol(t, srv, srv.invite())
	doctor := give(t, h, gp(0))
	srv.look(doctor.Token)
	before := srv.backup()
	for range 9 {
		srv.look(doctor.Token)
	}
	checked(t, h)
	give(t, h, gp(0)) // and the keyring knows how far it was checked
	checked(t, h)
	other, _ := enrol(t, srv, srv.invite())
	slot := kit.Recovery.Slot()
	backup := srv.backup()
	signer, stranger := srv.signer(), newLocal(t).signer()
	sign := func(n *audit.NodeSigner, p record.PersonID, h statement.Head) []byte {
		b, err := n.Sign(p, h)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	there := restore(t, backup)
	genuine, err := there.Ring(t.Context(), h.Person(), slot.CapsuleID(), 0)
	if err != nil {
		t.Fatal(err)
	}
	head, err := audit.VerifyCheckpoint(genuine.Note, srv.Verifier(), srv.ID(), h.Person())
	if err != nil {
		t.Fatal(err)
	}
	older, err := restore(t, before).Ring(t.Context(), h.Person(), slot.CapsuleID(), 0)
	if err != nil {
		t.Fatal(err)
	}
	for name, bend := range map[string]func(s *spy){
		"no note":                  func(s *spy) { s.ring = func(r *holder.RingState) { r.Note = nil } },
		"a note by the new node":   func(s *spy) { s.ring = func(r *holder.RingState) { r.Note = r.Checkpoint } },
		"a note by another node":   func(s *spy) { s.ring = func(r *holder.RingState) { r.Note = sign(stranger, h.Person(), head) } },
		"a note of another person": func(s *spy) { s.ring = func(r *holder.RingState) { r.Note = sign(signer, other.Person(), head) } },
		"another root in the note": func(s *spy) {
			s.ring = func(r *holder.RingState) { h2 := head; h2.Root[0] ^= 1; r.Note = sign(signer, h.Person(), h2) }
		},
		"an older note": func(s *spy) { s.ring = func(r *holder.RingState) { r.Note = older.Note } },
		"a note of more than there is": func(s *spy) {
			s.ring = func(r *holder.RingState) { h2 := head; h2.Size += 1 << 20; r.Note = sign(signer, h.Person(), h2) }
		},
		"it comes from elsewhere": func(s *spy) { s.ring = func(r *holder.RingState) { r.From[0] ^= 1 } },
		"it does not wait":        func(s *spy) { s.ring = func(r *holder.RingState) { r.From = record.StoreID{} } },
		"an older keyring, a newer note": func(s *spy) {
			s.ring = func(r *holder.RingState) {
				r.Blob, r.Wrap, r.Seq, r.Hash = older.Blob, older.Wrap, older.Seq, older.Hash
			}
		},
		"an older keyring's hash":       func(s *spy) { s.ring = func(r *holder.RingState) { r.Hash[0] ^= 1 } },
		"another epoch":                 func(s *spy) { s.ring = func(r *holder.RingState) { r.Epoch++ } },
		"a checkpoint by the old node":  func(s *spy) { s.ring = func(r *holder.RingState) { r.Checkpoint = r.Note } },
		"it is the server that it was":  func(s *spy) { s.node = func(n *holder.Node) { n.Store, n.Verifier = srv.ID(), srv.Verifier() } },
		"the old name, and another key": func(s *spy) { s.node = func(n *holder.Node) { n.Store = srv.ID() } },
		"a log that is cut short":       func(s *spy) { s.log = func(p *holder.LogPage) { p.Leaves = p.Leaves[:2]; p.Size = 2 } },
		"a log without an entry":        func(s *spy) { s.log = func(p *holder.LogPage) { p.Leaves = slices.Delete(p.Leaves, 4, 5); p.Size-- } },
		"a log with two in other order": func(s *spy) { s.log = func(p *holder.LogPage) { p.Leaves[3], p.Leaves[4] = p.Leaves[4], p.Leaves[3] } },
		"a log that is another's":       func(s *spy) { s.log = func(p *holder.LogPage) { p.Leaves[5] = p.Leaves[0] } },
		"a log that never ends":         func(s *spy) { s.log = func(p *holder.LogPage) { p.Leaves = nil } },
		"a log that another node signed": func(s *spy) {
			s.log = func(p *holder.LogPage) { p.Checkpoint = sign(stranger, h.Person(), statement.Head{Size: p.Size}) }
		},
		"an entry forged after the note": func(s *spy) {
			s.log = func(p *holder.LogPage) {
				p.Leaves = append(p.Leaves, h.ForgeLeaf(h.Memory().Seq+1, audit.Event{Action: audit.Revoke, Text: "ended everything"}))
				p.Size++
				p.Checkpoint = sign(there.signer(), h.Person(), frontier(p.Leaves).Head())
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			for device, m := range map[string]holder.Memory{"one that knows": h.Memory(), "a fresh one": {}} {
				s := &spy{local: there}
				bend(s)
				u, err := holder.Unlock(t.Context(), s, slot, m)
				if err == nil {
					defer u.Close()
					err = u.CarryOn(t.Context(), true) // even then
				}
				if name == "an older keyring's hash" && errors.Is(err, record.Conflict) {
					continue // and the person was told that it forked: what follows nothing is not taken
				}
				if !errors.Is(err, record.Integrity) || len(s.sent) != 0 {
					t.Errorf("%s: %v, %d statements", device, err, len(s.sent))
				}
			}
		})
	}
	// And as it is, it goes on.
	u := unlock(t, there, slot, h.Memory())
	if err := u.CarryOn(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	checked(t, u)
	// From then on the record as it waited is the past: here and for all who know it.
	s := &spy{local: there, ring: func(r *holder.RingState) { *r = genuine }}
	if _, err := holder.Unlock(t.Context(), s, slot, u.Memory()); !errors.Is(err, record.Integrity) {
		t.Errorf("the record as it waited: %v", err)
	}
	// A record that was not restored, shown as one by an operator who has an old copy:
	// the person is asked, and told what they would lose.
	liar := unlock(t, restore(t, before), slot, h.Memory())
	if w := liar.Waiting(); w == nil || w.Changes != 1 || w.Entries != h.Memory().Head().Size-w.From.Size || w.Entries < 10 {
		t.Errorf("%+v", w)
	}
	if err := liar.CarryOn(t.Context(), false); !errors.Is(err, holder.ErrWouldLose) {
		t.Errorf("%v", err)
	}
}

// The same where no device has checked the log yet, and the keyring has no head to
// compare the note with.
func TestNoteOfAnUncheckedLog(t *testing.T) {
	srv := newLocal(t)
	h, kit := enrol(t, srv, srv.invite())
	stranger := newLocal(t).signer()
	s := &spy{local: restore(t, srv.backup())}
	for name, note := range map[string]func(r *holder.RingState){
		"no":              func(r *holder.RingState) { r.Note = nil },
		"the new node's":  func(r *holder.RingState) { r.Note = r.Checkpoint },
		"another node's":  func(r *holder.RingState) { r.Note, _ = stranger.Sign(h.Person(), statement.Head{Size: 1}) },
		"another's whole": func(r *holder.RingState) { r.Note = append(r.Note, '\n') },
	} {
		s.ring = note
		for _, m := range []holder.Memory{{}, h.Memory()} {
			if _, err := holder.Unlock(t.Context(), s, kit.Recovery.Slot(), m); !errors.Is(err, record.Integrity) {
				t.Errorf("%s note: %v", name, err)
			}
		}
	}
}

// A carry-on is for one server, and once.
func TestCarryOnReplayed(t *testing.T) {
	srv := newLocal(t)
	h, kit := enrol(t, srv, srv.invite())
	give(t, h, gp(0))
	backup := srv.backup()
	first, second := restore(t, backup), restore(t, backup)
	s := &spy{local: first}
	u := unlock(t, s, kit.Recovery.Slot(), h.Memory())
	if err := u.CarryOn(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	if _, err := second.Submit(t.Context(), s.sent[0], ""); !errors.Is(err, record.Unprocessed) {
		t.Errorf("at another server: %v", err)
	}
	if r, err := first.Submit(t.Context(), s.sent[0], ""); err != nil || r.Seq != u.Memory().Seq {
		t.Errorf("sent again: %+v, %v: it is answered as it was", r, err)
	}
	give(t, u, gp(0))
	if _, err := first.Submit(t.Context(), s.sent[0], ""); !errors.Is(err, record.Conflict) {
		t.Errorf("replayed: %v", err)
	}
	if st, err := second.Status(t.Context()); err != nil || st.Waiting != 1 {
		t.Errorf("the second server: %+v, %v", st, err)
	}
	checked(t, u)
}

// Two devices carry the record on at the same time, and both are told that it is so.
func TestCarryOnRace(t *testing.T) {
	srv := newLocal(t)
	h, kit := enrol(t, srv, srv.invite())
	backup := srv.backup()
	there := restore(t, backup)
	const devices = 4
	var wg sync.WaitGroup
	var all []*holder.Holder
	for range devices {
		u := unlock(t, there, kit.Recovery.Slot(), h.Memory())
		all = append(all, u)
	}
	for _, u := range all {
		wg.Add(1)
		go func() {
			defer wg.Done()
			if err := u.CarryOn(t.Context(), false); err != nil {
				t.Error(err)
			}
		}()
	}
	wg.Wait()
	for _, u := range all {
		if u.Waiting() != nil || u.Memory().Store != there.ID() || u.Memory().Seq != 2 {
			t.Errorf("%+v, %+v", u.Waiting(), u.Memory())
		}
		checked(t, u)
	}
}

// However the answer is lost, it is carried on once.
func TestCarryOnLostAcknowledgement(t *testing.T) {
	srv := newLocal(t)
	h, kit := enrol(t, srv, srv.invite())
	backup := srv.backup()
	for _, how := range []string{"request", "answer", "late", "twice", "full"} {
		t.Run(how, func(t *testing.T) {
			there := restore(t, backup)
			u := unlock(t, &lossy{local: there, how: how}, kit.Recovery.Slot(), h.Memory())
			if err := u.CarryOn(t.Context(), false); err != nil || u.Waiting() != nil || u.Memory().Seq != 2 {
				t.Fatalf("%v, %+v", err, u.Memory())
			}
			checked(t, u)
		})
	}
	there := restore(t, backup)
	u := unlock(t, &gone{local: there}, kit.Recovery.Slot(), h.Memory())
	if err := u.CarryOn(t.Context(), false); !errors.Is(err, record.Unavailable) {
		t.Errorf("%v, want that nobody can tell", err)
	}
	// It was taken: the device, with the memory of before, sees its own work as another's.
	again := unlock(t, there, kit.Recovery.Slot(), u.Memory())
	if again.Waiting() != nil || again.Carried() == nil {
		t.Errorf("%+v, %+v", again.Waiting(), again.Carried())
	}
	checked(t, again)
}

// Within: of a log that was seen, what is met of it where the end is gone.
func TestWithin(t *testing.T) {
	var leaves [][]byte
	for i := range 200 {
		leaves = append(leaves, []byte{byte(i), byte(rand.IntN(256))})
	}
	for _, n := range []int{0, 1, 2, 3, 63, 64, 100, 127, 199} {
		for size := 0; size <= 200; size++ {
			got := holder.Within(frontier(leaves[:n]), uint64(size))
			if got.Size > uint64(size) || got.Size > uint64(n) {
				t.Fatalf("within %d of %d: %d", size, n, got.Size)
			}
			if want := frontier(leaves[:got.Size]).Head(); got.Size > 0 && got != want {
				t.Fatalf("within %d of %d: %d has another root", size, n, got.Size)
			}
			if size >= n && got.Size != uint64(n) {
				t.Fatalf("within %d of %d: %d", size, n, got.Size)
			}
			if largest := 1 << 7; size >= largest && n >= largest && got.Size < uint64(largest) {
				t.Fatalf("within %d of %d: only %d", size, n, got.Size)
			}
		}
	}
}

// What a device saw after its last check is asked about where another device, which
// had not seen it, has carried the record on; and once accepted it is not missed again.
func TestCarriedOnWithoutWhatWasSigned(t *testing.T) {
	srv := newLocal(t)
	h, kit := enrol(t, srv, srv.invite())
	slot := kit.Recovery.Slot()
	checked(t, h)
	before := h.Memory()
	backup := srv.backup()
	u := unlock(t, srv, slot, before)
	token := signIn(t, u)
	for range 30 {
		if err := srv.write(token); err != nil {
			t.Fatal(err)
		}
	}
	if err := u.SignOut(t.Context(), token); err != nil {
		t.Fatal(err)
	}
	m := u.Memory()
	if m.Head() != before.Head() || m.Newest().Size < before.Head().Size+30 {
		t.Fatal("it was checked")
	}
	there := restore(t, backup)
	if err := unlock(t, there, slot, before).CarryOn(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	p := unlock(t, there, slot, m)
	if w := p.Waiting(); w == nil || w.Settled.IsZero() || w.Entries != m.Newest().Size-w.From.Size {
		t.Fatalf("it goes along unasked: %+v", w)
	}
	if err := p.CarryOn(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	p = unlock(t, there, slot, p.Memory())
	if p.Waiting() != nil {
		t.Errorf("it is asked again: %+v", p.Waiting())
	}
	checked(t, p)
}

// oldReceipt answers a change with a checkpoint of before it.
type oldReceipt struct {
	*local
	checkpoint []byte
}

func (o *oldReceipt) Submit(ctx context.Context, signed []byte, invite string) (holder.Receipt, error) {
	r, err := o.local.Submit(ctx, signed, invite)
	r.Checkpoint = o.checkpoint
	return r, err
}

// A receipt does not make a device forget how far the log had come.
func TestReceiptWithAnOlderCheckpoint(t *testing.T) {
	srv := newLocal(t)
	h, kit := enrol(t, srv, srv.invite())
	old, err := srv.Ring(t.Context(), h.Person(), kit.Recovery.Slot().CapsuleID(), 0)
	if err != nil {
		t.Fatal(err)
	}
	give(t, h, gp(0))
	u := unlock(t, &oldReceipt{srv, old.Checkpoint}, kit.Recovery.Slot(), h.Memory())
	saw := u.Memory().Newest()
	give(t, u, gp(0))
	if got := u.Memory().Newest(); got.Size < saw.Size {
		t.Errorf("it saw %d entries, and remembers %d", saw.Size, got.Size)
	}
}
