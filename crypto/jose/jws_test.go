package jose_test

import (
	stdcrypto "crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"math/big"
	"strings"
	"testing"

	other "github.com/go-jose/go-jose/v4"

	"carehold/crypto/jose"
)

// RFC 7515 appendix A.3: the standard's own ES256.
const (
	rfcX   = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"
	rfcY   = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"
	rfcJWS = "eyJhbGciOiJFUzI1NiJ9" +
		".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ" +
		".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
	rfcPayload = "{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n \"http://example.com/is_root\":true}"
)

func TestRFC7515(t *testing.T) {
	k, err := jose.NewPublicKey(rfcX, rfcY)
	if err != nil {
		t.Fatal(err)
	}
	j, err := jose.ParseSigned(rfcJWS)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := j.Payload(1000); err != nil || string(got) != rfcPayload {
		t.Errorf("%q %v", got, err)
	}
	if err := j.Verify(k); err != nil {
		t.Error(err)
	}
	if err := j.Verify(jose.PublicKey{}); !errors.Is(err, jose.ErrSignature) {
		t.Error("no key verifies")
	}
	if _, err := j.Payload(len(rfcPayload) - 1); !errors.Is(err, jose.ErrTooLarge) {
		t.Error(err)
	}
	// go-jose's thumbprint of the same key.
	var o other.JSONWebKey
	if err := o.UnmarshalJSON([]byte(`{"kty":"EC","crv":"P-256","x":"` + rfcX + `","y":"` + rfcY + `"}`)); err != nil {
		t.Fatal(err)
	}
	want, err := o.Thumbprint(stdcrypto.SHA256)
	if err != nil || k.Thumbprint() != b64.EncodeToString(want) {
		t.Errorf("thumbprint %s, go-jose %x %v", k.Thumbprint(), want, err)
	}
}

// sign signs header and payload with a fresh key.
func sign(t testing.TB, header, payload string) (compact string, k jose.PublicKey) {
	priv, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	content := b64.EncodeToString([]byte(header)) + "." + b64.EncodeToString([]byte(payload))
	hash := sha256.Sum256([]byte(content))
	r, s, err := ecdsa.Sign(rand.Reader, priv, hash[:])
	if err != nil {
		t.Fatal(err)
	}
	point, err := priv.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	k, err = jose.NewPublicKey(b64.EncodeToString(point[1:33]), b64.EncodeToString(point[33:]))
	if err != nil {
		t.Fatal(err)
	}
	return content + "." + b64.EncodeToString(append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)), k
}

// TestGoJoseSigned: what go-jose signs verifies here, also when it is compressed.
func TestGoJoseSigned(t *testing.T) {
	priv, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	jwk := other.JSONWebKey{Key: priv, KeyID: "one"}
	s, err := other.NewSigner(other.SigningKey{Algorithm: other.ES256, Key: jwk}, (&other.SignerOptions{}).WithHeader("zip", "DEF"))
	if err != nil {
		t.Fatal(err)
	}
	j, err := s.Sign(jose.Deflate([]byte("what is said")))
	if err != nil {
		t.Fatal(err)
	}
	compact, _ := j.CompactSerialize()
	ours, err := jose.ParseSigned(compact)
	if err != nil {
		t.Fatal(err)
	}
	point, _ := priv.PublicKey.Bytes()
	k, err := jose.NewPublicKey(b64.EncodeToString(point[1:33]), b64.EncodeToString(point[33:]))
	if err != nil {
		t.Fatal(err)
	}
	got, err := ours.Payload(100)
	if err != nil || string(got) != "what is said" || ours.KeyID() != "one" || !ours.Deflated() || ours.Verify(k) != nil {
		t.Errorf("%q %v %s %v", got, err, ours.KeyID(), ours.Verify(k))
	}
}

// TestForged: everything that must not verify, or not even be read.
func TestForged(t *testing.T) {
	k, err := jose.NewPublicKey(rfcX, rfcY)
	if err != nil {
		t.Fatal(err)
	}
	p := strings.Split(rfcJWS, ".")
	header := func(h string) string { return b64.EncodeToString([]byte(h)) + "." + p[1] + "." + p[2] }
	sig := func(b []byte) string { return p[0] + "." + p[1] + "." + b64.EncodeToString(b) }
	raw, _ := b64.DecodeString(p[2])
	n := elliptic.P256().Params().N
	rs := func(r, s *big.Int) []byte {
		return append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
	}
	asn1, err := ecdsaASN1(raw)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"none":              header(`{"alg":"none"}`),
		"none, unsigned":    b64.EncodeToString([]byte(`{"alg":"none"}`)) + "." + p[1] + ".",
		"HS256":             header(`{"alg":"HS256"}`),
		"RS256":             header(`{"alg":"RS256"}`),
		"ES384":             header(`{"alg":"ES384"}`),
		"es256":             header(`{"alg":"es256"}`),
		"no alg":            header(`{}`),
		"alg twice":         header(`{"alg":"ES256","alg":"none"}`),
		"crit":              header(`{"alg":"ES256","crit":["exp"]}`),
		"b64":               header(`{"alg":"ES256","b64":false,"crit":["b64"]}`),
		"another header":    header(`{"alg":"ES256","kid":"x"}`),
		"another payload":   p[0] + "." + b64.EncodeToString([]byte("{}")) + "." + p[2],
		"no signature":      p[0] + "." + p[1] + ".",
		"two parts":         p[0] + "." + p[1],
		"four parts":        rfcJWS + ".",
		"a JWE":             craft(t, `{"alg":"dir","enc":"A256GCM"}`, nil),
		"zeros":             sig(make([]byte, 64)), // CVE-2022-21449
		"r zero":            sig(rs(new(big.Int), big.NewInt(1))),
		"r and s the order": sig(rs(n, n)),
		"ASN.1":             sig(asn1),
		"65 bytes":          sig(append(raw[:64:64], 0)),
		"s and r":           sig(append(raw[32:64:64], raw[:32]...)),
	} {
		j, err := jose.ParseSigned(text)
		if err == nil && j.Verify(k) == nil {
			t.Errorf("%s: verifies", name)
		}
	}
	// HS256 with the public key as secret is the known confusion: no algorithm but one.
	if _, err := jose.ParseSigned(header(`{"alg":"HS256"}`)); !errors.Is(err, jose.ErrAlgorithm) {
		t.Error(err)
	}
	mine, _ := sign(t, `{"alg":"ES256"}`, "{}")
	if j, err := jose.ParseSigned(mine); err != nil || j.Verify(k) == nil {
		t.Error("another's signature verifies")
	}
}

// ecdsaASN1 is the signature as X.509 would have it.
func ecdsaASN1(raw []byte) ([]byte, error) {
	out := []byte{0x30, 0}
	for _, half := range [][]byte{raw[:32], raw[32:]} {
		v := new(big.Int).SetBytes(half).Bytes()
		if v[0] > 0x7f {
			v = append([]byte{0}, v...)
		}
		out = append(append(out, 2, byte(len(v))), v...)
	}
	out[1] = byte(len(out) - 2)
	return out, nil
}

// TestNoKey: points that are none, and numbers written in another way.
func TestNoKey(t *testing.T) {
	zero := b64.EncodeToString(make([]byte, 32))
	p := b64.EncodeToString(elliptic.P256().Params().P.Bytes())
	for name, xy := range map[string][2]string{
		"off the curve": {rfcY, rfcX},
		"zero":          {zero, zero},
		"the prime":     {p, rfcY},
		"31 bytes":      {b64.EncodeToString(make([]byte, 31)), rfcY},
		"33 bytes":      {b64.EncodeToString(append([]byte{0}, keyBytes(t, rfcX)...)), rfcY},
		"padded":        {rfcX + "=", rfcY},
		"std alphabet":  {rfcX, base64.RawStdEncoding.EncodeToString(keyBytes(t, rfcY))},
		"empty":         {"", ""},
	} {
		if _, err := jose.NewPublicKey(xy[0], xy[1]); !errors.Is(err, jose.ErrKey) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
