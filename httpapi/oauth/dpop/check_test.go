package dpop_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"carehold/httpapi/oauth/dpop"
	"carehold/httpapi/oauth/dpop/signed"
	"carehold/record"
)

const (
	tokenURL = "https://record.example/oauth/token"
	fhirURL  = "https://record.example/fhir/r4/Patient"
)

var start = time.Unix(1_800_000_000, 0)

// clock is a clock that a test sets.
type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

func world(o dpop.Options) (*dpop.Checker, *clock) {
	c := &clock{start}
	o.Now = c.now
	return dpop.New(o), c
}

var b64 = base64.RawURLEncoding.EncodeToString

type obj = map[string]any

// holder is a client with a key.
type holder struct {
	alg jose.SignatureAlgorithm
	key any
	pub obj
}

func newHolder(t testing.TB, alg jose.SignatureAlgorithm) holder {
	t.Helper()
	var private, public any
	switch alg {
	case jose.ES256, jose.ES384:
		curve := elliptic.P256()
		if alg == jose.ES384 {
			curve = elliptic.P384()
		}
		k, err := ecdsa.GenerateKey(curve, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		private, public = k, k.Public()
	case jose.EdDSA, signed.Ed25519:
		p, k, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		private, public = k, p
	default:
		k := rsaKey(t, 2048)
		private, public = k, k.Public()
	}
	return holder{alg, private, members(t, public)}
}

func rsaKey(t testing.TB, bits int) *rsa.PrivateKey {
	t.Helper()
	k, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// members are those of a key's JWK.
func members(t testing.TB, key any) (o obj) {
	t.Helper()
	b, err := jose.JSONWebKey{Key: key}.MarshalJSON()
	if err == nil {
		err = json.Unmarshal(b, &o)
	}
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func (h holder) jkt(t testing.TB) [32]byte {
	t.Helper()
	var k jose.JSONWebKey
	b, _ := json.Marshal(h.pub)
	if err := k.UnmarshalJSON(b); err != nil {
		t.Fatal(err)
	}
	thumb, err := k.Thumbprint(crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	return [32]byte(thumb)
}

func (h holder) header() obj { return obj{"typ": "dpop+jwt", "alg": string(h.alg), "jwk": h.pub} }

func claims(method, uri, jti string) obj {
	return obj{"jti": jti, "htm": method, "htu": uri, "iat": start.Unix()}
}

// sign makes a JWT of any header and claims, whether they make sense or not.
func (h holder) sign(t testing.TB, header, claims any) string {
	t.Helper()
	text := func(v any) string {
		if s, ok := v.(string); ok {
			return s
		}
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	input := b64([]byte(text(header))) + "." + b64([]byte(text(claims)))
	return input + "." + b64(h.signature(t, input))
}

// signature is that of an input, by the standard library.
func (h holder) signature(t testing.TB, input string) []byte {
	t.Helper()
	sum := sha256.Sum256([]byte(input))
	switch k := h.key.(type) {
	case ed25519.PrivateKey:
		return ed25519.Sign(k, []byte(input))
	case *ecdsa.PrivateKey:
		digest := sum[:]
		if k.Curve == elliptic.P384() {
			digest = sha384(input)
		}
		r, s, err := ecdsa.Sign(rand.Reader, k, digest)
		if err != nil {
			t.Fatal(err)
		}
		size := (k.Curve.Params().BitSize + 7) / 8
		return append(r.FillBytes(make([]byte, size)), s.FillBytes(make([]byte, size))...)
	case *rsa.PrivateKey:
		var sig []byte
		var err error
		if h.alg == jose.RS256 {
			sig, err = rsa.SignPKCS1v15(rand.Reader, k, crypto.SHA256, sum[:])
		} else {
			sig, err = rsa.SignPSS(rand.Reader, k, crypto.SHA256, sum[:], &rsa.PSSOptions{SaltLength: 32})
		}
		if err != nil {
			t.Fatal(err)
		}
		return sig
	}
	t.Fatalf("no key: %T", h.key)
	return nil
}

func with(o obj, name string, value any) obj {
	o = maps.Clone(o)
	if o[name] = value; value == nil {
		delete(o, name)
	}
	return o
}

// TestRefused is the list of the OpenID Foundation's conformance suite for DPoP, and
// more of the kind. After each of them the right proof is taken.
func TestRefused(t *testing.T) {
	h, other, ed, ps := newHolder(t, jose.ES256), newHolder(t, jose.ES256), newHolder(t, jose.EdDSA), newHolder(t, jose.PS256)
	fully := newHolder(t, signed.Ed25519)
	const token = "chda_token"
	ath := func(s string) string { h := sha256.Sum256([]byte(s)); return b64(h[:]) }
	head, body := h.header(), with(claims("GET", fhirURL, "one"), "ath", ath(token))
	good := h.sign(t, head, body)
	parts := strings.Split(good, ".")
	d, err := h.key.(*ecdsa.PrivateKey).Bytes()
	if err != nil {
		t.Fatal(err)
	}
	private := obj{"d": b64(d)}
	maps.Copy(private, h.pub)
	weak := holder{jose.PS256, rsaKey(t, 1024), nil}
	weak.pub = members(t, weak.key.(*rsa.PrivateKey).Public())
	p521, err := ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	rs := ps
	rs.alg = jose.RS256
	proof := func(header, claims any) []string { return []string{h.sign(t, header, claims)} }
	for name, headers := range map[string][]string{
		"no proof":                nil,
		"an empty one":            {""},
		"two headers":             {good, good},
		"two in one":              {good + ", " + good},
		"upper case":              {strings.ToUpper(good)},
		"a scheme before it":      {"DPoP " + good},
		"malformed":               {"proof"},
		"two parts":               {parts[0] + "." + parts[1]},
		"four parts":              {good + ".x"},
		"five, as a JWE":          {good + ".x.y"},
		"padding":                 {good + "="},
		"a line break":            {parts[0] + "." + parts[1] + ".\n" + parts[2]},
		"a space":                 {" " + good},
		"loose bits":              {loosen(good)},
		"JSON serialization":      {`{"protected":"` + parts[0] + `","payload":"` + parts[1] + `","signature":"` + parts[2] + `"}`},
		"no signature":            {parts[0] + "." + parts[1] + "."},
		"too long":                proof(head, with(body, "x", strings.Repeat("x", 8<<10))),
		"no typ":                  proof(with(head, "typ", nil), body),
		"typ JWT":                 proof(with(head, "typ", "JWT"), body),
		"typ null":                proof(strings.Replace(string(mustJSON(head)), `"dpop+jwt"`, "null", 1), body),
		"typ a number":            proof(with(head, "typ", 1), body),
		"no alg":                  proof(with(head, "alg", nil), body),
		"alg none":                proof(with(head, "alg", "none"), body),
		"alg none, unsigned":      {b64(mustJSON(with(head, "alg", "none"))) + "." + parts[1] + "."},
		"alg None":                proof(with(head, "alg", "None"), body),
		"alg HS256":               proof(with(with(head, "alg", "HS256"), "jwk", obj{"kty": "oct", "k": "AAAA"}), body),
		"alg HS256, key EC":       proof(with(head, "alg", "HS256"), body),
		"alg es256":               proof(with(head, "alg", "es256"), body),
		"alg RS256":               {rs.sign(t, rs.header(), body)},
		"alg of another curve":    proof(with(head, "alg", "ES384"), body),
		"alg of another kind":     proof(with(head, "alg", "EdDSA"), body),
		"alg twice":               proof(strings.Replace(string(mustJSON(head)), `{`, `{"alg":"ES256",`, 1), body),
		"no jwk":                  proof(with(head, "jwk", nil), body),
		"jwk null":                proof(`{"typ":"dpop+jwt","alg":"ES256","jwk":null}`, body),
		"jwk a string":            proof(with(head, "jwk", "key"), body),
		"kid instead":             proof(with(with(head, "jwk", nil), "kid", "1"), body),
		"private jwk":             proof(with(head, "jwk", private), body),
		"private member null":     proof(strings.Replace(string(mustJSON(head)), `"kty"`, `"d":null,"kty"`, 1), body),
		"jwk with a member twice": proof(strings.Replace(string(mustJSON(head)), `"kty"`, `"kty":"EC","kty"`, 1), body),
		"symmetric jwk":           proof(with(head, "jwk", obj{"kty": "oct", "k": b64([]byte("secret"))}), body),
		"jwk for encryption":      proof(with(head, "jwk", with(h.pub, "use", "enc")), body),
		"jwk of another alg":      proof(with(head, "jwk", with(h.pub, "alg", "ES384")), body),
		"jwk off the curve":       proof(with(head, "jwk", with(h.pub, "x", h.pub["y"])), body),
		"jwk short":               proof(with(head, "jwk", with(h.pub, "x", "AAAA")), body),
		"jwk without y":           proof(with(head, "jwk", with(h.pub, "y", nil)), body),
		"jwk on P-521":            proof(with(head, "jwk", members(t, p521.Public())), body),
		"jwk on secp256k1":        proof(with(head, "jwk", with(h.pub, "crv", "secp256k1")), body),
		"jwk of low order":        {ed.sign(t, with(ed.header(), "jwk", with(ed.pub, "x", b64(append([]byte{1}, make([]byte, 31)...)))), body)},
		"alg Ed25519, key EC":     proof(with(head, "alg", "Ed25519"), body),
		"alg ES256, key Ed25519":  {ed.sign(t, with(ed.header(), "alg", "ES256"), body)},
		"alg ed25519":             {ed.sign(t, with(ed.header(), "alg", "ed25519"), body)},
		"alg Ed448":               {ed.sign(t, with(ed.header(), "alg", "Ed448"), body)},
		"jwk on Ed448":            {fully.sign(t, with(fully.header(), "jwk", with(fully.pub, "crv", "Ed448")), body)},
		"jwk on X25519":           {fully.sign(t, with(fully.header(), "jwk", with(fully.pub, "crv", "X25519")), body)},
		"jwk on Ed448, EdDSA":     {ed.sign(t, with(ed.header(), "jwk", with(ed.pub, "crv", "Ed448")), body)},
		"Ed25519 by another":      {ed.sign(t, fully.header(), body)},
		"Ed25519 cut short":       {cut(fully.sign(t, fully.header(), body))},
		"Ed25519, alg of EC":      {fully.sign(t, with(fully.header(), "jwk", with(fully.pub, "alg", "ES256")), body)},
		"weak RSA":                {weak.sign(t, weak.header(), body)},
		"RSA with a zero before":  {ps.sign(t, with(ps.header(), "jwk", with(ps.pub, "n", b64(append([]byte{0}, ps.key.(*rsa.PrivateKey).N.Bytes()...)))), body)},
		"RSA with exponent 1":     {ps.sign(t, with(ps.header(), "jwk", with(ps.pub, "e", "AQ")), body)},
		"RSA with too large an n": {ps.sign(t, with(ps.header(), "jwk", with(ps.pub, "n", b64([]byte(strings.Repeat("\xff", 513))))), body)},
		"crit":                    proof(with(head, "crit", []string{"b64"}), body),
		"crit null":               proof(strings.Replace(string(mustJSON(head)), `{`, `{"crit":null,`, 1), body),
		"b64":                     proof(with(with(head, "b64", false), "crit", []string{"b64"}), body),
		"signature by another":    {other.sign(t, head, body)},
		"signature of another":    {parts[0] + "." + parts[1] + "." + strings.Split(h.sign(t, head, with(body, "jti", "x")), ".")[2]},
		"signature of zeros":      {parts[0] + "." + parts[1] + "." + b64(make([]byte, 64))},
		"signature in DER":        {parts[0] + "." + parts[1] + "." + b64(der(t, h, parts[0]+"."+parts[1]))},
		"claims no object":        proof(head, `[]`),
		"claims twice":            proof(head, strings.Replace(string(mustJSON(body)), `{`, `{"htm":"GET",`, 1)),
		"a name twice, deeper":    proof(head, strings.Replace(string(mustJSON(body)), `{`, `{"x":{"a":1,"a":2},`, 1)),
		"claims not UTF-8":        proof(head, strings.Replace(string(mustJSON(body)), `{`, "{\"x\":\"\xff\",", 1)),
		"no jti":                  proof(head, with(body, "jti", nil)),
		"an empty jti":            proof(head, with(body, "jti", "")),
		"a long jti":              proof(head, with(body, "jti", strings.Repeat("x", 257))),
		"jti a number":            proof(head, with(body, "jti", 7)),
		"no htm":                  proof(head, with(body, "htm", nil)),
		"another htm":             proof(head, with(body, "htm", "POST")),
		"htm in small letters":    proof(head, with(body, "htm", "get")),
		"no htu":                  proof(head, with(body, "htu", nil)),
		"another htu":             proof(head, with(body, "htu", tokenURL)),
		"another host":            proof(head, with(body, "htu", strings.Replace(fhirURL, "record", "evil", 1))),
		"http":                    proof(head, with(body, "htu", strings.Replace(fhirURL, "https", "http", 1))),
		"another port":            proof(head, with(body, "htu", strings.Replace(fhirURL, "example", "example:80", 1))),
		"path in other letters":   proof(head, with(body, "htu", strings.Replace(fhirURL, "Patient", "patient", 1))),
		"a longer path":           proof(head, with(body, "htu", fhirURL+"/")),
		"a path alone":            proof(head, with(body, "htu", "/fhir/r4/Patient")),
		"a user":                  proof(head, with(body, "htu", strings.Replace(fhirURL, "https://", "https://u@", 1))),
		"htu an array":            proof(head, with(body, "htu", []string{fhirURL})),
		"no iat":                  proof(head, with(body, "iat", nil)),
		"iat a text":              proof(head, with(body, "iat", "1800000000")),
		"iat null":                proof(head, strings.Replace(string(mustJSON(body)), `1800000000`, `null`, 1)),
		"iat without end":         proof(head, strings.Replace(string(mustJSON(body)), `1800000000`, `1e400`, 1)),
		"iat an hour ago":         proof(head, with(body, "iat", start.Unix()-3600)),
		"iat in an hour":          proof(head, with(body, "iat", start.Unix()+3600)),
		"iat 61 s ago":            proof(head, with(body, "iat", start.Unix()-61)),
		"iat in 11 s":             proof(head, with(body, "iat", start.Unix()+11)),
		"iat in milliseconds":     proof(head, with(body, "iat", start.UnixMilli())),
		"exp over":                proof(head, with(body, "exp", start.Unix())),
		"nbf ahead":               proof(head, with(body, "nbf", start.Unix()+11)),
		"no ath":                  proof(head, with(body, "ath", nil)),
		"another ath":             proof(head, with(body, "ath", ath("chda_another"))),
		"ath padded":              proof(head, with(body, "ath", ath(token)+"=")),
		"the token as ath":        proof(head, with(body, "ath", token)),
		"another key":             {other.sign(t, other.header(), body)},
	} {
		c, _ := world(dpop.Options{})
		want := [32]byte{} // any, so that a bad key is not refused for being another
		if name == "another key" {
			want = h.jkt(t)
		}
		_, err := c.Check(headers, "GET", fhirURL, token, want)
		if !errors.Is(err, dpop.Invalid) || errors.Is(err, dpop.UseNonce) || record.KindOf(err) != record.Unauthorized {
			t.Errorf("%s: %v", name, err)
		}
		if text := record.SafeText(err); text == "" || strings.Contains(text, token) || strings.Contains(text, "record.example") {
			t.Errorf("%s: %q", name, text)
		}
		if p, err := c.Check([]string{good}, "GET", fhirURL, token, h.jkt(t)); err != nil || p.JKT != h.jkt(t) {
			t.Errorf("after %s, a good one: %v", name, err)
		}
		if _, err := c.Check([]string{good}, "GET", fhirURL, token, h.jkt(t)); !errors.Is(err, dpop.Invalid) {
			t.Errorf("used again: %v", err)
		}
	}
}

func TestTaken(t *testing.T) {
	h := newHolder(t, jose.ES256)
	head, body := h.header(), claims("POST", tokenURL, "one")
	for name, text := range map[string]string{
		"plain":                h.sign(t, head, body),
		"a query":              h.sign(t, head, with(body, "htu", tokenURL+"?a=b")),
		"a fragment":           h.sign(t, head, with(body, "htu", tokenURL+"#x")),
		"scheme and host":      h.sign(t, head, with(body, "htu", "HTTPS://Record.EXAMPLE/oauth/token")),
		"the default port":     h.sign(t, head, with(body, "htu", "https://record.example:443/oauth/token")),
		"no port":              h.sign(t, head, with(body, "htu", "https://record.example:/oauth/token")),
		"more claims":          h.sign(t, head, with(with(body, "x", obj{"y": 1}), "ath", "whatever")),
		"more headers":         h.sign(t, with(with(head, "kid", "1"), "jku", "https://evil.example/"), body),
		"made 60 s ago":        h.sign(t, head, with(body, "iat", start.Unix()-60)),
		"made 10 s from now":   h.sign(t, head, with(body, "iat", start.Unix()+10)),
		"a moment with a part": h.sign(t, head, with(body, "iat", 1_799_999_999.5)),
		"exp and nbf":          h.sign(t, head, with(with(body, "exp", start.Unix()+1), "nbf", start.Unix()+10)),
		"a key with its use":   h.sign(t, with(head, "jwk", with(with(with(h.pub, "use", "sig"), "alg", "ES256"), "key_ops", []string{"verify"})), body),
		"the longest jti":      h.sign(t, head, with(body, "jti", strings.Repeat("x", 256))),
	} {
		c, _ := world(dpop.Options{})
		if p, err := c.Check([]string{text}, "POST", tokenURL, "", [32]byte{}); err != nil || p.JKT != h.jkt(t) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, alg := range strings.Fields(dpop.Algorithms()) {
		h := newHolder(t, jose.SignatureAlgorithm(alg))
		c, _ := world(dpop.Options{})
		if p, err := c.Check([]string{h.sign(t, h.header(), body)}, "POST", tokenURL, "", h.jkt(t)); err != nil || p.JKT != h.jkt(t) {
			t.Errorf("%s: %v", alg, err)
		}
	}
	for _, pair := range [][2]string{
		{"http://localhost:80", "http://localhost/"}, {"https://[2001:DB8::1]:443/x", "https://[2001:db8::1]/x?y"}, {"https://a.example:8443/%7Ex", "https://A.example:8443/%7Ex"},
	} {
		c, _ := world(dpop.Options{})
		if _, err := c.Check([]string{h.sign(t, head, with(body, "htu", pair[0]))}, "POST", pair[1], "", [32]byte{}); err != nil {
			t.Errorf("%s for %s: %v", pair[0], pair[1], err)
		}
	}
}

// A proof counts once for as long as its iat would be taken; the same jti counts for
// another address, and for another key.
func TestReplay(t *testing.T) {
	h, other := newHolder(t, jose.ES256), newHolder(t, jose.EdDSA)
	c, clock := world(dpop.Options{})
	late := h.sign(t, h.header(), with(claims("POST", tokenURL, "one"), "iat", start.Unix()+10))
	use := func(text, uri string) error {
		_, err := c.Check([]string{text}, "POST", uri, "", [32]byte{})
		return err
	}
	if err := use(late, tokenURL); err != nil {
		t.Fatal(err)
	}
	for s := range 100 {
		clock.at = start.Add(time.Duration(s)*time.Second + 999*time.Millisecond)
		if err := use(late, tokenURL); !errors.Is(err, dpop.Invalid) {
			t.Fatalf("used again after %d s: %v", s, err)
		}
	}
	clock.at = start
	if err := use(h.sign(t, h.header(), claims("POST", fhirURL, "one")), fhirURL); err != nil {
		t.Error(err)
	}
	if err := use(other.sign(t, other.header(), claims("POST", tokenURL, "one")), tokenURL); err != nil {
		t.Error(err)
	}
	if err := use(h.sign(t, h.header(), claims("POST", tokenURL, "one")), tokenURL+"?x"); !errors.Is(err, dpop.Invalid) {
		t.Errorf("signed anew, with the same jti: %v", err)
	}
}

// Of a hundred at once with one proof, one wins.
func TestRace(t *testing.T) {
	h := newHolder(t, jose.EdDSA)
	c, _ := world(dpop.Options{})
	text := h.sign(t, h.header(), claims("POST", tokenURL, "one"))
	var wg sync.WaitGroup
	var mu sync.Mutex
	won, lost := 0, 0
	for range 100 {
		wg.Go(func() {
			_, err := c.Check([]string{text}, "POST", tokenURL, "", [32]byte{})
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				won++
			} else if errors.Is(err, dpop.Invalid) {
				lost++
			}
		})
	}
	wg.Wait()
	if won != 1 || lost != 99 {
		t.Errorf("%d won, %d lost", won, lost)
	}
}

// When the memory is full, new proofs are refused as busy and old ones still as used.
// Strangers fill half of it, and one key an eighth: others go on.
func TestBusy(t *testing.T) {
	c, clock := world(dpop.Options{Limit: 16})
	stranger, known, flooder := newHolder(t, jose.EdDSA), newHolder(t, jose.EdDSA), newHolder(t, jose.EdDSA)
	check := func(h holder, jti string, bound bool) error {
		var want [32]byte
		if bound {
			want = h.jkt(t)
		}
		_, err := c.Check([]string{h.sign(t, h.header(), with(claims("POST", tokenURL, jti), "iat", clock.at.Unix()))}, "POST", tokenURL, "", want)
		return err
	}
	fill := func(h holder, bound bool, room int) {
		t.Helper()
		for i := range 20 {
			if err := check(h, string(rune('a'+i)), bound); (err == nil) != (i < room) || i >= room && (!errors.Is(err, dpop.Busy) || record.KindOf(err) != record.Unavailable) {
				t.Errorf("the %dth: %v", i, err)
			}
		}
	}
	fill(stranger, false, 8)
	fill(flooder, true, 2)
	fill(known, true, 2)
	if err := check(stranger, "a", false); !errors.Is(err, dpop.Invalid) {
		t.Errorf("used, and the memory full: %v", err)
	}
	clock.at = clock.at.Add(2 * time.Minute)
	fill(stranger, false, 8)
}

// A nonce: asked for, given, taken for this period and the next; refused without using
// the proof up.
func TestNonce(t *testing.T) {
	h := newHolder(t, jose.ES256)
	c, clock := world(dpop.Options{RequireNonce: true})
	check := func(c *dpop.Checker, nonce any) error {
		_, err := c.Check([]string{h.sign(t, h.header(), with(with(claims("POST", tokenURL, "one"), "nonce", nonce), "iat", clock.at.Unix()))}, "POST", tokenURL, "", [32]byte{})
		return err
	}
	nonce := c.Nonce()
	another, _ := world(dpop.Options{})
	for _, bad := range []any{nil, "", "x", nonce + "=", strings.ToUpper(nonce), another.Nonce()} {
		if err := check(c, bad); !errors.Is(err, dpop.UseNonce) || errors.Is(err, dpop.Invalid) || record.KindOf(err) != record.Unauthorized {
			t.Errorf("nonce %v: %v", bad, err)
		}
		if bad == nil {
			continue
		}
		if err := check(c.Requiring(false), bad); !errors.Is(err, dpop.UseNonce) {
			t.Errorf("nonce %v, and none is required: %v", bad, err)
		}
	}
	if err := check(c, nonce); err != nil {
		t.Errorf("the same jti with the nonce: %v", err)
	}
	if err := check(c, nonce); !errors.Is(err, dpop.Invalid) {
		t.Errorf("used: %v", err)
	}
	if err := check(c.Requiring(false), nil); !errors.Is(err, dpop.Invalid) {
		t.Errorf("used, and no nonce required: %v", err)
	}
	// 1,800,000,000 is the beginning of a period.
	for _, step := range []struct {
		after time.Duration
		same  bool
		good  bool
	}{{299 * time.Second, true, true}, {300 * time.Second, false, true}, {599 * time.Second, false, true}, {600 * time.Second, false, false}, {-time.Second, false, false}} {
		clock.at = start.Add(step.after)
		if (c.Nonce() == nonce) != step.same {
			t.Errorf("after %v, the same nonce: %v", step.after, !step.same)
		}
		// Whether its jti was used is not what is asked here.
		if err := check(c, nonce); errors.Is(err, dpop.UseNonce) == step.good {
			t.Errorf("after %v: %v", step.after, err)
		}
	}
	// A bad signature is not told what a good proof would want.
	if _, err := c.Check([]string{h.sign(t, newHolder(t, jose.ES256).header(), claims("POST", tokenURL, "x"))}, "POST", tokenURL, "", [32]byte{}); !errors.Is(err, dpop.Invalid) {
		t.Error(err)
	}
}

func TestThumbprint(t *testing.T) {
	var jkt [32]byte
	for i := range jkt {
		jkt[i] = byte(i * 9)
	}
	text := dpop.FormatThumbprint(jkt)
	if got, err := dpop.ParseThumbprint(text); err != nil || got != jkt {
		t.Errorf("%x %v", got, err)
	}
	for _, bad := range []string{"", text[1:], text + "A", text + "=", text + "\n", text[:42] + " ", "+" + text[1:], loosen("x." + text)[2:], strings.Repeat("A", 43)} {
		if _, err := dpop.ParseThumbprint(bad); !errors.Is(err, record.Invalid) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// An address of our own that is none is our fault, and no proof is taken.
func TestOwnAddress(t *testing.T) {
	h := newHolder(t, jose.ES256)
	c, _ := world(dpop.Options{})
	for _, own := range []string{"", "/oauth/token", "record.example/oauth/token", "ftp://record.example/"} {
		_, err := c.Check([]string{h.sign(t, h.header(), claims("POST", own, "one"))}, "POST", own, "", [32]byte{})
		if record.KindOf(err) != record.Internal {
			t.Errorf("%q: %v", own, err)
		}
	}
}

// cut is a JWT without the last 3 bytes of its signature.
func cut(jwt string) string { return jwt[:len(jwt)-4] }

// TestEdDSAByBothNames: a key of Ed25519 signs as EdDSA and as Ed25519 (RFC 9864), whichever
// of them it calls its own alg.
func TestEdDSAByBothNames(t *testing.T) {
	for _, alg := range []jose.SignatureAlgorithm{jose.EdDSA, signed.Ed25519} {
		for _, own := range []any{nil, "EdDSA", "Ed25519"} {
			h := newHolder(t, alg)
			c, _ := world(dpop.Options{})
			text := h.sign(t, with(h.header(), "jwk", with(h.pub, "alg", own)), claims("POST", tokenURL, "one"))
			if p, err := c.Check([]string{text}, "POST", tokenURL, "", [32]byte{}); err != nil || p.JKT != h.jkt(t) {
				t.Errorf("%s by a key for %v: %v", alg, own, err)
			}
		}
	}
}
