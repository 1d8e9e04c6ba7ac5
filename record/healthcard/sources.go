package healthcard

import (
	"context"
	"strings"

	"carehold/record"
	"carehold/record/fetch"
)

// Keys is where an issuer's keys come from. Both are asked for with the issuer's
// address as the card has it.
type Keys interface {
	// Keys gives the issuer's keys; they are all it has when they come from itself.
	Keys(ctx context.Context, issuer string) (set *KeySet, err error)
	// Revoked gives the issuer's list of what it took back of one key's cards.
	Revoked(ctx context.Context, issuer, keyID string) (*RevocationList, error)
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
