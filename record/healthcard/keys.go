package healthcard

import (
	"strconv"
	"strings"

	"carehold/crypto/jose"
	"carehold/record"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

const (
	maxKeyFile = 1 << 20
	maxKeys    = 1000
)

// KeySet is an issuer's keys.
type KeySet struct {
	keys    map[string]key
	faulty  map[string]bool // names of keys that are not taken
	partial bool            // a file: there may be others
}

type key struct {
	public  jose.PublicKey
	version int // of the list of revoked cards; 0 when there is none
}

// ParseKeys reads an issuer's jwks.json (SHC, "Determining keys associated with an
// issuer"). Keys for other things are passed over; one that breaks a rule is not taken.
func ParseKeys(b []byte) (*KeySet, error) {
	var file struct {
		Keys []jsontext.Value `json:"keys"`
	}
	if len(b) > maxKeyFile || jsontext.Value(b).Kind() != '{' || json.Unmarshal(b, &file) != nil || len(file.Keys) > maxKeys {
		return nil, record.Safef(record.Invalid, `this is not a file of an issuer's keys: JSON with "keys" in it, of at most %d MiB`, maxKeyFile>>20)
	}
	set := &KeySet{keys: map[string]key{}, faulty: map[string]bool{}}
	for _, raw := range file.Keys {
		var k struct {
			Type      string         `json:"kty"`
			Curve     string         `json:"crv"`
			Use       string         `json:"use"`
			Algorithm string         `json:"alg"`
			KeyID     string         `json:"kid"`
			X         string         `json:"x"`
			Y         string         `json:"y"`
			Private   jsontext.Value `json:"d"`
			Version   jsontext.Value `json:"crlVersion"`
		}
		if json.Unmarshal(raw, &k) != nil || k.Type != "EC" || k.Curve != "P-256" {
			continue
		}
		public, err := jose.NewPublicKey(k.X, k.Y)
		version, ok := counter(k.Version)
		// A key whose private half is there to be read is everybody's.
		if err != nil || !ok || k.Use != "sig" || k.Algorithm != "ES256" || k.Private != nil || public.Thumbprint() != k.KeyID {
			set.faulty[k.KeyID] = true
			continue
		}
		// The same key again, with another certificate, is the same key.
		set.keys[k.KeyID] = key{public, max(version, set.keys[k.KeyID].version)}
	}
	return set, nil
}

// counter reads a number that some write as a string; 0 when it is absent.
func counter(v jsontext.Value) (n int, ok bool) {
	if v == nil {
		return 0, true
	}
	n, err := strconv.Atoi(strings.Trim(string(v), `"`))
	return n, err == nil && n >= 0
}
