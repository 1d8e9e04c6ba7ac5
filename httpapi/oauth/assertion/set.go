package assertion

import (
	"errors"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"carehold/httpapi/oauth/dpop/signed"
	"carehold/record"
)

const (
	maxSet  = 64 << 10
	maxKeys = 32
)

// Set is the public keys of a client (RFC 7517 §5).
type Set struct {
	keys []setKey
}

type setKey struct {
	*signed.Key
	bad error // why it cannot be used; it then is only for saying so
}

// ParseSet reads a JWK set. Keys of kinds that are not known here are passed over, as
// RFC 7517 §5 wants, but what should not be published is not.
func ParseSet(b []byte) (*Set, error) {
	if len(b) > maxSet {
		return nil, record.Safef(record.TooLarge, "the key set is larger than %d bytes", maxSet)
	}
	var raw struct {
		Keys []jsontext.Value `json:"keys"`
	}
	if jsontext.Value(b).Kind() != '{' || json.Unmarshal(b, &raw) != nil || raw.Keys == nil {
		return nil, record.Safef(record.Invalid, `the key set is not a JSON object with each name once and an array "keys"`)
	}
	if len(raw.Keys) > maxKeys {
		return nil, record.Safef(record.TooLarge, "the key set has more than %d keys: leave out those that are not used any more", maxKeys)
	}
	s := &Set{}
	for i, k := range raw.Keys {
		key, err := signed.ParseKey(k)
		if errors.Is(err, signed.Private) {
			return nil, record.Safef(record.Invalid, "key %d of the set must not be in it: %s", i+1, record.SafeText(err))
		}
		if errors.Is(err, signed.Malformed) {
			return nil, record.Safef(record.Invalid, "key %d of the set: %s", i+1, record.SafeText(err))
		}
		s.keys = append(s.keys, setKey{key, err})
	}
	return s, nil
}

// Usable is how many keys of the set could have signed something for a profile: a client
// that registers with none would never get in.
func (s *Set) Usable(p Profile) (n int) {
	for _, k := range s.keys {
		for _, alg := range algorithms[p] {
			if k.bad == nil && k.Fits(string(alg)) == nil {
				n++
				break
			}
		}
	}
	return n
}

// find is the key that a header means: the one with its kid, if it has one, and its
// alg's kty.
func (s *Set) find(kid *string, alg string) (*signed.Key, error) {
	var found []setKey
	for _, k := range s.keys {
		if (kid == nil || k.KeyID == *kid) && k.Kind == signed.KindFor(alg) && (k.Use == "" || k.Use == "sig") {
			found = append(found, k)
		}
	}
	switch {
	case len(found) == 0:
		return nil, refuse("none of the client's registered keys has the assertion's kid, and a kty for its alg")
	case len(found) > 1:
		return nil, refuse("more than one of the client's registered keys has the assertion's kid, or it has none: give each key a kid of its own")
	case found[0].bad != nil:
		return nil, invalid("the client's registered key cannot be used", found[0].bad)
	}
	return found[0].Key, nil
}

// has reports whether a kid is in the set at all; no kid always is.
func (s *Set) has(kid *string) bool {
	if kid == nil {
		return true
	}
	for _, k := range s.keys {
		if k.KeyID == *kid {
			return true
		}
	}
	return false
}
