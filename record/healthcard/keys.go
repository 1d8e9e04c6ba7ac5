package healthcard

import (
	"context"
	"strconv"
	"strings"
	"time"

	"carehold/crypto/jose"
	"carehold/record"
	"carehold/record/fetch"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

const (
	maxKeyFile = 1 << 20
	maxKeys    = 1000
	maxList    = 16 << 20 // a large issuer takes back many cards, at 24 bytes each
)

// Keys is where an issuer's keys come from. Both are asked for with the issuer's
// address as the card has it.
type Keys interface {
	// Keys gives the issuer's keys; they are all it has when they come from itself.
	Keys(ctx context.Context, issuer string) (set *KeySet, err error)
	// Revoked gives the issuer's list of what it took back of one key's cards.
	Revoked(ctx context.Context, issuer, keyID string) (*RevocationList, error)
}

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

// RevocationList is what an issuer took back of one key's cards (SHC, "Revocation").
type RevocationList struct {
	keyID   string
	version int
	before  map[string]time.Time // by rid; the zero time means always
}

// ParseRevocationList reads one.
func ParseRevocationList(b []byte) (*RevocationList, error) {
	var file struct {
		KeyID   string         `json:"kid"`
		Method  string         `json:"method"`
		Version jsontext.Value `json:"ctr"`
		Revoked []string       `json:"rids"`
	}
	if len(b) > maxList || jsontext.Value(b).Kind() != '{' || json.Unmarshal(b, &file) != nil || file.Method != "rid" || file.KeyID == "" {
		return nil, errList
	}
	version, ok := counter(file.Version)
	if !ok {
		return nil, errList
	}
	l := &RevocationList{file.KeyID, version, make(map[string]time.Time, len(file.Revoked))}
	for _, r := range file.Revoked {
		rid, stamp, timed := strings.Cut(r, ".")
		var before time.Time
		if timed {
			s, err := strconv.ParseInt(stamp, 10, 64)
			if err != nil || s <= 0 {
				return nil, errList
			}
			before = time.Unix(s, 0)
		}
		// The same one twice: what takes back more counts.
		if was, again := l.before[rid]; again && (was.IsZero() || !before.IsZero() && before.Before(was)) {
			continue
		}
		l.before[rid] = before
	}
	return l, nil
}

var errList = record.Safef(record.Invalid, "the issuer's list of revoked cards is not in the standard's form")

// revokes reports whether a card was taken back.
func (l *RevocationList) revokes(rid string, issued time.Time) bool {
	before, listed := l.before[rid]
	return listed && (before.IsZero() || issued.Before(before))
}

// Online asks the issuer itself.
type Online struct{ Fetch fetch.Fetch }

func (o Online) Keys(ctx context.Context, issuer string) (*KeySet, error) {
	b, err := o.get(ctx, issuer+"/.well-known/jwks.json", maxKeyFile)
	if err != nil {
		return nil, err
	}
	return ParseKeys(b)
}

func (o Online) Revoked(ctx context.Context, issuer, keyID string) (*RevocationList, error) {
	b, err := o.get(ctx, issuer+"/.well-known/crl/"+keyID+".json", maxList)
	if err != nil {
		return nil, err
	}
	return ParseRevocationList(b)
}

func (o Online) get(ctx context.Context, address string, limit int) ([]byte, error) {
	answer, err := fetch.Get(ctx, o.Fetch, address, "application/json", limit)
	if err != nil {
		return nil, err
	}
	if answer.Status != 200 {
		return nil, record.Safef(record.Unavailable, "the issuer's server answers with %d", answer.Status)
	}
	return answer.Body, nil
}

// Offline is one issuer's keys from a file, for where there is no network.
type Offline struct {
	issuer string
	set    *KeySet
	lists  map[string]*RevocationList
}

// NewOffline takes the contents of an issuer's jwks.json, and of its lists of revoked
// cards if they are at hand. They are used for this issuer's cards and no other's.
func NewOffline(issuer string, jwks []byte, lists ...[]byte) (*Offline, error) {
	if issuer = strings.TrimSuffix(issuer, "/"); !validIssuer(issuer) {
		return nil, record.Safef(record.Invalid, "say whose keys these are: the issuer's https address, as the card shows it")
	}
	set, err := ParseKeys(jwks)
	if err != nil {
		return nil, err
	}
	set.partial = true
	o := &Offline{issuer, set, map[string]*RevocationList{}}
	for _, b := range lists {
		l, err := ParseRevocationList(b)
		if err != nil {
			return nil, err
		}
		o.lists[l.keyID] = l
	}
	return o, nil
}

func (o *Offline) Keys(_ context.Context, issuer string) (*KeySet, error) {
	if issuer != o.issuer {
		return nil, record.Safef(record.NotFound, "the file of keys is another issuer's")
	}
	return o.set, nil
}

func (o *Offline) Revoked(_ context.Context, issuer, keyID string) (*RevocationList, error) {
	l := o.lists[keyID]
	if issuer != o.issuer || l == nil {
		return nil, record.Safef(record.NotFound, "no list of revoked cards is at hand")
	}
	return l, nil
}
