package holder_test

import (
	"errors"
	"testing"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/holder"
)

func slotOf(t testing.TB, h *holder.Holder, kind crypto.Kind) crypto.CapsuleID {
	t.Helper()
	for _, s := range h.Slots() {
		if s.Kind == kind {
			return s.ID
		}
	}
	t.Fatalf("there is no slot of kind %c", kind)
	return crypto.CapsuleID{}
}

func opens(t testing.TB, srv holder.Server, slot crypto.Credential) bool {
	t.Helper()
	h, err := holder.Unlock(t.Context(), srv, slot, holder.Memory{})
	if err == nil {
		h.Close()
	} else if !errors.Is(err, holder.ErrNoSlot) {
		t.Fatalf("unlocking failed for another reason: %v", err)
	}
	return err == nil
}

func TestRemoveSlot(t *testing.T) {
	srv := newLocal(t)
	h, kit := enrol(t, srv, srv.invite())
	other := unlock(t, srv, kit.Recovery.Slot(), holder.Memory{})
	if err := h.RemoveSlot(t.Context(), slotOf(t, h, crypto.SlotPassphrase)); !errors.Is(err, record.Unprocessed) {
		t.Errorf("removing the slot in hand: %v", err)
	}
	removed := slotOf(t, h, crypto.SlotRecovery)
	if err := h.RemoveSlot(t.Context(), removed); err != nil {
		t.Fatal(err)
	}
	if opens(t, srv, kit.Recovery.Slot()) {
		t.Error("a removed slot still opens the record")
	}
	if !opens(t, srv, crypto.PassphraseSlot(kit.DeviceKey, typed(passphrase))) {
		t.Error("the slot that stayed no longer opens the record")
	}
	// A device that had come in by it can do nothing more.
	if _, err := other.Grant(t.Context(), gp(0)); !errors.Is(err, holder.ErrNoSlot) {
		t.Errorf("a device of the removed slot makes a grant: %v", err)
	}
	checked(t, h)
}

func TestAPasskeyIsNeverTheOnlySlot(t *testing.T) {
	srv := newLocal(t)
	h, _ := enrol(t, srv, srv.invite())
	prf := []byte("01234567890123456789012345678901")
	if err := h.AddPasskeySlot(t.Context(), prf, "phone"); err != nil {
		t.Fatal(err)
	}
	if err := h.AddPasskeySlot(t.Context(), prf, "phone"); !errors.Is(err, record.Unprocessed) {
		t.Errorf("the same passkey twice: %v", err)
	}
	passkey, _ := crypto.PasskeySlot(prf)
	u := unlock(t, srv, passkey, h.Memory())
	if err := u.RemoveSlot(t.Context(), slotOf(t, u, crypto.SlotRecovery)); err != nil {
		t.Fatal(err)
	}
	if err := u.RemoveSlot(t.Context(), slotOf(t, u, crypto.SlotPassphrase)); !errors.Is(err, record.Unprocessed) {
		t.Errorf("only a passkey left: %v", err)
	}
	if err := u.Evict(t.Context()); !errors.Is(err, record.Unprocessed) {
		t.Errorf("an eviction that leaves only a passkey: %v", err)
	}
	checked(t, u)
}

func TestNewDevice(t *testing.T) {
	srv := newLocal(t)
	_, kit := enrol(t, srv, srv.invite())
	u := unlock(t, srv, kit.Recovery.Slot(), holder.Memory{})
	device, err := u.AddPassphraseSlot(t.Context(), typed("another passphrase"), "tablet")
	if err != nil {
		t.Fatal(err)
	}
	// Unlocked by the code, the holder goes on with the one that replaces it.
	code, err := u.ReplaceRecovery(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := u.Refresh(t.Context()); err != nil {
		t.Errorf("refreshing with the new code: %v", err)
	}
	for name, want := range map[string]struct {
		slot  crypto.Credential
		opens bool
	}{
		"the old code":       {kit.Recovery.Slot(), false},
		"the new code":       {code.Slot(), true},
		"the new device":     {crypto.PassphraseSlot(device, typed("another passphrase")), true},
		"the first's phrase": {crypto.PassphraseSlot(device, typed(passphrase)), false},
	} {
		if got := opens(t, srv, want.slot); got != want.opens {
			t.Errorf("%s opens: %v, want %v", name, got, want.opens)
		}
	}
	checked(t, u)
}

func TestEvict(t *testing.T) {
	srv := newLocal(t)
	h, kit := enrol(t, srv, srv.invite())
	thief := unlock(t, srv, kit.Recovery.Slot(), holder.Memory{})
	session := signIn(t, thief)
	doctor := give(t, h, gp(0))
	if err := h.Evict(t.Context()); err != nil {
		t.Fatal(err)
	}
	if srv.opens(doctor.Token) || srv.opens(session) {
		t.Error("a token from before the eviction still opens")
	}
	if opens(t, srv, kit.Recovery.Slot()) {
		t.Error("an evicted slot still opens the record")
	}
	if _, _, err := thief.SignIn(t.Context()); !errors.Is(err, record.Unauthorized) {
		t.Errorf("signing in with the keys from before: %v", err)
	}
	if _, err := thief.Grant(t.Context(), gp(0)); !errors.Is(err, holder.ErrNoSlot) {
		t.Errorf("a grant with the keys from before: %v", err)
	}
	if g := state(t, h, doctor.Grant.ID); g.Why != holder.Evicted || h.Epoch() != 2 {
		t.Errorf("the grant ended because %v, epoch %d", g.Why, h.Epoch())
	}
	// The person goes on, and still reads what was logged before.
	give(t, h, gp(0))
	u := unlock(t, srv, crypto.PassphraseSlot(kit.DeviceKey, typed(passphrase)), h.Memory())
	checked(t, u)
	if err := u.Evict(t.Context()); err != nil {
		t.Fatal(err)
	}
	checked(t, u)
}

// A thief unlocked the record once and kept everything: the keyring, the root
// key, the slot. Then their slot is removed, or they are evicted; and they come
// back with the whole disk. The new keyring, as it is wrapped for every slot
// that stays, opens with nothing they have.
func TestRemovedSlotWithTheDisk(t *testing.T) {
	for name, shut := range map[string]func(*holder.Holder, crypto.CapsuleID) error{
		"remove": func(h *holder.Holder, id crypto.CapsuleID) error { return h.RemoveSlot(t.Context(), id) },
		"evict":  func(h *holder.Holder, _ crypto.CapsuleID) error { return h.Evict(t.Context()) },
	} {
		srv := newLocal(t)
		h, kit := enrol(t, srv, srv.invite())
		thief := unlock(t, srv, kit.Recovery.Slot(), holder.Memory{})
		stays := slotOf(t, h, crypto.SlotPassphrase)
		disk := func() holder.RingState {
			s, err := srv.Ring(t.Context(), h.Person(), stays, 0)
			if err != nil {
				t.Fatal(err)
			}
			return s
		}
		if !thief.OpensWith(disk()) {
			t.Fatal("the thief's root key does not open the keyring of its time: the test proves nothing")
		}
		if err := shut(h, slotOf(t, h, crypto.SlotRecovery)); err != nil {
			t.Fatal(err)
		}
		if thief.OpensWith(disk()) {
			t.Errorf("%s: the new keyring opens with what the removed slot gave", name)
		}
		if !h.OpensWith(disk()) {
			t.Errorf("%s: the slot that stayed does not open the new keyring", name)
		}
	}
}
