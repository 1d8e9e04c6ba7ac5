package clients

import (
	"encoding/base64"
	"fmt"
	"math/big"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

const (
	maxKeys     = 16
	maxJWKS     = 16 << 10
	minRSA      = 2048 // bits (RFC 7518 §3.3)
	maxRSA      = 8192
	maxExponent = 1<<31 - 1
)

// checkKeys says what is wrong with a client's keys (RFC 7517). It looks at what can be
// told without using them, and above all that nobody was sent a private one.
func checkKeys(jwks jsontext.Value) string {
	if len(jwks) > maxJWKS {
		return fmt.Sprintf("the keys may take %d bytes at most", maxJWKS)
	}
	var set struct {
		Keys []map[string]jsontext.Value `json:"keys"`
	}
	if json.Unmarshal(jwks, &set) != nil {
		return `the keys must be a JWK Set (RFC 7517): {"keys":[…]}`
	}
	if len(set.Keys) == 0 || len(set.Keys) > maxKeys {
		return fmt.Sprintf("there must be 1 to %d keys", maxKeys)
	}
	seen := map[string]bool{}
	for i, k := range set.Keys {
		id, wrong := checkKey(k)
		if wrong == "" && len(set.Keys) > 1 {
			switch {
			case id == "":
				wrong = "must have a kid, for there are several"
			case seen[id]:
				wrong = "has the same kid as another"
			}
		}
		if wrong != "" {
			return fmt.Sprintf("key %d %s", i+1, wrong)
		}
		seen[id] = true
	}
	return ""
}

func checkKey(k map[string]jsontext.Value) (id, wrong string) {
	for _, private := range []string{"d", "p", "q", "dp", "dq", "qi", "oth", "k"} {
		if _, there := k[private]; there {
			return "", "is a private one: give the public ones alone, and take that one out of use, for it was sent"
		}
	}
	text := func(name string) (s string) {
		if v, there := k[name]; there && json.Unmarshal(v, &s) != nil {
			wrong = "has a " + name + " that is no text"
		}
		return s
	}
	bytes := func(name string) []byte {
		b, err := base64.RawURLEncoding.Strict().DecodeString(text(name))
		if err != nil || len(b) == 0 {
			wrong = "has a " + name + " that is not in base64url"
		}
		return b
	}
	id = text("kid")
	if use := text("use"); use != "" && use != "sig" {
		return id, "must be for signatures"
	}
	switch kty := text("kty"); kty {
	case "RSA":
		n, e := new(big.Int).SetBytes(bytes("n")), new(big.Int).SetBytes(bytes("e"))
		if wrong == "" && (n.BitLen() < minRSA || n.BitLen() > maxRSA) {
			wrong = fmt.Sprintf("must have %d to %d bits", minRSA, maxRSA)
		}
		if wrong == "" && (!e.IsInt64() || e.Int64() < 3 || e.Int64() > maxExponent || e.Bit(0) == 0) {
			wrong = "has no exponent that is used"
		}
	case "EC":
		size, known := map[string]int{"P-256": 32, "P-384": 48, "P-521": 66}[text("crv")]
		if !known {
			return id, "must be on P-256, P-384 or P-521"
		}
		if x, y := bytes("x"), bytes("y"); wrong == "" && (len(x) != size || len(y) != size) {
			wrong = "has no point on its curve"
		}
	case "OKP":
		if text("crv") != "Ed25519" {
			return id, "must be on Ed25519"
		}
		if x := bytes("x"); wrong == "" && len(x) != 32 {
			wrong = "has no point on its curve"
		}
	default:
		return id, "must be of kty RSA, EC or OKP"
	}
	return id, wrong
}
