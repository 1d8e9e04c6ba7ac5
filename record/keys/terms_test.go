package keys_test

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/keys"
)

// f writes a field of a message by hand: tag, length, value (docs/format.md, "Messages").
func f(tag uint16, value ...byte) []byte {
	b := binary.BigEndian.AppendUint16(nil, tag)
	b = binary.BigEndian.AppendUint32(b, uint32(len(value)))
	return append(b, value...)
}

// num is a number's eight bytes, text those of a text, and some so many of one.
func num(n uint64) []byte         { return binary.BigEndian.AppendUint64(nil, n) }
func text(s string) []byte        { return []byte(s) }
func some(b byte, n int) []byte   { return bytes.Repeat([]byte{b}, n) }
func all(fields ...[]byte) []byte { return bytes.Join(fields, nil) }
func key(t testing.TB, b byte) crypto.Key {
	k, err := crypto.KeyFrom(some(b, 32))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// sealed puts a payload that was written by hand into a capsule.
func sealed(c crypto.Credential, hour uint32, payload []byte) record.Capsule {
	return record.Capsule{ID: c.CapsuleID(), Hour: hour, Blob: c.CapsuleKey().Seal(hour, crypto.Pad(all(f(1, payload...), f(2, make([]byte, max(0, 300-len(payload)))...))))}
}

// payload is what is in a capsule.
func payload(t *testing.T, c crypto.Credential, x record.Capsule) []byte {
	t.Helper()
	padded, err := c.CapsuleKey().Open(x.Hour, x.Blob)
	if err != nil {
		t.Fatal(err)
	}
	m, err := crypto.Unpad(padded)
	if err != nil {
		t.Fatal(err)
	}
	n := binary.BigEndian.Uint32(m[2:])
	return m[6 : 6+n]
}

const until = 1_800_000_000 // which is 500,000 hours

var begins = all(f(1, some(1, 16)...), f(2, some(2, 16)...), f(3, some(3, 32)...), f(4, some(4, 32)...), f(5, num(until)...))

// TestClientCapsules holds what is behind a client's secrets against bytes written by hand.
func TestClientCapsules(t *testing.T) {
	behind := keys.TokenCapsule{Person: record.PersonID(some(1, 16)), Grant: record.GrantID(some(2, 16)), Key: key(t, 3), Audit: key(t, 4), Until: time.Unix(until, 0).UTC(),
		Terms: keys.Terms{Client: "app", Bound: [32]byte(some(9, 32)), Scope: "patient/*.rs"}}
	terms := all(f(7, text("app")...), f(8, some(9, 32)...), f(9, text("patient/*.rs")...))
	same := func(what string, got keys.TokenCapsule) {
		t.Helper()
		if got.Person != behind.Person || got.Grant != behind.Grant || !got.Key.Equal(behind.Key) || !got.Audit.Equal(behind.Audit) || !got.Until.Equal(behind.Until) || got.Terms != behind.Terms {
			t.Errorf("%s: %+v", what, got)
		}
	}
	token := crypto.NewCredential(crypto.Access)
	made, want := keys.SealToken(token.CapsuleKey(), behind), all(begins, terms)
	if got := payload(t, token, made); !bytes.Equal(got, want) || made.Hour != 500_000 || made.ID != token.CapsuleID() {
		t.Errorf("a token: %x, hour %d", got, made.Hour)
	}
	x, err := keys.OpenToken(token.CapsuleKey(), sealed(token, 500_000, want))
	if err != nil {
		t.Fatal(err)
	}
	same("a token", x)

	refresh := crypto.NewCredential(crypto.Refresh)
	made = keys.SealRefresh(refresh.CapsuleKey(), keys.Refresh{TokenCapsule: behind, Number: 7, Backend: true})
	want = all(begins, terms, f(10, num(7)...), f(11, num(1)...))
	if got := payload(t, refresh, made); !bytes.Equal(got, want) {
		t.Errorf("a refresh token: %x", got)
	}
	r, err := keys.OpenRefresh(refresh.CapsuleKey(), sealed(refresh, 500_000, want))
	if err != nil || r.Number != 7 || !r.Backend {
		t.Fatalf("%+v, %v", r, err)
	}
	same("a refresh token", r.TokenCapsule)

	code := crypto.NewCredential(crypto.Code)
	made = keys.SealCode(code.CapsuleKey(), keys.Code{TokenCapsule: behind, Redirect: "https://a/b", Challenge: [32]byte(some(5, 32)), Nonce: "n"})
	want = all(begins, terms, f(12, text("https://a/b")...), f(13, some(5, 32)...), f(14, text("n")...))
	if got := payload(t, code, made); !bytes.Equal(got, want) {
		t.Errorf("a code: %x", got)
	}
	c, err := keys.OpenCode(code.CapsuleKey(), sealed(code, 500_000, want))
	if err != nil || c.Redirect != "https://a/b" || c.Challenge != [32]byte(some(5, 32)) || c.Nonce != "n" {
		t.Fatalf("%+v, %v", c, err)
	}
	same("a code", c.TokenCapsule)
	// One of a short and one of a long payload are as long as a session's.
	if n := len(keys.SealToken(token.CapsuleKey(), keys.TokenCapsule{Key: key(t, 1), Audit: key(t, 2)}).Blob); n != len(made.Blob) {
		t.Errorf("capsules of %d and %d bytes", n, len(made.Blob))
	}
}

// TestClientCapsulesRefused is the table of what does not open.
func TestClientCapsulesRefused(t *testing.T) {
	app, redirect, challenge := f(7, text("app")...), f(12, text("https://a")...), f(13, some(5, 32)...)
	for what, c := range map[string]struct {
		kind    crypto.Kind
		payload []byte
	}{
		"scopes without a client":   {crypto.Access, all(begins, f(9, text("x")...))},
		"an empty client":           {crypto.Access, all(begins, f(7))},
		"a long client":             {crypto.Access, all(begins, f(7, some('a', 301)...))},
		"long scopes":               {crypto.Access, all(begins, app, f(9, some('a', 2049)...))},
		"a key of zeros":            {crypto.Access, all(begins, app, f(8, make([]byte, 32)...))},
		"a short key":               {crypto.Access, all(begins, app, f(8, some(9, 31)...))},
		"a client that is no text":  {crypto.Access, all(begins, f(7, 0xff))},
		"a grant key of zeros":      {crypto.Access, all(f(1, some(1, 16)...), f(2, some(2, 16)...), f(3, make([]byte, 32)...), f(4, some(4, 32)...), app)},
		"a place, of a token":       {crypto.Access, all(begins, app, f(10, num(1)...))},
		"a redirect, of a token":    {crypto.Access, all(begins, app, redirect)},
		"two clients":               {crypto.Access, all(begins, app, app)},
		"nobody's refresh token":    {crypto.Refresh, begins},
		"place 0":                   {crypto.Refresh, all(begins, app, f(10, num(0)...))},
		"place 2^32":                {crypto.Refresh, all(begins, app, f(10, num(1<<32)...))},
		"a flag of 2":               {crypto.Refresh, all(begins, app, f(11, num(2)...))},
		"a code's of a refresh":     {crypto.Refresh, all(begins, app, redirect, challenge)},
		"nobody's code":             {crypto.Code, all(begins, redirect, challenge)},
		"a code without redirect":   {crypto.Code, all(begins, app, challenge)},
		"a code without challenge":  {crypto.Code, all(begins, app, redirect)},
		"a code of a short one":     {crypto.Code, all(begins, app, redirect, f(13, some(5, 31)...))},
		"a code with a place":       {crypto.Code, all(begins, app, f(10, num(1)...), redirect, challenge)},
		"something more":            {crypto.Code, all(begins, app, redirect, challenge, f(15, 1))},
		"cut off":                   {crypto.Code, all(begins, app, redirect, challenge)[:190]},
		"a person who is too short": {crypto.Access, all(f(1, some(1, 15)...), begins[22:])},
	} {
		cred := crypto.NewCredential(c.kind)
		if err := openKind(cred, sealed(cred, 500_000, c.payload)); err == nil {
			t.Errorf("%s: it opens", what)
		}
	}
	// None opens as another, with another hour, or for another secret.
	for _, k := range []crypto.Kind{crypto.Access, crypto.Refresh, crypto.Code} {
		c := crypto.NewCredential(k)
		body := all(begins, app)
		if k == crypto.Code {
			body = all(body, redirect, challenge)
		}
		good := sealed(c, 500_000, body)
		if err := openKind(c, good); err != nil {
			t.Fatal(err)
		}
		late := good
		late.Hour++
		if openKind(c, late) == nil || openKind(crypto.NewCredential(k), good) == nil {
			t.Error("with another hour or secret it opens")
		}
		for _, other := range []crypto.Kind{crypto.Access, crypto.Refresh, crypto.Code, crypto.Session} {
			as := c.CapsuleKey()
			if as.Kind = other; other != k {
				if _, err := keys.OpenToken(as, good); err == nil {
					t.Errorf("%c opens as %c", k, other)
				}
			}
		}
	}
}

func openKind(c crypto.Credential, x record.Capsule) (err error) {
	switch c.Kind() {
	case crypto.Refresh:
		_, err = keys.OpenRefresh(c.CapsuleKey(), x)
	case crypto.Code:
		_, err = keys.OpenCode(c.CapsuleKey(), x)
	case crypto.Address:
		_, err = keys.OpenAddress(c.CapsuleKey(), x)
	default:
		_, err = keys.OpenToken(c.CapsuleKey(), x)
	}
	return err
}

// FuzzTerms: what opens is written again as it was.
func FuzzTerms(fz *testing.F) {
	fz.Add(all(begins, f(7, text("app")...), f(9, text("patient/*.rs")...)))
	fz.Add(all(begins, f(7, text("app")...), f(8, some(9, 32)...), f(10, num(3)...), f(11, num(1)...)))
	fz.Add(all(begins, f(7, text("app")...), f(12, text("https://a")...), f(13, some(5, 32)...), f(14, text("n")...)))
	fz.Add([]byte(strings.Repeat("\x00", 40)))
	secrets := map[crypto.Kind]crypto.Credential{}
	for _, k := range []crypto.Kind{crypto.Access, crypto.Refresh, crypto.Code} {
		secrets[k] = crypto.NewCredential(k)
	}
	fz.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 8<<10 {
			return
		}
		for k, c := range secrets {
			x, ck := sealed(c, 500_000, b), c.CapsuleKey()
			var again record.Capsule
			switch k {
			case crypto.Access:
				v, err := keys.OpenToken(ck, x)
				if err != nil || v.Until.IsZero() && x.Hour != 0 {
					continue
				}
				again = keys.SealToken(ck, v)
			case crypto.Refresh:
				v, err := keys.OpenRefresh(ck, x)
				if err != nil {
					continue
				}
				if v.Client == "" {
					t.Fatal("nobody's")
				}
				again = keys.SealRefresh(ck, v)
			case crypto.Code:
				v, err := keys.OpenCode(ck, x)
				if err != nil {
					continue
				}
				if v.Client == "" || v.Redirect == "" {
					t.Fatal("nobody's")
				}
				again = keys.SealCode(ck, v)
			}
			if got := payload(t, c, again); !bytes.Equal(got, b) {
				t.Fatalf("%c: %x is written as %x", k, b, got)
			}
		}
	})
}
