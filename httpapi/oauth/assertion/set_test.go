package assertion_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"carehold/httpapi/oauth/assertion"
	"carehold/record"
)

func TestParseSet(t *testing.T) {
	s, rs := newSigner(t, jose.ES256, "1"), newSigner(t, jose.PS256, "2")
	key := mustJSON(s.pub)
	for name, c := range map[string]struct {
		text   string
		usable int // by FAPI2
	}{
		"one":             {jwks(s.pub), 1},
		"two":             {jwks(s.pub, rs.pub), 2},
		"none":            {`{"keys":[]}`, 0},
		"more members":    {`{"x":1,"keys":[` + key + `]}`, 1},
		"unknown kinds":   {jwks(obj{"kty": "OKP", "crv": "X25519", "x": "AAAA"}, obj{"kty": "EC", "crv": "secp256k1", "x": "AA", "y": "AA"}, obj{"kty": "x"}, obj{}), 0},
		"not for signing": {jwks(with(s.pub, "use", "enc"), with(rs.pub, "alg", "RS384"), with(s.pub, "key_ops", []string{"sign"})), 0},
		"no kid":          {jwks(with(s.pub, "kid", nil)), 1},
	} {
		if set, err := assertion.ParseSet([]byte(c.text)); err != nil || set.Usable(assertion.FAPI2) != c.usable {
			t.Errorf("%s: %v", name, err)
		}
	}
	many := make([]obj, 33)
	for i := range many {
		many[i] = obj{"kty": "x"}
	}
	for name, text := range map[string]string{
		"empty": "", "a text": `"keys"`, "an array": `[` + key + `]`, "no keys": `{}`, "keys null": `{"keys":null}`, "keys an object": `{"keys":{}}`, "one key": key,
		"keys twice": `{"keys":[` + key + `],"keys":[]}`, "a name twice in a key": `{"keys":[` + strings.Replace(key, "{", `{"kty":"EC",`, 1) + `]}`,
		"a name twice deeper": `{"keys":[],"x":{"a":1,"a":1}}`, "something after": jwks(s.pub) + "{}", "not UTF-8": "{\"keys\":[],\"x\":\"\xff\"}",
		"a key that is none": `{"keys":[7]}`, "a kid that is a number": jwks(with(s.pub, "kid", 1)),
		"private":          jwks(s.pub, with(s.pub, "d", "AAAA")),
		"private and null": `{"keys":[` + strings.Replace(key, "{", `{"d":null,`, 1) + `]}`,
		"private RSA":      jwks(with(rs.pub, "p", "AAAA")),
		"private, unknown": jwks(obj{"kty": "AKP", "priv": "AAAA"}),
		"symmetric":        jwks(obj{"kty": "oct", "k": "c2VjcmV0"}),
		"symmetric, bare":  jwks(obj{"kty": "oct"}),
		"33 keys":          jwks(many...),
		"large":            `{"keys":[],"x":"` + strings.Repeat("x", 64<<10) + `"}`,
	} {
		set, err := assertion.ParseSet([]byte(text))
		if set != nil || !errors.Is(err, record.Invalid) && !errors.Is(err, record.TooLarge) {
			t.Errorf("%s: %v", name, err)
		}
		if strings.Contains(record.SafeText(err), "AAAA") || strings.Contains(record.SafeText(err), "c2VjcmV0") {
			t.Errorf("%s: it quotes the key: %v", name, err)
		}
	}
}

// FuzzJWKS: what is taken has a bounded number of keys and none that is private.
func FuzzJWKS(f *testing.F) {
	s := newSigner(f, jose.ES256, "1")
	for _, text := range []string{jwks(s.pub), jwks(with(s.pub, "d", "AAAA")), `{"keys":[{"kty":"oct"}]}`, `{"keys":[1]}`, `{"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB"}]}`, ""} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		set, err := assertion.ParseSet(b)
		if err != nil {
			if _, ok := errors.AsType[*record.Error](err); !ok || set != nil {
				t.Fatalf("%T %v", err, set)
			}
			return
		}
		if n := set.Usable(assertion.SMART); n > 32 {
			t.Fatal(n)
		}
		// Whatever it says, nobody else's assertion is signed by it.
		text := s.sign(t, s.header(), claims(here.Token))
		err = assertion.New(nil, 0).Check(t.Context(), text, assertion.Client{ID: "app", Profile: assertion.SMART, Keys: set}, here, start)
		if err == nil && !strings.Contains(string(b), s.pub["x"].(string)) && !strings.Contains(string(b), `\`) {
			t.Fatal("taken")
		}
	})
}

// FuzzAssertion: nothing but what was signed is ever taken.
func FuzzAssertion(f *testing.F) {
	s := newSigner(f, jose.EdDSA, "1")
	good := s.sign(f, s.header(), claims(here.Token))
	for _, text := range []string{good, s.sign(f, s.header(), with(claims(here.Token), "exp", start.Unix()-1)), s.sign(f, with(s.header(), "crit", []string{"x"}), claims(here.Token)), "", "a.b.c", "e30.e30.AA"} {
		f.Add(text)
	}
	client := assertion.Client{ID: "app", Profile: assertion.SMART, Keys: set(f, jwks(s.pub))}
	f.Fuzz(func(t *testing.T, text string) {
		if _, err := assertion.ClientID(text); err != nil && !errors.Is(err, assertion.InvalidClient) {
			t.Fatal(err)
		}
		err := assertion.New(nil, 0).Check(t.Context(), text, client, here, start)
		if err == nil && text != good {
			t.Fatalf("taken: %q", text)
		}
		if err != nil && !errors.Is(err, assertion.InvalidClient) {
			t.Fatal(err)
		}
	})
}
