package crypto

import (
	"bytes"
	"testing"
)

// Each fuzzer starts from the vectors, good and bad, and asks of whatever is
// accepted that it is the one form that this package writes.

func FuzzParseToken(f *testing.F) {
	for _, text := range textsOf(f, "token", "token") {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, err := ParseToken(text)
		if (err == nil) == c.IsZero() {
			t.Fatal("neither a credential nor an error")
		}
		if err == nil && c.Token() != text {
			t.Fatalf("%q read, %q written", text, c.Token())
		}
	})
}

func FuzzParseRecoveryCode(f *testing.F) {
	for _, text := range append(textsOf(f, "recovery", "typed"), textsOf(f, "recovery", "text")...) {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, err := ParseRecoveryCode(text)
		if err != nil {
			return
		}
		again, err := ParseRecoveryCode(r.Text())
		if err != nil || *again.bits() != *r.bits() || r.Slot().IsZero() {
			t.Fatalf("%q read, but not what is written of it", text)
		}
	})
}

func FuzzParseDeviceKey(f *testing.F) {
	for _, text := range textsOf(f, "passphrase", "text") {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if d, err := ParseDeviceKey(text); err == nil && d.Text() != text {
			t.Fatalf("%q read, %q written", text, d.Text())
		}
	})
}

// FuzzOpen looks for panics, and for a blob that opens without having been
// sealed: the key is known, so that a mutated body reaches the ciphers.
func FuzzOpen(f *testing.F) {
	opens, refused := readSealVectors(f)
	for _, v := range append(opens, refused...) {
		if len(v.Blob) < 1000 {
			f.Add(v.Blob)
		}
	}
	k := opens[0].Key.key()
	c := opens[0].Context.context(f)
	f.Fuzz(func(t *testing.T, blob []byte) {
		message, err := k.Open(c, blob)
		if err != nil {
			if err != ErrOpen || message != nil {
				t.Fatal("another failure than ErrOpen")
			}
			return
		}
		// What opens is what would be sealed: there is one form.
		if again := k.sealWithSalt(Suite(blob[0]), c, message, [saltSize]byte(blob[1:])); !bytes.Equal(again, blob) {
			t.Fatal("two blobs for one message and salt")
		}
	})
}

func FuzzUnpad(f *testing.F) {
	for _, n := range []int{0, 1, 508, 509, 70000} {
		f.Add(Pad(make([]byte, n)))
	}
	f.Add([]byte{})
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0})
	f.Fuzz(func(t *testing.T, padded []byte) {
		if message, err := Unpad(padded); err == nil && !bytes.Equal(Pad(message), padded) {
			t.Fatal("unpadded, and padded again otherwise")
		}
	})
}

func FuzzParseBoxPublicKey(f *testing.F) {
	good := NewBoxKey(opensKey(f)).Public().Bytes()
	f.Add(good)
	f.Add(good[:1184])
	f.Add(make([]byte, BoxPublicKeySize))
	f.Add(append(bytes.Clone(good[:1184]), make([]byte, 32)...))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := ParseBoxPublicKey(b)
		if err != nil {
			return
		}
		if !bytes.Equal(p.Bytes(), b) {
			t.Fatal("read, and written otherwise")
		}
		if box, err := p.Seal(Context{}, nil); (err == nil) != (box != nil) {
			t.Fatal("neither a box nor an error")
		}
	})
}

func FuzzBoxOpen(f *testing.F) {
	var file struct {
		Opens []struct {
			Seed, Box hexed
			Context   contextVector
		}
	}
	readVectors(f, "box", &file)
	v := file.Opens[1]
	// A fixed box: each of the fuzzer's processes must mean the same one.
	k, c, box := NewBoxKey(v.Seed.key()), v.Context.context(f), []byte(v.Box)
	f.Add(box)
	f.Add(box[:boxEncapSize])
	f.Add(make([]byte, len(box)))
	f.Fuzz(func(t *testing.T, b []byte) {
		message, err := k.Open(c, b)
		if err == nil && !bytes.Equal(b, box) {
			t.Fatal("opened what was not sealed")
		}
		if err != nil && (err != ErrOpen || message != nil) {
			t.Fatal("another failure than ErrOpen")
		}
	})
}

func FuzzVerify(f *testing.F) {
	k := NewSigningKey(opensKey(f))
	p, sig := k.Public(), k.Sign(SignStatement, []byte("m"))
	f.Add(p[:], []byte("m"), sig)
	f.Add(make([]byte, 32), []byte("m"), make([]byte, 64))
	f.Fuzz(func(t *testing.T, public, message, signature []byte) {
		q, err := ParsePublicKey(public)
		if err != nil {
			return
		}
		if q.Verify(SignStatement, message, signature) == nil && q.Verify(SignIdentity, message, signature) == nil {
			t.Fatal("good for two purposes")
		}
	})
}

func opensKey(t testing.TB) Key {
	opens, _ := readSealVectors(t)
	return opens[0].Key.key()
}

// textsOf collects every string under a name anywhere in a file of vectors.
func textsOf(t testing.TB, file, name string) (texts []string) {
	var all any
	readVectors(t, file, &all)
	var walk func(v any, wanted bool)
	walk = func(v any, wanted bool) {
		switch v := v.(type) {
		case map[string]any:
			for k, x := range v {
				walk(x, k == name)
			}
		case []any:
			for _, x := range v {
				walk(x, wanted)
			}
		case string:
			if wanted {
				texts = append(texts, v)
			}
		}
	}
	walk(all, false)
	atLeast(t, len(texts), 4)
	return texts
}
