package holder

import (
	"testing"

	"carehold/crypto"
	"carehold/record/keys"
)

// Whoever once opened a keyring knows everything in it. It must not hold what
// opens a root key that is wrapped for the remaining slots later: this is why
// slots are in it by their public half.
func TestOldRingDoesNotOpenNewRoot(t *testing.T) {
	stays := newOpener(crypto.NewRecoveryCode().Slot())
	old := testRing(t)
	old.slots = []slot{stays.entry("stays", old.grants[0].grant.From)}
	root := crypto.NewKey()
	wrap, err := old.slots[0].wrap(old.person, root)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := stays.unwrap(old.person, wrap); err != nil || !got.Equal(root) {
		t.Fatalf("the slot itself: %v", err)
	}
	// Every 32 bytes of the keyring, as any key an attacker could make of them.
	b := old.marshal()
	for i := 0; i+crypto.KeySize <= len(b); i++ {
		k, err := crypto.KeyFrom(b[i : i+crypto.KeySize])
		if err != nil {
			continue
		}
		ctx := keys.RootContext(old.person, stays.key.ID)
		if _, err := k.Open(ctx, wrap); err == nil {
			t.Fatalf("the keyring's bytes at %d open the root key", i)
		}
		if i%16 == 0 { // slow, and a seed would be a whole field
			if _, err := crypto.NewBoxKey(k).Open(ctx, wrap); err == nil {
				t.Fatalf("the keyring's bytes at %d open the root key as a seed", i)
			}
		}
	}
	// Nor for another slot or another person.
	other := newOpener(crypto.NewRecoveryCode().Slot())
	if _, err := other.unwrap(old.person, wrap); err == nil {
		t.Error("another slot opens the root key")
	}
	if _, err := stays.unwrap([16]byte{1}, wrap); err == nil {
		t.Error("the root key of one person opens as another's")
	}
}
