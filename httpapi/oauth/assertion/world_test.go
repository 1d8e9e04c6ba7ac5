package assertion_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"maps"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"carehold/httpapi/oauth/assertion"
	"carehold/httpapi/oauth/dpop/signed"
)

var (
	start = time.Unix(1_800_000_000, 0)
	here  = assertion.Audience{Issuer: "https://record.example", Token: "https://record.example/oauth/token", Endpoint: "https://record.example/oauth/par"}
)

type obj = map[string]any

var b64 = base64.RawURLEncoding.EncodeToString

func mustJSON(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// signer is a key of a client, and how it signs.
type signer struct {
	alg jose.SignatureAlgorithm
	key crypto.Signer
	pub obj // the JWK that it registers
}

func newSigner(t testing.TB, alg jose.SignatureAlgorithm, kid string) signer {
	t.Helper()
	var key crypto.Signer
	var err error
	switch alg {
	case jose.ES256:
		key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case jose.ES384:
		key, err = ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	case jose.EdDSA, signed.Ed25519:
		_, k, e := ed25519.GenerateKey(rand.Reader)
		key, err = k, e
	default:
		key, err = rsa.GenerateKey(rand.Reader, 2048)
	}
	if err != nil {
		t.Fatal(err)
	}
	return signerOf(t, alg, key, kid)
}

func signerOf(t testing.TB, alg jose.SignatureAlgorithm, key crypto.Signer, kid string) signer {
	t.Helper()
	b, err := jose.JSONWebKey{Key: key.Public(), KeyID: kid}.MarshalJSON()
	s := signer{alg: alg, key: key}
	if err == nil {
		err = json.Unmarshal(b, &s.pub)
	}
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (s signer) header() obj { return obj{"alg": string(s.alg), "kid": s.pub["kid"], "typ": "JWT"} }

// sign makes a JWT of any header and claims, whether they make sense or not.
func (s signer) sign(t testing.TB, header, claims any) string {
	t.Helper()
	input := b64([]byte(mustJSON(header))) + "." + b64([]byte(mustJSON(claims)))
	hash := map[jose.SignatureAlgorithm]crypto.Hash{jose.RS384: crypto.SHA384, jose.PS384: crypto.SHA384, jose.ES384: crypto.SHA384}[s.alg]
	if hash == 0 {
		hash = crypto.SHA256
	}
	h := hash.New()
	h.Write([]byte(input))
	digest := h.Sum(nil)
	var sig []byte
	var err error
	switch k := s.key.(type) {
	case ed25519.PrivateKey:
		sig = ed25519.Sign(k, []byte(input))
	case *ecdsa.PrivateKey:
		r, v, e := ecdsa.Sign(rand.Reader, k, digest)
		if e != nil {
			t.Fatal(e)
		}
		size := (k.Curve.Params().BitSize + 7) / 8
		sig = append(r.FillBytes(make([]byte, size)), v.FillBytes(make([]byte, size))...)
	case *rsa.PrivateKey:
		if s.alg[0] == 'R' {
			sig, err = rsa.SignPKCS1v15(rand.Reader, k, hash, digest)
		} else {
			sig, err = rsa.SignPSS(rand.Reader, k, hash, digest, &rsa.PSSOptions{SaltLength: hash.Size()})
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return input + "." + b64(sig)
}

func jwks(keys ...obj) string { return mustJSON(obj{"keys": keys}) }

func set(t testing.TB, text string) *assertion.Set {
	t.Helper()
	s, err := assertion.ParseSet([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func claims(aud any) obj {
	return obj{"iss": "app", "sub": "app", "aud": aud, "jti": "one", "exp": start.Unix() + 300}
}

func with(o obj, name string, value any) obj {
	o = maps.Clone(o)
	if o[name] = value; value == nil {
		delete(o, name)
	}
	return o
}
