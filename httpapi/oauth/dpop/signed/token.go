package signed

import (
	"crypto/ed25519"
	"encoding/base64"
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"carehold/record"
)

// Header is what matters of a protected header. Whatever else is in it is ignored
// (RFC 7515 §4).
type Header struct {
	Algorithm string         `json:"alg"`
	Type      *string        `json:"typ"`
	KeyID     *string        `json:"kid"`
	JWK       jsontext.Value `json:"jwk"`
	JKU       *string        `json:"jku"`
	Critical  jsontext.Value `json:"crit"`
	Base64    jsontext.Value `json:"b64"` // RFC 7797: a payload that is not encoded
}

// Token is a JWT that was read and not yet believed.
type Token struct {
	Header    Header
	text      string
	payload   []byte
	signature []byte
}

// Read takes a compact JWS of at most limit bytes apart.
func Read(text string, limit int) (t Token, err error) {
	if len(text) > limit {
		return t, refuse("the JWT is longer than %d bytes", limit)
	}
	parts := strings.SplitN(text, ".", 4)
	if len(parts) != 3 {
		return t, refuse("it is not a signed JWT: three parts of base64url, with dots between")
	}
	var decoded [3][]byte
	for i, p := range parts {
		if decoded[i], err = Decode(p); err != nil || len(decoded[i]) == 0 {
			return t, refuse("it is not a signed JWT: each of its parts must be base64url, without padding or spaces")
		}
	}
	t.text, t.payload, t.signature = text, decoded[1], decoded[2]
	if err := object(decoded[0], &t.Header); err != nil {
		return t, refuse("the JWT's header is not a JSON object with each name once, or a member of it has the wrong type")
	}
	if t.Header.Critical != nil || t.Header.Base64 != nil {
		return t, refuse(`the JWT's header has "crit" or "b64", and nothing of the kind is supported: leave it out`)
	}
	return t, nil
}

var errSignature = refuse("the JWT's signature is not by that key")

// Verify checks the signature with a key and returns the payload. The algorithm must
// be one of the list: it is the only place that the header has a say in it, and go-jose
// holds it to the same list.
func (t Token) Verify(key *Key, algorithms []jose.SignatureAlgorithm) ([]byte, error) {
	if err := t.Allowed(algorithms); err != nil {
		return nil, err
	}
	if err := key.Fits(t.Header.Algorithm); err != nil {
		return nil, err
	}
	if public, ok := key.public.(ed25519.PublicKey); ok { // go-jose knows one of its two names
		if !ed25519.Verify(public, []byte(t.text[:strings.LastIndexByte(t.text, '.')]), t.signature) {
			return nil, errSignature
		}
		return t.payload, nil
	}
	parsed, err := jose.ParseSignedCompact(t.text, algorithms)
	if err != nil {
		return nil, refuse("the JWT's header cannot be read")
	}
	payload, err := parsed.Verify(key.public)
	if err != nil {
		return nil, errSignature
	}
	return payload, nil
}

// Ed25519 is the name that says all (RFC 9864 §2.2), where EdDSA leaves the curve to the key.
const Ed25519 jose.SignatureAlgorithm = "Ed25519"

// Allowed reports why the header's algorithm is not taken.
func (t Token) Allowed(algorithms []jose.SignatureAlgorithm) error {
	if !slices.Contains(algorithms, jose.SignatureAlgorithm(t.Header.Algorithm)) {
		return refuse("the JWT's alg is not taken: use one of %s", Names(algorithms))
	}
	return nil
}

// Names lists algorithms, as metadata and WWW-Authenticate have them.
func Names(algorithms []jose.SignatureAlgorithm) string {
	var names []string
	for _, a := range algorithms {
		names = append(names, string(a))
	}
	return strings.Join(names, " ")
}

// Unverified reads claims that nobody vouches for: it is for finding whose key to ask.
func (t Token) Unverified(claims any) error { return Claims(t.payload, claims) }

// Claims reads a payload: a JSON object with each name once.
func Claims(payload []byte, claims any) error {
	if object(payload, claims) != nil {
		return refuse("the JWT's claims are not a JSON object with each name once, or one of them has the wrong type")
	}
	return nil
}

// object reads JSON that is an object. Names are compared letter by letter.
func object(b []byte, to any) error {
	if jsontext.Value(b).Kind() != '{' {
		return refuse("it is no JSON object")
	}
	return json.Unmarshal(b, to)
}

var b64 = base64.RawURLEncoding.Strict()

// Decode reads base64url without padding, and without loose bits at its end.
func Decode(s string) ([]byte, error) {
	// encoding/base64 skips line breaks; here they are bytes that do not belong.
	if strings.ContainsAny(s, "\r\n") {
		return nil, refuse("it is no base64url")
	}
	b, err := b64.DecodeString(s)
	if err != nil {
		return nil, refuse("it is no base64url")
	}
	return b, nil
}

func refuse(format string, args ...any) *record.Error {
	return record.Safef(record.Unauthorized, format, args...)
}
