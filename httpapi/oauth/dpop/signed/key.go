package signed

import (
	"crypto"
	"crypto/rsa"
	_ "crypto/sha256" // thumbprints
	"slices"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Malformed is the error of what is no key at all.
var Malformed error = refuse("it is not a JSON object with each name once, or a member of it has the wrong type")

// Private is the error of a key that must not be known to anybody else.
var Private error = refuse("it is a private or a symmetric key, or has a member of one: publish public keys alone, and make a new one in place of this")

// Key is a public key that is strong enough.
type Key struct {
	KeyID      string
	Kind       string // kty
	Use        string
	Thumbprint [32]byte // RFC 7638, with SHA-256

	public     any
	curve      string // crv, of EC and OKP
	algorithm  string // alg; "": any that fits
	operations []string
}

const (
	minRSA = 2048
	maxRSA = 4096 // go-jose's own limit too
)

// jwk is all that is looked at. What makes a key private is looked for by name, so
// that a public key with a private member is refused, rather than taken without it.
type jwk struct {
	Kty string   `json:"kty"`
	Crv string   `json:"crv,omitzero"`
	X   string   `json:"x,omitzero"`
	Y   string   `json:"y,omitzero"`
	N   string   `json:"n,omitzero"`
	E   string   `json:"e,omitzero"`
	Kid string   `json:"kid,omitzero"`
	Alg string   `json:"alg,omitzero"`
	Use string   `json:"use,omitzero"`
	Ops []string `json:"key_ops,omitzero"`
	private
}

type private struct {
	K    jsontext.Value `json:"k,omitzero"`
	D    jsontext.Value `json:"d,omitzero"`
	P    jsontext.Value `json:"p,omitzero"`
	Q    jsontext.Value `json:"q,omitzero"`
	DP   jsontext.Value `json:"dp,omitzero"`
	DQ   jsontext.Value `json:"dq,omitzero"`
	QI   jsontext.Value `json:"qi,omitzero"`
	Oth  jsontext.Value `json:"oth,omitzero"`
	Priv jsontext.Value `json:"priv,omitzero"`
}

// ParseKey reads a public JWK. Its error is Malformed, Private, or says why the key is not
// taken; then the key has what it is called, and cannot be used.
func ParseKey(raw []byte) (*Key, error) {
	var j jwk
	if err := object(raw, &j); err != nil {
		return &Key{}, Malformed
	}
	k := &Key{KeyID: j.Kid, Kind: j.Kty, Use: j.Use, curve: j.Crv, algorithm: j.Alg, operations: j.Ops}
	p := j.private
	for _, v := range []jsontext.Value{p.K, p.D, p.P, p.Q, p.DP, p.DQ, p.QI, p.Oth, p.Priv} {
		if v != nil {
			return k, Private
		}
	}
	var members []string
	switch {
	case j.Kty == "oct":
		return k, Private
	case j.Kty == "RSA":
		members = []string{j.N, j.E}
	case j.Kty == "EC" && (j.Crv == "P-256" || j.Crv == "P-384"):
		members = []string{j.X, j.Y}
	case j.Kty == "OKP" && j.Crv == "Ed25519":
		members = []string{j.X}
	default:
		return k, refuse("a key of its kty and crv is not taken: use EC with P-256 or P-384, OKP with Ed25519, or RSA")
	}
	for _, m := range members {
		b, err := Decode(m)
		if err != nil || len(b) == 0 || j.Kty == "RSA" && b[0] == 0 { // RFC 7518 §2: in as few bytes as it takes
			return k, refuse("a number in the key is missing, or is not base64url of as many bytes as it takes")
		}
	}
	if err := k.build(j); err != nil {
		return k, err
	}
	return k, nil
}

// build has go-jose make the key, of no more than the key itself: no certificate in it
// is looked at.
func (k *Key) build(j jwk) error {
	bare, err := json.Marshal(jwk{Kty: j.Kty, Crv: j.Crv, X: j.X, Y: j.Y, N: j.N, E: j.E})
	if err != nil {
		return refuse("the key cannot be read")
	}
	var made jose.JSONWebKey
	if made.UnmarshalJSON(bare) != nil || !made.IsPublic() || !made.Valid() {
		return refuse("it is no key: a point that is not on the curve, or numbers of the wrong size")
	}
	if r, ok := made.Key.(*rsa.PublicKey); ok {
		if bits := r.N.BitLen(); bits < minRSA || bits > maxRSA {
			return refuse("the RSA key has %d bits, and must have %d to %d: make a new one", bits, minRSA, maxRSA)
		}
		if r.E < 3 || r.E%2 == 0 || r.E > 1<<31-1 || r.N.Bit(0) == 0 {
			return refuse("it is no RSA key: use the exponent 65537")
		}
	}
	thumb, err := made.Thumbprint(crypto.SHA256)
	if err != nil || len(thumb) != len(k.Thumbprint) {
		return refuse("the key cannot be read")
	}
	k.public, k.Thumbprint = made.Key, [32]byte(thumb)
	return nil
}

// kinds are the kty and crv that an algorithm needs.
var kinds = map[string][2]string{
	"ES256": {"EC", "P-256"}, "ES384": {"EC", "P-384"}, "EdDSA": {"OKP", "Ed25519"}, "Ed25519": {"OKP", "Ed25519"},
	"PS256": {"RSA"}, "PS384": {"RSA"}, "RS384": {"RSA"},
}

// KindFor is the kty that an algorithm needs.
func KindFor(algorithm string) string { return kinds[algorithm][0] }

// oneName is an algorithm by the name that says all. Ed25519 is the one curve that is taken
// here, so EdDSA means it too: a key that was registered as the one signs as the other.
func oneName(algorithm string) string {
	if algorithm == string(jose.EdDSA) {
		return string(Ed25519)
	}
	return algorithm
}

// Fits reports why the key is not one for an algorithm's signatures.
func (k *Key) Fits(algorithm string) error {
	need, known := kinds[algorithm]
	switch {
	case k.public == nil:
		return refuse("the key cannot be used")
	case !known || k.Kind != need[0] || need[1] != "" && k.curve != need[1]:
		return refuse("the key's kty or crv is not that of the JWT's alg")
	case k.algorithm != "" && oneName(k.algorithm) != oneName(algorithm):
		return refuse("the key's own alg is not the JWT's")
	case k.Use != "" && k.Use != "sig", k.operations != nil && !slices.Contains(k.operations, "verify"):
		return refuse("the key is not for signatures, as its use or key_ops says")
	}
	return nil
}
