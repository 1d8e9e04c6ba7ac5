package crypto

import (
	"crypto/hmac"
	"crypto/sha512"
	"fmt"
	"testing"
)

var suites = map[string]Suite{"chacha": ChaCha20Poly1305, "aesgcm": AES256GCM}

// benchContext is as long as the context of an entry, the longest there is.
func benchContext() Context {
	return NewContext(ContextEntry, make([]byte, 16), []byte("measurements"), U32(3),
		make([]byte, 16), U64(12), U32(0), U32(1))
}

func BenchmarkSeal(b *testing.B) {
	eachSize(b, func(b *testing.B, s Suite, k Key, c Context, m []byte) {
		for b.Loop() {
			k.SealSuite(s, c, m)
		}
	})
}

func BenchmarkOpen(b *testing.B) {
	eachSize(b, func(b *testing.B, s Suite, k Key, c Context, m []byte) {
		blob := k.SealSuite(s, c, m)
		for b.Loop() {
			if _, err := k.Open(c, blob); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func eachSize(b *testing.B, run func(*testing.B, Suite, Key, Context, []byte)) {
	for _, suite := range []string{"aesgcm", "chacha"} {
		for _, size := range []int{1 << 10, 2 << 10, 16 << 10, 1 << 20} {
			b.Run(fmt.Sprintf("%s/%d", suite, size), func(b *testing.B) {
				b.SetBytes(int64(size))
				b.ReportAllocs()
				run(b, suites[suite], NewKey(), benchContext(), make([]byte, size))
			})
		}
	}
}

func BenchmarkDerive(b *testing.B) {
	k, field := NewKey(), []byte("measurements")
	b.ReportAllocs()
	for b.Loop() {
		k.Derive(LabelSection, field)
	}
}

// BenchmarkTag sets the tag beside what it replaced.
func BenchmarkTag(b *testing.B) {
	k, name := NewKey(), RandomID()
	b.Run("aes", func(b *testing.B) {
		t := k.Tagger(LabelTag)
		b.ReportAllocs()
		for b.Loop() {
			t.Tag(name, 7)
		}
	})
	b.Run("hmac-sha-512", func(b *testing.B) {
		mac := hmac.New(sha512.New, k.Bytes())
		var sum [64]byte
		b.ReportAllocs()
		for b.Loop() {
			mac.Reset()
			mac.Write(name[:])
			mac.Write(U64(7))
			mac.Sum(sum[:0])
		}
	})
}

// BenchmarkScan is what a search does with keys in a record of 10,000 entries of
// 1 KiB: it tries the tags of ten sections on each, and opens it.
func BenchmarkScan(b *testing.B) {
	const entries, sections = 10_000, 10
	k, c := NewKey(), benchContext()
	t, name, blob := k.Tagger(LabelTag), RandomID(), k.Seal(c, make([]byte, 1<<10))
	b.ReportAllocs()
	for b.Loop() {
		for number := range uint64(entries * sections) {
			t.Tag(name, number)
			if number%sections > 0 {
				continue
			}
			if _, err := k.Open(c, blob); err != nil {
				b.Fatal(err)
			}
		}
	}
}

func BenchmarkToken(b *testing.B) {
	text := NewCredential(Access).Token()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ParseToken(text); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCapsuleID(b *testing.B) {
	c := NewCredential(Access)
	for b.Loop() {
		c.CapsuleID()
	}
}

func BenchmarkBox(b *testing.B) {
	k, c := NewBoxKey(NewKey()), benchContext()
	p, m := k.Public(), make([]byte, 2<<10)
	box, err := p.Seal(c, m)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("seal", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := p.Seal(c, m); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("open", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := k.Open(c, box); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkSign(b *testing.B) {
	k, m := NewSigningKey(NewKey()), make([]byte, 1<<10)
	sig := k.Sign(SignStatement, m)
	b.Run("sign", func(b *testing.B) {
		for b.Loop() {
			k.Sign(SignStatement, m)
		}
	})
	b.Run("verify", func(b *testing.B) {
		p := k.Public()
		for b.Loop() {
			if p.Verify(SignStatement, m, sig) != nil {
				b.Fatal()
			}
		}
	})
}

func BenchmarkPassphraseSlot(b *testing.B) {
	d, s := NewDeviceKey(), SecretString("correct horse battery staple")
	b.ReportAllocs()
	for b.Loop() {
		PassphraseSlot(d, s)
	}
}
