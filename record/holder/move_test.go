package holder_test

import (
	"errors"
	"strings"
	"testing"

	"carehold/record"
	"carehold/record/audit"
	"carehold/record/change"
	"carehold/record/fhir"
	"carehold/record/holder"
	"carehold/record/store"
)

// write changes an entry under a token.
func (l *local) write(token string) error {
	l.t.Helper()
	v, err := l.View(l.t.Context(), token)
	if err != nil {
		return err
	}
	defer v.Close()
	r, err := fhir.Parse([]byte(`{"resourceType":"Basic","id":"b","code":{"text":"x"}}`), fhir.Limits{})
	if err != nil {
		l.t.Fatal(err)
	}
	_, err = v.Apply(l.t.Context(), []change.Change{{Verb: change.Create, Ref: fhir.Ref{Type: "Basic", ID: v.NewID("Basic")}, Resource: r}}, store.ApplyOptions{})
	return err
}

// A record that is closed is read by its person, and changed by nobody.
func TestCloseAndReopen(t *testing.T) {
	const there = "https://new.example.org"
	srv := newLocal(t)
	h, kit := enrol(t, srv, srv.invite())
	doctor := give(t, h, gp(0))
	phone := unlock(t, srv, kit.Recovery.Slot(), holder.Memory{})
	session := signIn(t, h)
	if err := srv.write(session); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"", "new.example.org", "http://new.example.org", "https://a:b@new.example.org", "https://new.example.org/?x=1", "ftp://new.example.org", "https://" + strings.Repeat("a", 3000)} {
		if err := h.CloseHere(t.Context(), bad); !errors.Is(err, record.Invalid) {
			t.Errorf("closed for %q: %v", bad, err)
		}
	}
	epoch := h.Epoch()
	if err := h.CloseHere(t.Context(), there); err != nil {
		t.Fatal(err)
	}
	if url, at := h.Moved(); url != there || at.IsZero() || h.Epoch() != epoch+1 {
		t.Errorf("moved to %q, %v; epoch %d", url, at, h.Epoch())
	}
	if st, err := srv.Status(t.Context()); err != nil || st.Closed != 1 {
		t.Errorf("%+v, %v", st, err)
	}
	if srv.opens(doctor.Token) || state(t, h, doctor.Grant.ID).Why != holder.Left {
		t.Error("a grant goes on where the record is closed")
	}
	session = signIn(t, h)
	err := srv.write(session)
	if !errors.Is(err, record.Unprocessed) || !strings.Contains(err.Error(), there) {
		t.Errorf("a change: %v", err)
	}
	srv.look(session) // but it is read
	if _, err := h.Grant(t.Context(), gp(0)); !errors.Is(err, record.Unprocessed) || !strings.Contains(err.Error(), there) {
		t.Errorf("a grant: %v", err)
	}
	if _, err := h.ReplaceRecovery(t.Context()); !errors.Is(err, record.Unprocessed) {
		t.Errorf("a recovery code: %v", err)
	}
	// Another device, which was unlocked before, and one that comes later.
	if _, err := phone.Grant(t.Context(), gp(0)); !errors.Is(err, record.Unprocessed) || !strings.Contains(err.Error(), there) {
		t.Errorf("a grant by another device: %v", err)
	}
	late := unlock(t, srv, kit.Recovery.Slot(), holder.Memory{})
	if url, _ := late.Moved(); url != there {
		t.Errorf("a device that comes later is told %q", url)
	}
	seq := h.Memory().Seq
	if err := h.CloseHere(t.Context(), there); err != nil || h.Memory().Seq != seq {
		t.Errorf("closed again: %v", err)
	}
	checked(t, late)
	if err := late.Reopen(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := late.Reopen(t.Context()); err != nil || late.Memory().Seq != seq+1 {
		t.Errorf("opened again twice: %v", err)
	}
	if err := srv.write(session); err != nil {
		t.Errorf("open again: %v", err)
	}
	if url, _ := late.Moved(); url != "" {
		t.Errorf("open, and moved to %q", url)
	}
	give(t, late, gp(0))
	checked(t, late)
	list, err := late.History(t.Context(), signIn(t, late), 0)
	if err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	for _, e := range list {
		said.WriteString(holder.Describe(e, late.Grants()) + "\n")
	}
	for _, want := range []string{"You closed this record here: it moves to " + there, "You opened this record here again"} {
		if !strings.Contains(said.String(), want) {
			t.Errorf("the log does not say %q:\n%s", want, said.String())
		}
	}
}

// Moved to another server, as a restore of what was closed: there it is open, and
// every device finds it.
func TestMove(t *testing.T) {
	srv := newLocal(t)
	h, kit := enrol(t, srv, srv.invite())
	doctor := give(t, h, gp(0))
	srv.look(doctor.Token)
	checked(t, h)
	phone := unlock(t, srv, kit.Recovery.Slot(), holder.Memory{})
	if err := h.CloseHere(t.Context(), "https://new.example.org"); err != nil {
		t.Fatal(err)
	}
	there := restoredAs(t, srv.backup(), audit.Brought)
	u := unlock(t, there, kit.Recovery.Slot(), h.Memory())
	if w := u.Waiting(); w == nil || w.Lost() {
		t.Fatalf("%+v", w)
	}
	if err := u.CarryOn(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	if url, _ := u.Moved(); url != "" {
		t.Errorf("it has moved on to %q", url)
	}
	session := signIn(t, u)
	if err := there.write(session); err != nil {
		t.Errorf("a change where it is now: %v", err)
	}
	if st, err := there.Status(t.Context()); err != nil || st.Closed != 0 || st.Waiting != 0 {
		t.Errorf("%+v, %v", st, err)
	}
	checked(t, u)
	give(t, u, gp(0))
	// The phone comes to the old server, is told where to go, and goes along.
	p := unlock(t, srv, kit.Recovery.Slot(), phone.Memory())
	if url, _ := p.Moved(); url != "https://new.example.org" {
		t.Errorf("the phone is told %q", url)
	}
	p = unlock(t, there, kit.Recovery.Slot(), p.Memory())
	if p.Waiting() != nil || p.Carried() == nil || p.Carried().Entries != 0 {
		t.Fatalf("%+v, %+v", p.Waiting(), p.Carried())
	}
	checked(t, p)
	// And back: the old server's copy of now is another store.
	if err := u.CloseHere(t.Context(), "https://third.example.org"); err != nil {
		t.Fatal(err)
	}
	third := restoredAs(t, there.backup(), audit.Brought)
	p = unlock(t, third, kit.Recovery.Slot(), phone.Memory()) // as it was at the first
	if w := p.Waiting(); w == nil || w.Lost() || w.Store != there.ID() {
		t.Fatalf("%+v", w)
	}
	if err := p.CarryOn(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	checked(t, p)
	checked(t, unlock(t, third, kit.Recovery.Slot(), u.Memory()))
}
