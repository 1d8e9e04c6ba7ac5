package jose_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"

	other "github.com/go-jose/go-jose/v4"

	"carehold/crypto"
	"carehold/crypto/jose"
)

var b64 = base64.RawURLEncoding

// specKey is the key of the examples in the specification of SMART Health Links.
const specKey = "rxTgYlOaKJPFtcEd0qcceN8wEU4p94SqAwIWQe6uX7Q"

func keyBytes(t testing.TB, text string) []byte {
	b, err := b64.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func key(t testing.TB) crypto.Key {
	k, err := crypto.KeyFrom(keyBytes(t, specKey))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// craft seals by hand, so that what is wrong is wrong in the header alone.
func craft(t testing.TB, header string, plaintext []byte) string {
	block, err := aes.NewCipher(keyBytes(t, specKey))
	if err != nil {
		t.Fatal(err)
	}
	g, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	nonce := []byte("twelve bytes")
	h := b64.EncodeToString([]byte(header))
	sealed := g.Seal(nil, nonce, plaintext, []byte(h))
	n := len(plaintext)
	return h + ".." + b64.EncodeToString(nonce) + "." + b64.EncodeToString(sealed[:n]) + "." + b64.EncodeToString(sealed[n:])
}

// TestOthersJWE: what other implementations made opens.
func TestOthersJWE(t *testing.T) {
	var v struct {
		Key, Plaintext string
		Open           []struct{ By, ContentType, JWE string }
		Refuse         []struct{ Why, JWE string }
	}
	b, err := os.ReadFile("testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &v); err != nil || len(v.Open) < 5 {
		t.Fatal(err, len(v.Open))
	}
	for _, o := range v.Open {
		cty, got, err := jose.Open(key(t), []byte(o.JWE), 1<<20)
		if err != nil || string(got) != v.Plaintext || cty != o.ContentType {
			t.Errorf("%s: %q %q %v", o.By, cty, got, err)
		}
	}
	for _, r := range v.Refuse {
		if _, _, err := jose.Open(key(t), []byte(r.JWE), 1<<20); err == nil {
			t.Errorf("%s opens", r.Why)
		}
	}
}

// TestGoJoseBothWays: go-jose opens what is made here, and the other way round.
func TestGoJoseBothWays(t *testing.T) {
	for _, deflate := range []bool{false, true} {
		text, err := jose.Seal(key(t), "application/fhir+json", []byte("what is said"), deflate)
		if err != nil {
			t.Fatal(err)
		}
		o, err := other.ParseEncryptedCompact(text, []other.KeyAlgorithm{other.DIRECT}, []other.ContentEncryption{other.A256GCM})
		if err != nil {
			t.Fatal(err)
		}
		got, err := o.Decrypt(keyBytes(t, specKey))
		if err != nil || string(got) != "what is said" || o.Header.ExtraHeaders["cty"] != "application/fhir+json" {
			t.Errorf("go-jose reads %q %v %v", got, o.Header.ExtraHeaders, err)
		}

		options := &other.EncrypterOptions{}
		if deflate {
			options.Compression = other.DEFLATE
		}
		e, err := other.NewEncrypter(other.A256GCM, other.Recipient{Algorithm: other.DIRECT, Key: keyBytes(t, specKey)}, options.WithContentType("application/fhir+json"))
		if err != nil {
			t.Fatal(err)
		}
		j, err := e.Encrypt([]byte("what is answered"))
		if err != nil {
			t.Fatal(err)
		}
		compact, _ := j.CompactSerialize()
		cty, got, err := jose.Open(key(t), []byte(compact), 1<<20)
		if err != nil || string(got) != "what is answered" || cty != "application/fhir+json" {
			t.Errorf("of go-jose we read %q %q %v", cty, got, err)
		}
	}
}

// TestBeyondGoJose is why the cipher is called here: an honest summary of a
// mebibyte that shrinks to a fiftieth is refused by go-jose and opens here.
func TestBeyondGoJose(t *testing.T) {
	summary := bytes.Repeat([]byte(`{"resourceType":"Observation","status":"final","valueQuantity":{"value":7.1}},`), 13000)
	text, err := jose.Seal(key(t), "application/fhir+json", summary, true)
	if err != nil {
		t.Fatal(err)
	}
	o, err := other.ParseEncryptedCompact(text, []other.KeyAlgorithm{other.DIRECT}, []other.ContentEncryption{other.A256GCM})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := o.Decrypt(keyBytes(t, specKey)); err == nil {
		t.Error("go-jose opens it: the reason that doc.go gives is gone")
	}
	if _, got, err := jose.Open(key(t), []byte(text), 64<<20); err != nil || !bytes.Equal(got, summary) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

// TestHeaders: each of these is sealed rightly under the key, so that its header is
// all there is to refuse it for.
func TestHeaders(t *testing.T) {
	plain := []byte("what is said")
	for _, c := range []struct {
		header string
		want   error // nil: it opens
	}{
		{`{"alg":"dir","enc":"A256GCM"}`, nil},
		{`{"enc":"A256GCM","alg":"dir","kid":"x","typ":"JOSE"}`, nil},
		{` { "alg" : "dir" , "enc" : "A256GCM" } `, nil},
		{`{"alg":"dir","enc":"A256GCM","x-new":{"a":[1]}}`, nil},
		{`{"alg":"dir","enc":"A256GCM","jku":"https://evil.example/k","jwk":{"kty":"oct","k":"AA"}}`, nil}, // not looked at
		{`{"alg":"none","enc":"A256GCM"}`, jose.ErrAlgorithm},
		{`{"alg":"DIR","enc":"A256GCM"}`, jose.ErrAlgorithm},
		{`{"Alg":"dir","enc":"A256GCM"}`, jose.ErrAlgorithm},
		{`{"alg":"A256KW","enc":"A256GCM"}`, jose.ErrAlgorithm},
		{`{"alg":"RSA-OAEP","enc":"A256GCM"}`, jose.ErrAlgorithm},
		{`{"alg":"PBES2-HS512+A256KW","p2c":2147483647,"p2s":"AAAA","enc":"A256GCM"}`, jose.ErrAlgorithm},
		{`{"alg":"dir","enc":"A128GCM"}`, jose.ErrAlgorithm},
		{`{"alg":"dir","enc":"A256CBC-HS512"}`, jose.ErrAlgorithm},
		{`{"alg":"dir","enc":"a256gcm"}`, jose.ErrAlgorithm},
		{`{"alg":"dir"}`, jose.ErrAlgorithm},
		{`{"enc":"A256GCM"}`, jose.ErrAlgorithm},
		{`{}`, jose.ErrAlgorithm},
		{`{"alg":"dir","enc":"A256GCM","crit":["x"],"x":1}`, jose.ErrAlgorithm},
		{`{"alg":"dir","enc":"A256GCM","crit":[]}`, jose.ErrAlgorithm},
		{`{"alg":"dir","enc":"A256GCM","crit":null}`, jose.ErrAlgorithm},
		{`{"alg":"dir","enc":"A256GCM","b64":false}`, jose.ErrAlgorithm},
		{`{"alg":"dir","enc":"A256GCM","zip":"GZIP"}`, jose.ErrAlgorithm},
		{`{"alg":"dir","enc":"A256GCM","zip":"def"}`, jose.ErrAlgorithm},
		{`{"alg":"dir","enc":"A256GCM","zip":"DEF"}`, jose.ErrDeflate}, // the content is not deflated
		{`{"alg":"none","alg":"dir","enc":"A256GCM"}`, jose.ErrForm},
		{`{"alg":"none","\u0061lg":"dir","enc":"A256GCM"}`, jose.ErrForm},
		{`{"alg":"dir","enc":"A256GCM","x":{"y":1,"y":2}}`, jose.ErrForm},
		{`{"alg":["dir"],"enc":"A256GCM"}`, jose.ErrForm},
		{`{"alg":"dir","enc":"A256GCM"}{}`, jose.ErrForm},
		{`["dir","A256GCM"]`, jose.ErrForm},
		{`"dir"`, jose.ErrForm},
		{`null`, jose.ErrForm},
		{``, jose.ErrForm},
		{"{\"alg\":\"dir\",\"enc\":\"A256GCM\",\"cty\":\"\xff\"}", jose.ErrForm},
		{`{"alg":"dir","enc":"A256GCM","x":"` + strings.Repeat("x", 9000) + `"}`, jose.ErrForm},
		{`{"alg":"dir","enc":"A256GCM","x":` + strings.Repeat("[", 4000) + `}`, jose.ErrForm},
	} {
		_, got, err := jose.Open(key(t), []byte(craft(t, c.header, plain)), 1<<20)
		if !errors.Is(err, c.want) || c.want == nil && !bytes.Equal(got, plain) {
			t.Errorf("%.80s: %q, %v; want %v", c.header, got, err, c.want)
		}
		if c.want != nil && len(got) != 0 {
			t.Errorf("%.80s: refused, and %q handed out", c.header, got)
		}
	}
}

// TestShape: a compact JWE has one form.
func TestShape(t *testing.T) {
	good := craft(t, `{"alg":"dir","enc":"A256GCM"}`, []byte("what is said."))
	p := strings.Split(good, ".")
	join := func(parts ...string) string { return strings.Join(parts, ".") }
	flip := func(s string) string { // the first letter is another, still base64url
		if s[0] == 'A' {
			return "B" + s[1:]
		}
		return "A" + s[1:]
	}
	// The last letter of 16 bytes has four bits too many: the next letter is the same bytes.
	loose := func(c byte) string {
		const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
		return alphabet[strings.IndexByte(alphabet, c)+1:][:1]
	}
	decoded := func(i int) []byte {
		b, err := b64.DecodeString(p[i])
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	if _, _, err := jose.Open(key(t), []byte(good), 1<<20); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"nothing":                "",
		"dots":                   "....",
		"four parts":             join(p[0], p[1], p[2], p[3]),
		"six parts":              good + ".",
		"cut":                    good[:len(good)-1],
		"cut by 3":               good[:len(good)-3],
		"an encrypted key":       join(p[0], "AAAA", p[2], p[3], p[4]),
		"padding":                join(p[0], p[1], p[2], p[3]+"=", p[4]),
		"line break":             join(p[0], p[1], p[2], p[3][:4]+"\n"+p[3][4:], p[4]),
		"line break at end":      good + "\r\n",
		"other alphabet":         join(p[0], p[1], p[2], "++//"+p[3][4:], p[4]),
		"loose bits":             join(p[0], p[1], p[2], p[3], p[4][:21]+loose(p[4][21])),
		"nonce of 11":            join(p[0], p[1], b64.EncodeToString([]byte("eleven byte")), p[3], p[4]),
		"nonce of 13":            join(p[0], p[1], b64.EncodeToString([]byte("thirteen byte")), p[3], p[4]),
		"no nonce":               join(p[0], p[1], "", p[3], p[4]),
		"tag of 12":              join(p[0], p[1], p[2], p[3], p[4][:16]),
		"tag in ciphertext":      join(p[0], p[1], p[2], b64.EncodeToString(append(decoded(3), decoded(4)...)), ""),
		"half a tag":             join(p[0], p[1], p[2], b64.EncodeToString(append(decoded(3), decoded(4)[:8]...)), b64.EncodeToString(decoded(4)[8:])),
		"wrong tag":              join(p[0], p[1], p[2], p[3], flip(p[4])),
		"wrong ciphertext":       join(p[0], p[1], p[2], flip(p[3]), p[4]),
		"wrong nonce":            join(p[0], p[1], flip(p[2]), p[3], p[4]),
		"same header, rewritten": join(b64.EncodeToString([]byte(`{"enc":"A256GCM","alg":"dir"}`)), p[1], p[2], p[3], p[4]),
	} {
		if _, got, err := jose.Open(key(t), []byte(text), 1<<20); err == nil || len(got) != 0 {
			t.Errorf("%s: opens as %q", name, got)
		}
	}
	wrong := crypto.NewKey()
	if _, _, err := jose.Open(wrong, []byte(good), 1<<20); !errors.Is(err, jose.ErrOpen) {
		t.Errorf("another key: %v", err)
	}
	if _, _, err := jose.Open(crypto.Key{}, []byte(good), 1<<20); !errors.Is(err, jose.ErrOpen) {
		t.Errorf("no key: %v", err)
	}
	if _, err := jose.Seal(crypto.Key{}, "", nil, false); !errors.Is(err, jose.ErrOpen) {
		t.Errorf("no key seals: %v", err)
	}
}

// TestNonces: a link has one key, so two files must never have one nonce.
func TestNonces(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		text, err := jose.Seal(key(t), "x", nil, false)
		if err != nil {
			t.Fatal(err)
		}
		seen[strings.Split(text, ".")[2]] = true
	}
	if len(seen) != 1000 {
		t.Errorf("%d nonces for 1000 files", len(seen))
	}
}
