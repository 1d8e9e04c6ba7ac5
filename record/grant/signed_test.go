package grant

import (
	"bytes"
	"strconv"
	"sync"
	"testing"
	"time"

	"carehold/crypto"
	"carehold/record"
)

func certified(name string) Grant {
	return Grant{ID: record.GrantID(crypto.RandomID()), Person: record.PersonID{2}, To: Party{Name: name}, Sections: Clinical,
		Scopes: []Scope{{Type: "*", Verbs: Read | Search}}, Purpose: "TREAT", From: time.Unix(1_800_000_000, 0).UTC()}
}

// TestRemembered: that one certificate was good opens nothing for another, however
// little it differs; and what was refused stays refused.
func TestRemembered(t *testing.T) {
	mine, others := crypto.NewSigningKey(crypto.NewKey()), crypto.NewSigningKey(crypto.NewKey())
	g := certified("Dr Okafor")
	good := g.Sign(mine)
	first, err := Verify(good, mine.Public())
	if err != nil {
		t.Fatal(err)
	}
	if !signed.has(sumOf(good, mine.Public())) {
		t.Fatal("it is not remembered")
	}
	for range 3 {
		if again, err := Verify(bytes.Clone(good), mine.Public()); err != nil || !bytes.Equal(again.Marshal(), first.Marshal()) {
			t.Fatal(again, err)
		}
	}
	other := certified("Dr Okafor")
	another := other.Sign(mine)
	if _, err := Verify(another, mine.Public()); err != nil {
		t.Fatal(err)
	}
	bad := map[string][]byte{
		"a byte more":              append(bytes.Clone(good), 0),
		"by another person":        g.Sign(others),
		"another's signature":      append(bytes.Clone(another[:crypto.SignatureSize]), good[crypto.SignatureSize:]...),
		"under another's message":  append(bytes.Clone(good[:crypto.SignatureSize]), another[crypto.SignatureSize:]...),
		"moved between them":       append(bytes.Clone(good[1:]), good[0]),
		"no signature":             append(make([]byte, crypto.SignatureSize), good[crypto.SignatureSize:]...),
		"the message alone":        good[crypto.SignatureSize:],
		"the identity in front":    append(bytes.Clone(public(mine)), good...),
		"without its last byte":    good[:len(good)-1],
		"signed for another thing": append(mine.Sign(crypto.SignStatement, good[crypto.SignatureSize:]), good[crypto.SignatureSize:]...),
		"nothing":                  {},
	}
	for i := range good {
		for bit := range 8 {
			flipped := bytes.Clone(good)
			flipped[i] ^= 1 << bit
			bad["bit "+strconv.Itoa(8*i+bit)] = flipped
		}
	}
	for range 2 { // the second time is no other
		for what, certificate := range bad {
			if _, err := Verify(certificate, mine.Public()); err == nil {
				t.Errorf("%s: taken", what)
			}
			if len(certificate) > 0 && signed.has(sumOf(certificate, mine.Public())) {
				t.Errorf("%s: remembered", what)
			}
		}
		if _, err := Verify(good, others.Public()); err == nil || signed.has(sumOf(good, others.Public())) {
			t.Error("under another's identity, and it is taken")
		}
		for i := range len(crypto.PublicKey{}) {
			near := mine.Public()
			near[i] ^= 1
			if _, err := Verify(good, near); err == nil {
				t.Errorf("byte %d of the identity is another, and it is taken", i)
			}
		}
	}
	t.Logf("%d certificates refused after one was taken", 2*len(bad))
}

func public(k crypto.SigningKey) []byte { p := k.Public(); return p[:] }

// TestSigned: a signature is not all there is to a certificate. What cannot be read
// is refused though its signature holds and is remembered.
func TestSigned(t *testing.T) {
	k := crypto.NewSigningKey(crypto.NewKey())
	g := certified("Dr Okafor")
	g.Purpose = "HMARKT"
	certificate := g.Sign(k)
	for range 2 {
		if _, err := Verify(certificate, k.Public()); err == nil {
			t.Error("a purpose that there is not is taken")
		}
	}
}

// TestRememberedBounded: it never grows past its bound, and forgetting is harmless.
func TestRememberedBounded(t *testing.T) {
	var x sums
	number := func(i int) sum { return sum([]byte(strconv.Itoa(1<<40+i) + "_______________________________")[:32]) }
	var all sync.WaitGroup
	for w := range 4 {
		all.Go(func() {
			for i := range maxSums {
				x.add(number(w*maxSums + i))
				x.has(number(i))
			}
		})
	}
	all.Wait()
	if len(x.good) != maxSums {
		t.Errorf("%d are remembered, of %d that may be", len(x.good), maxSums)
	}
	x.add(number(-1))
	if !x.has(number(-1)) {
		t.Error("the newest is not remembered")
	}
	if x.has(number(-2)) {
		t.Error("one that never came is remembered")
	}
}

func BenchmarkVerify(b *testing.B) {
	k := crypto.NewSigningKey(crypto.NewKey())
	certificate, identity := certified("Dr Okafor").Sign(k), k.Public()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Verify(certificate, identity); err != nil {
			b.Fatal(err)
		}
	}
}
