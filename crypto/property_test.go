package crypto

import (
	"bytes"
	"crypto/hkdf"
	"crypto/sha512"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestPropertySeal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		suite := rapid.SampledFrom([]Suite{ChaCha20Poly1305, AES256GCM}).Draw(t, "suite")
		size := rapid.OneOf(rapid.IntRange(0, 200), rapid.IntRange(chunkSize-20, chunkSize+20), rapid.IntRange(2*chunkSize-20, 2*chunkSize+20)).Draw(t, "size")
		fields := rapid.SliceOfN(rapid.SliceOfN(rapid.Byte(), 0, 20), 0, 5).Draw(t, "fields")
		k, c, m := NewKey(), NewContext(ContextEntry, fields...), pattern(size)
		blob := k.SealSuite(suite, c, m)
		if len(blob) != SealedSize(size) || Suite(blob[0]) != suite {
			t.Fatalf("%d bytes sealed in %d, want %d", size, len(blob), SealedSize(size))
		}
		if got, err := k.Open(c, blob); err != nil || !bytes.Equal(got, m) {
			t.Fatal(err)
		}
		if _, err := k.Open(NewContext(ContextEntry, append(fields, nil)...), blob); err != ErrOpen {
			t.Fatal("opened with a field more")
		}
		if _, err := NewKey().Open(c, blob); err != ErrOpen {
			t.Fatal("opened with another key")
		}
		at := rapid.IntRange(0, 8*len(blob)-1).Draw(t, "bit")
		blob[at/8] ^= 1 << (at % 8)
		if _, err := k.Open(c, blob); err != ErrOpen {
			t.Fatalf("opened with bit %d flipped", at)
		}
	})
}

func TestPropertyPad(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.OneOf(rapid.IntRange(0, 5000), rapid.IntRange(60000, 70000), rapid.IntRange(0, 3<<20)).Draw(t, "size")
		p := PaddedSize(n)
		switch {
		case p < n+padLength || p > PaddedSize(n+1):
			t.Fatalf("%d padded to %d", n, p)
		case n+padLength > padDoubles && float64(p) > 1.12*float64(n+padLength):
			t.Fatalf("%d padded to %d: more than 12 %%", n, p)
		case PaddedSize(p-padLength) != p:
			t.Fatalf("%d is not a size that holds itself", p)
		}
		m := bytes.Repeat([]byte{rapid.Byte().Draw(t, "byte")}, n)
		padded := Pad(m)
		got, err := Unpad(padded)
		if err != nil || len(padded) != p || !bytes.Equal(got, m) {
			t.Fatal(len(padded), err)
		}
		if _, err := Unpad(append(padded, 0)); err != ErrOpen {
			t.Fatal("a zero more accepted")
		}
		if _, err := Unpad(padded[:len(padded)-1]); err != ErrOpen {
			t.Fatal("a zero fewer accepted")
		}
		if filled := p - padLength - n; filled > 0 {
			padded[p-1-rapid.IntRange(0, filled-1).Draw(t, "at")] = 1
			if _, err := Unpad(padded); err != ErrOpen {
				t.Fatal("something else than zeros accepted")
			}
		}
	})
}

func TestPropertyToken(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := rapid.SliceOfN(rapid.Byte(), KeySize, KeySize).Draw(t, "secret")
		kind := Kind(TokenKinds[rapid.IntRange(0, len(TokenKinds)-1).Draw(t, "kind")])
		k, err := KeyFrom(b)
		if err != nil {
			return // zeros
		}
		text := Credential{kind: kind, secret: k}.Token()
		c, err := ParseToken(text)
		if err != nil || c.Kind() != kind || !c.secret.Equal(k) {
			t.Fatalf("%x as %q: %v", b, text, err)
		}
	})
}

// TestPropertyExpand: expand is HKDF-Expand, whatever the lengths.
func TestPropertyExpand(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		key := rapid.SliceOfN(rapid.Byte(), 0, hmacBlock).Draw(t, "key")
		info := rapid.String().Draw(t, "info") + strings.Repeat("x", rapid.IntRange(0, 600).Draw(t, "more"))
		got := make([]byte, rapid.IntRange(1, 255*sha512.Size).Draw(t, "length"))
		expand(got, key, info)
		if want, err := hkdf.Expand(sha512.New, key, info, len(got)); err != nil || !bytes.Equal(got, want) {
			t.Fatalf("%x, not %x: %v", got, want, err)
		}
	})
}

// TestPropertyInfo: no two lists of fields encode alike.
func TestPropertyInfo(t *testing.T) {
	fields := rapid.SliceOfN(rapid.SliceOfN(rapid.ByteRange(0, 1), 0, 6), 0, 4)
	rapid.Check(t, func(t *rapid.T) {
		a, b := fields.Draw(t, "a"), fields.Draw(t, "b")
		alike := len(a) == len(b)
		for i := 0; alike && i < len(a); i++ {
			alike = bytes.Equal(a[i], b[i])
		}
		if (info(derivationPrefix, "l", a) == info(derivationPrefix, "l", b)) != alike {
			t.Fatalf("%x and %x", a, b)
		}
	})
}
