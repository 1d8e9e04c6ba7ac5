package jose_test

import (
	"bytes"
	"strings"
	"testing"

	"carehold/crypto"
	"carehold/crypto/jose"
)

// FuzzJWE: nothing panics, what fails hands nothing out, and what opens is within the
// limit and is the JWE of that content and of no other key.
func FuzzJWE(f *testing.F) {
	k, another := key(f), crypto.NewKey()
	for _, h := range []string{`{"alg":"dir","enc":"A256GCM"}`, `{"alg":"dir","enc":"A256GCM","zip":"DEF"}`, `{"alg":"none"}`, `{"alg":"dir","enc":"A256GCM","crit":["x"]}`} {
		f.Add(craft(f, h, []byte("what is said")), 100)
		f.Add(craft(f, h, jose.Deflate([]byte("what is said"))), 100)
		f.Add(craft(f, h, jose.Deflate(make([]byte, 5000))), 100)
	}
	f.Add("....", 0)
	f.Add(strings.Repeat("[", 10000), 0)
	f.Fuzz(func(t *testing.T, text string, limit int) {
		limit = max(0, min(limit, 1<<20))
		_, got, err := jose.Open(k, []byte(text), limit)
		if err != nil {
			if len(got) != 0 {
				t.Fatal("refused, and handed out")
			}
			return
		}
		if len(got) > limit {
			t.Fatalf("%d bytes of %d", len(got), limit)
		}
		if _, _, err := jose.Open(another, []byte(text), limit); err == nil {
			t.Fatal("another key opens it")
		}
	})
}

// FuzzJWS: nothing panics, and nobody's key signed what the fuzzer made.
func FuzzJWS(f *testing.F) {
	k, err := jose.NewPublicKey(rfcX, rfcY)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(rfcJWS)
	for _, h := range []string{`{"alg":"ES256","zip":"DEF","kid":"x"}`, `{"alg":"none"}`, `{"alg":"ES256","crit":["b64"]}`} {
		text, _ := sign(f, h, string(jose.Deflate([]byte("{}"))))
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		j, err := jose.ParseSigned(text)
		if err != nil {
			return
		}
		if b, err := j.Payload(1000); err == nil && len(b) > 1000 {
			t.Fatal("over the limit")
		}
		if j.Verify(k) == nil && !strings.HasPrefix(rfcJWS, text[:strings.LastIndex(text, ".")]) {
			t.Fatal("forged")
		}
	})
}

// FuzzInflate: what comes out is within both limits, and goes in again.
func FuzzInflate(f *testing.F) {
	f.Add(jose.Deflate([]byte("what is said")), 100)
	f.Add(jose.Deflate(make([]byte, 100000)), 1000)
	f.Add([]byte{0x78, 0x9c, 3, 0}, 10)
	f.Fuzz(func(t *testing.T, b []byte, limit int) {
		limit = max(0, min(limit, 4<<20))
		got, err := jose.Inflate(b, limit)
		if err != nil {
			return
		}
		if len(got) > limit || len(got) > max(1<<20, jose.MaxRatio*len(b)) {
			t.Fatalf("%d bytes from %d, limit %d", len(got), len(b), limit)
		}
		again, err := jose.Inflate(jose.Deflate(got), max(limit, len(got)))
		if err != nil || !bytes.Equal(again, got) {
			t.Fatal(err)
		}
	})
}
