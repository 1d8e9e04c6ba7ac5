package holder_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/holder"
)

func TestEnrolAndUnlock(t *testing.T) {
	srv := newLocal(t)
	h, kit := enrol(t, srv, srv.invite())
	if got := len(h.Slots()); got != 2 {
		t.Fatalf("%d ways in, want 2: passphrase and recovery code", got)
	}
	prf := make([]byte, 32)
	prf[0] = 1
	if err := h.AddPasskeySlot(t.Context(), prf, "phone"); err != nil {
		t.Fatal(err)
	}
	passkey, err := crypto.PasskeySlot(prf)
	if err != nil {
		t.Fatal(err)
	}
	device, err := crypto.ParseDeviceKey(kit.DeviceKey.Text())
	if err != nil {
		t.Fatal(err)
	}
	code, err := crypto.ParseRecoveryCode(kit.Recovery.Text())
	if err != nil {
		t.Fatal(err)
	}
	for name, slot := range map[string]crypto.Credential{
		"passphrase": crypto.PassphraseSlot(device, typed(passphrase)),
		"recovery":   code.Slot(),
		"passkey":    passkey,
	} {
		for _, m := range []holder.Memory{{}, h.Memory()} {
			u := unlock(t, srv, slot, m)
			if u.Person() != h.Person() || u.Epoch() != 1 {
				t.Errorf("%s opens person %v epoch %d", name, u.Person(), u.Epoch())
			}
			if !srv.opens(signIn(t, u)) {
				t.Errorf("%s: the session opens nothing", name)
			}
		}
	}
	if r := checked(t, h); r.Statements != 2 {
		t.Errorf("the log has %d statements, want 2", r.Statements)
	}
}

func TestWrongPassphrase(t *testing.T) {
	srv := newLocal(t)
	_, kit := enrol(t, srv, srv.invite())
	for name, slot := range map[string]crypto.Credential{
		"passphrase": crypto.PassphraseSlot(kit.DeviceKey, typed(passphrase+" ")),
		"device":     crypto.PassphraseSlot(crypto.NewDeviceKey(), typed(passphrase)),
		"recovery":   crypto.NewRecoveryCode().Slot(),
	} {
		_, err := holder.Unlock(t.Context(), srv, slot, holder.Memory{})
		if !errors.Is(err, holder.ErrNoSlot) || !errors.Is(err, record.Unauthorized) {
			t.Errorf("another %s: %v, want ErrNoSlot", name, err)
		}
	}
}

func TestEnrolNeedsAnInvite(t *testing.T) {
	srv := newLocal(t)
	used := srv.invite()
	enrol(t, srv, used)
	unknown := crypto.NewCredential(crypto.Invite).Token()
	for name, invite := range map[string]string{
		"no": "", "a used": used, "an unknown": unknown, "a session for an": crypto.NewCredential(crypto.Session).Token(),
	} {
		_, _, err := holder.Enrol(t.Context(), srv, holder.Enrolment{Invite: invite, Passphrase: typed(passphrase)})
		if !errors.Is(err, record.Unauthorized) && !errors.Is(err, record.Invalid) {
			t.Errorf("%s invite: %v", name, err)
		}
	}
}

func TestGrantAndRevoke(t *testing.T) {
	srv := newLocal(t)
	h, _ := enrol(t, srv, srv.invite())
	doctor := give(t, h, gp(24*time.Hour))
	carer := give(t, h, gp(0))
	second, err := h.IssueToken(t.Context(), doctor.Grant.ID, "tablet", time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	if h.Epoch() != 1 {
		t.Errorf("epoch %d after two grants, want 1: giving access renews nothing", h.Epoch())
	}
	for _, token := range []string{doctor.Token, second.Token, carer.Token} {
		if !srv.opens(token) {
			t.Error("a token that was just issued opens nothing")
		}
	}
	if err := h.Revoke(t.Context(), doctor.Grant.ID); err != nil {
		t.Fatal(err)
	}
	if srv.opens(doctor.Token) || srv.opens(second.Token) {
		t.Error("a revoked grant's token still opens")
	}
	if !srv.opens(carer.Token) {
		t.Error("another grant's token was stopped along with it")
	}
	if h.Epoch() != 2 {
		t.Errorf("epoch %d after a revoke, want 2", h.Epoch())
	}
	if g := state(t, h, doctor.Grant.ID); g.State != holder.Ended || g.Why != holder.Revoked || len(g.Tokens) != 2 {
		t.Errorf("the revoked grant is %v, %v with %d tokens", g.State, g.Why, len(g.Tokens))
	}
	// Again, and of a grant that never was.
	before := h.Memory().Seq
	if err := h.Revoke(t.Context(), doctor.Grant.ID); err != nil || h.Memory().Seq != before {
		t.Errorf("revoking twice: %v, and %d statements", err, h.Memory().Seq-before)
	}
	if err := h.Revoke(t.Context(), record.GrantID{1}); !errors.Is(err, record.NotFound) {
		t.Errorf("revoking nothing: %v", err)
	}
	if _, err := h.IssueToken(t.Context(), doctor.Grant.ID, "", time.Time{}); !errors.Is(err, record.NotFound) {
		t.Errorf("a token for an ended grant: %v", err)
	}
	checked(t, h)
}

func TestGrantIsRefused(t *testing.T) {
	srv := newLocal(t)
	h, _ := enrol(t, srv, srv.invite())
	for name, bad := range map[string]func(*holder.GrantRequest){
		"no sections":        func(r *holder.GrantRequest) { r.Sections = 0 },
		"unknown section":    func(r *holder.GrantRequest) { r.Sections |= 1 << 25 },
		"no scope":           func(r *holder.GrantRequest) { r.Scopes = nil },
		"no name":            func(r *holder.GrantRequest) { r.To.Name = "" },
		"control characters": func(r *holder.GrantRequest) { r.To.Name = "a\u202eb" },
		"no purpose":         func(r *holder.GrantRequest) { r.Purpose = "FUN" },
		"over already":       func(r *holder.GrantRequest) { r.Lasts, r.Until = 0, time.Now().Add(-time.Minute) },
		"negative":           func(r *holder.GrantRequest) { r.Lasts = -1 },
		"both ends":          func(r *holder.GrantRequest) { r.Until = time.Now().Add(time.Hour) },
	} {
		r := gp(time.Hour)
		bad(&r)
		if _, err := h.Grant(t.Context(), r); !errors.Is(err, record.Invalid) {
			t.Errorf("%s: %v, want invalid", name, err)
		}
	}
	if h.Memory().Seq != 1 {
		t.Errorf("%d statements, want none but the first", h.Memory().Seq)
	}
}

// A grant that ran out or was struck is closed for good at the next unlocking,
// both in one epoch.
func TestTidy(t *testing.T) {
	srv := newLocal(t)
	h, kit := enrol(t, srv, srv.invite())
	short, struck, stays := give(t, h, gp(time.Hour)), give(t, h, gp(0)), give(t, h, gp(0))
	if ended, err := h.Tidy(t.Context()); err != nil || ended != nil || h.Memory().Seq != 4 {
		t.Fatalf("tidying a tidy record: %v, %v, %d statements", ended, err, h.Memory().Seq)
	}
	if err := h.Strike(t.Context(), signIn(t, h), struck.Grant.ID); err != nil {
		t.Fatal(err)
	}
	if got := state(t, h, struck.Grant.ID).State; got != holder.Struck || srv.opens(struck.Token) {
		t.Errorf("after the strike the grant is %v", got)
	}
	srv.wait(2 * time.Hour)
	u := unlock(t, srv, kit.Recovery.Slot(), h.Memory())
	if got := state(t, u, short.Grant.ID).State; got != holder.Over {
		t.Errorf("the grant that ran out is %v", got)
	}
	ended, err := u.Tidy(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(ended) != 2 || u.Epoch() != 2 {
		t.Errorf("%d grants ended, epoch %d; want 2 and 2", len(ended), u.Epoch())
	}
	for id, why := range map[record.GrantID]holder.EndReason{short.Grant.ID: holder.RanOut, struck.Grant.ID: holder.WasStruck} {
		if g := state(t, u, id); g.State != holder.Ended || g.Why != why {
			t.Errorf("a grant is %v because %v, want ended because %v", g.State, g.Why, why)
		}
	}
	if !srv.opens(stays.Token) || srv.opens(short.Token) || srv.opens(struck.Token) {
		t.Error("tidying stopped the wrong grants")
	}
	checked(t, u)
	// The first device learns of it, though its keyring is behind.
	if _, err := h.Tidy(t.Context()); err != nil {
		t.Errorf("tidying what another device tidied: %v", err)
	}
	if h.Epoch() != 2 {
		t.Errorf("two devices made two epochs of it: %d", h.Epoch())
	}
}

func TestOlderRingRefused(t *testing.T) {
	srv := newLocal(t)
	h, kit := enrol(t, srv, srv.invite())
	old := &frozen{local: srv}
	old.ring, _ = srv.Ring(t.Context(), h.Person(), kit.Recovery.Slot().CapsuleID(), 0)
	give(t, h, gp(0))
	_, err := holder.Unlock(t.Context(), old, kit.Recovery.Slot(), h.Memory())
	if !errors.Is(err, record.Integrity) {
		t.Errorf("an older keyring: %v, want an integrity error", err)
	}
	// A device that has seen nothing cannot tell. docs/threat-model.md says so.
	if _, err := holder.Unlock(t.Context(), old, kit.Recovery.Slot(), holder.Memory{}); err != nil {
		t.Errorf("a device without memory: %v", err)
	}
	// The same sequence with another statement is a fork.
	m := h.Memory()
	m.Hash[0] ^= 1
	if _, err := holder.Unlock(t.Context(), srv, kit.Recovery.Slot(), m); !errors.Is(err, record.Integrity) {
		t.Errorf("another statement of the same number: %v", err)
	}
	// And so is a later keyring that does not follow what was seen.
	give(t, h, gp(0))
	if _, err := holder.Unlock(t.Context(), srv, kit.Recovery.Slot(), m); !errors.Is(err, record.Integrity) {
		t.Errorf("a keyring that follows another statement: %v", err)
	}
}

// frozen shows a keyring as it was.
type frozen struct {
	*local
	ring holder.RingState
}

func (f *frozen) Ring(context.Context, record.PersonID, crypto.CapsuleID, uint64) (holder.RingState, error) {
	return f.ring, nil
}

func TestOtherServerRefused(t *testing.T) {
	srv := newLocal(t)
	h, kit := enrol(t, srv, srv.invite())
	for name, m := range map[string]func(*holder.Memory){
		"store":    func(m *holder.Memory) { m.Store[0] ^= 1 },
		"verifier": func(m *holder.Memory) { m.Verifier = newLocal(t).Verifier() },
		"person":   func(m *holder.Memory) { m.Person[0] ^= 1 },
	} {
		other := h.Memory()
		m(&other)
		if _, err := holder.Unlock(t.Context(), srv, kit.Recovery.Slot(), other); !errors.Is(err, record.Integrity) {
			t.Errorf("another %s: %v, want an integrity error", name, err)
		}
	}
}

func TestMemoryIsKept(t *testing.T) {
	srv := newLocal(t)
	h, kit := enrol(t, srv, srv.invite())
	give(t, h, gp(0))
	checked(t, h)
	m, err := holder.ParseMemory(h.Memory().Marshal())
	if err != nil {
		t.Fatal(err)
	}
	u := unlock(t, srv, kit.Recovery.Slot(), m)
	give(t, u, gp(0))
	r, err := u.CheckNew(t.Context(), signIn(t, u))
	if err != nil {
		t.Fatal(err)
	}
	if r.From != m.Log.Frontier.Size || r.Statements != 3 {
		t.Errorf("checked from %d with %d statements, want from %d with 3", r.From, r.Statements, m.Log.Frontier.Size)
	}
}

// As many live grants as a record can have, and then one ended: all the rows of
// the new epoch fit in one statement.
func TestManyGrants(t *testing.T) {
	if testing.Short() {
		t.Skip("makes 179 grants")
	}
	srv := newLocal(t)
	h, _ := enrol(t, srv, srv.invite())
	req := gp(0)
	req.Sections = record.AllSections
	var last holder.Issued
	for range 179 {
		last = give(t, h, req)
	}
	if _, err := h.Grant(t.Context(), req); !errors.Is(err, record.TooMany) {
		t.Errorf("one grant too many: %v", err)
	}
	if err := h.Revoke(t.Context(), last.Grant.ID); err != nil {
		t.Fatal(err)
	}
	if err := h.Evict(t.Context()); err != nil {
		t.Fatal(err)
	}
	checked(t, h)
}
