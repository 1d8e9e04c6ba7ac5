package assertion

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"carehold/httpapi/oauth/dpop/once"
	"carehold/httpapi/oauth/dpop/signed"
)

// Profile is the rules that a client is held to.
type Profile string

const (
	SMART Profile = "smart" // SMART App Launch 2.2
	FAPI2 Profile = "fapi2" // FAPI 2.0 Security Profile
)

// algorithms are what assertions may be signed with, and the list that each is parsed by.
var algorithms = map[Profile][]jose.SignatureAlgorithm{
	SMART: {jose.RS384, jose.ES384, jose.ES256, jose.PS256, jose.PS384, signed.Ed25519, jose.EdDSA},
	FAPI2: {jose.PS256, jose.ES256, signed.Ed25519, jose.EdDSA},
}

// Algorithms lists those of a profile, for metadata.
func Algorithms(p Profile) []string { return strings.Fields(signed.Names(algorithms[p])) }

// Client is what was registered about a client.
type Client struct {
	ID      string
	Profile Profile
	// Its keys: by value, or the address they are at, not both.
	Keys    *Set
	JWKSURI string
	// What was registered, if ID is that of a system behind it: what the systems send is
	// remembered in its room. Empty for ID itself.
	Registered string
	// Stranger is whether nobody registered it: whoever wants to can be another.
	Stranger bool
}

func (c Client) owner() string {
	if c.Registered != "" {
		return c.Registered
	}
	return c.ID
}

// Audience is what this server is called, by itself.
type Audience struct {
	Issuer   string
	Token    string // the token endpoint
	Endpoint string // the one that is asked, if it is another; may be empty
}

const (
	ahead = 5 * time.Minute  // how far exp may be from now
	skew  = 10 * time.Second // how far a client's clock may be ahead

	maxAssertion = 8 << 10 // bytes
	maxJTI       = 256
	maxAudience  = 16
)

// Checker checks assertions. It is safe for use by many at once.
type Checker struct {
	keys  *Keys
	used  *once.Memory
	share int
}

// New makes a Checker that remembers so many used assertions (65,536 if 0, which take
// 10 MB): an eighth of them of one client, with the systems behind it, and a quarter of all
// those together that nobody registered, of whom anybody can make up as many as there is
// room for. keys may be nil: then no client is known by an address.
func New(keys *Keys, limit int) *Checker {
	if limit == 0 {
		limit = 1 << 16
	}
	return &Checker{keys: keys, used: once.New(limit), share: max(limit/8, 1)}
}

// claims are those that are looked at; others are ignored.
type claims struct {
	ISS *string        `json:"iss"`
	SUB *string        `json:"sub"`
	AUD jsontext.Value `json:"aud"`
	EXP *float64       `json:"exp"`
	IAT *float64       `json:"iat"`
	NBF *float64       `json:"nbf"`
	JTI *string        `json:"jti"`
}

// ClientID is the client that an assertion says it is by. Nothing is checked.
func ClientID(text string) (string, error) {
	t, err := signed.Read(text, maxAssertion)
	if err != nil {
		return "", invalid("the client assertion cannot be read", err)
	}
	var c claims
	if err := t.Unverified(&c); err != nil {
		return "", invalid("the client assertion cannot be read", err)
	}
	if c.SUB == nil || *c.SUB == "" || c.ISS == nil || *c.ISS != *c.SUB {
		return "", refuse("the client assertion's iss and sub must both be the client's id")
	}
	return *c.SUB, nil
}

// Check checks an assertion, and uses it up.
func (c *Checker) Check(ctx context.Context, text string, client Client, aud Audience, now time.Time) error {
	algs := algorithms[client.Profile]
	if algs == nil || client.ID == "" || (client.Keys == nil) == (client.JWKSURI == "") {
		return refuse("the client is not registered for a key of its own: register its jwks or its jwks_uri, one of them")
	}
	t, err := signed.Read(text, maxAssertion)
	if err != nil {
		return invalid("the client assertion cannot be read", err)
	}
	if err := header(t, client); err != nil {
		return err
	}
	if err := t.Allowed(algs); err != nil {
		return invalid("the client assertion is not taken", err)
	}
	// What nobody vouches for yet is looked at first, since it is no use to ask a
	// client's server for what must be refused anyway. It is what is signed.
	var cl claims
	if err := t.Unverified(&cl); err != nil {
		return invalid("the client assertion cannot be read", err)
	}
	if err := cl.check(client, aud, now); err != nil {
		return err
	}
	set := client.Keys
	if set == nil {
		if set, err = c.keys.get(ctx, client.JWKSURI, t.Header.KeyID, now); err != nil {
			return err
		}
	}
	key, err := set.find(t.Header.KeyID, t.Header.Algorithm)
	if err != nil {
		return err
	}
	if _, err := t.Verify(key, algs); err != nil {
		return invalid("the client assertion is not taken", err)
	}
	return c.use(cl, client, now)
}

func header(t signed.Token, client Client) error {
	h := t.Header
	switch {
	case h.Type != nil && !strings.EqualFold(*h.Type, "JWT"):
		return refuse("the client assertion's typ must be JWT, or absent")
	case h.KeyID == nil && client.Profile != FAPI2, h.KeyID != nil && *h.KeyID == "":
		return refuse("the client assertion has no kid: name the key it is signed with in its header")
	case h.JKU != nil && (client.JWKSURI == "" || *h.JKU != client.JWKSURI):
		return refuse("the client assertion's jku is not the registered jwks_uri: leave it out, or register that one")
	}
	return nil
}

func (c *claims) check(client Client, aud Audience, now time.Time) error {
	if c.ISS == nil || *c.ISS != client.ID || c.SUB == nil || *c.SUB != client.ID {
		return refuse("the client assertion's iss and sub must both be the client's id")
	}
	if err := c.audience(client.Profile, aud); err != nil {
		return err
	}
	if c.JTI == nil || *c.JTI == "" || len(*c.JTI) > maxJTI {
		return refuse("the client assertion must have a jti, new each time, of at most %d bytes", maxJTI)
	}
	at := float64(now.UnixNano()) / 1e9
	switch {
	case c.EXP == nil:
		return refuse("the client assertion has no exp")
	case *c.EXP <= at:
		return refuse("the client assertion is over, by its exp: make a new one for each request, and check the clock")
	case *c.EXP > at+(ahead+skew).Seconds():
		return refuse("the client assertion's exp is more than %.0f minutes from now: make it shorter, and check the clock", ahead.Minutes())
	case c.IAT != nil && *c.IAT > at+skew.Seconds(), c.NBF != nil && *c.NBF > at+skew.Seconds():
		return refuse("the client assertion is for more than %.0f seconds from now, by its iat or nbf: check the clock", skew.Seconds())
	}
	return nil
}

func (c *claims) audience(p Profile, aud Audience) error {
	var list []string
	switch c.AUD.Kind() {
	case '"':
		list = make([]string, 1)
		if json.Unmarshal(c.AUD, &list[0]) != nil {
			list = nil
		}
	case '[':
		// A text that was meant for others as well can be used by them: not in FAPI 2.
		if p == FAPI2 || json.Unmarshal(c.AUD, &list) != nil || len(list) > maxAudience {
			list = nil
		}
	}
	for _, a := range list {
		if a == "" {
			continue
		}
		if a == aud.Issuer || p == SMART && (a == aud.Token || a == aud.Endpoint) {
			return nil
		}
	}
	if p == FAPI2 {
		return refuse("the client assertion's aud must be this server's issuer, as a string: it is in the metadata")
	}
	return refuse("the client assertion's aud must be this server's token endpoint or its issuer: both are in the metadata")
}

func (c *Checker) use(cl claims, client Client, now time.Time) error {
	// exp was checked to be at most ahead+skew from now.
	left := time.Duration((*cl.EXP - float64(now.UnixNano())/1e9) * float64(time.Second))
	shares := []once.Share{{Owner: once.KeyOf(client.owner()), Most: c.share}}
	if client.Stranger {
		shares = append(shares, once.Share{Owner: once.KeyOf("strangers", ""), Most: 2 * c.share})
	}
	err := c.used.Use(now, once.KeyOf(client.ID, *cl.JTI), now.Add(left+time.Second), shares...)
	if errors.Is(err, once.ErrUsed) {
		return refuse("the client assertion was used before: make a new one, with a new jti, for each request")
	}
	if err != nil {
		return busy("too many client assertions at the moment: wait a minute")
	}
	return nil
}
