//go:build !js

package crypto

import (
	"bytes"
	"testing"
)

// The browser's agreement against crypto/hpke's, in both directions.
func TestXWing(t *testing.T) {
	for range 100 {
		seed := NewKey()
		std, err := newBoxPrivate(seed.use())
		if err != nil {
			t.Fatal(err)
		}
		own, err := newXWingPrivate(seed.use())
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(std.public().bytes(), own.public().bytes()) {
			t.Fatal("the public keys of a seed differ")
		}
		enc, secret, err := std.public().agree()
		if err != nil {
			t.Fatal(err)
		}
		if got, err := own.agreed(enc); err != nil || !bytes.Equal(got, secret) {
			t.Fatalf("what crypto/hpke sealed: %v", err)
		}
		public, err := newXWingPublic(std.public().bytes())
		if err != nil {
			t.Fatal(err)
		}
		if enc, secret, err = public.agree(); err != nil {
			t.Fatal(err)
		}
		if got, err := std.agreed(enc); err != nil || !bytes.Equal(got, secret) {
			t.Fatalf("what crypto/hpke opens: %v", err)
		}
	}
}

// An X25519 half of low order is refused, as crypto/hpke does.
func TestXWingLowOrder(t *testing.T) {
	own, err := newXWingPrivate(NewKey().use())
	if err != nil {
		t.Fatal(err)
	}
	b := own.public().bytes()
	clear(b[BoxPublicKeySize-32:])
	p, err := newXWingPublic(b)
	if err == nil {
		_, _, err = p.agree()
	}
	if err == nil {
		t.Error("a secret was agreed on with a point of low order")
	}
	if _, err := own.agreed(make([]byte, boxEncapSize)); err == nil {
		t.Error("an encapsulation with a point of low order was taken")
	}
}
