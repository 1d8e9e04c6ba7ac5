package dpop

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"math"
	"time"

	"github.com/go-jose/go-jose/v4"

	"carehold/httpapi/oauth/dpop/once"
	"carehold/httpapi/oauth/dpop/signed"
	"carehold/record"
)

const (
	// Past is how long after it was made a proof is taken.
	Past = 60 * time.Second
	// Future is how far ahead of ours the clock of whoever made it may be.
	Future = 10 * time.Second

	maxProof = 8 << 10 // bytes; one with an RSA key of 4096 bits has 2,200
	maxJTI   = 256     // bytes; a UUID has 36
)

// algorithms is what a proof may be signed with, and the list that each is parsed by.
var algorithms = []jose.SignatureAlgorithm{jose.ES256, signed.Ed25519, jose.EdDSA, jose.PS256, jose.ES384}

// Algorithms lists them, with spaces between: the algs of WWW-Authenticate and, cut, the
// dpop_signing_alg_values_supported of metadata.
func Algorithms() string { return signed.Names(algorithms) }

// Options say how a Checker is to be. The zero Options are good ones.
type Options struct {
	// Limit is how many proofs can be used in the 70 s that one counts: 131,072 if 0,
	// which take 40 MB at most when all are there.
	Limit int
	// RequireNonce has every proof bear a nonce of ours.
	RequireNonce bool
	// Now is the clock: time.Now if nil.
	Now func() time.Time
}

// Checker checks proofs. It is safe for use by many at once.
type Checker struct {
	*shared
	requireNonce bool
}

type shared struct {
	now    func() time.Time
	limit  int
	used   *once.Memory
	nonces nonces
}

// New makes a Checker, with nonces of its own.
func New(o Options) *Checker {
	if o.Limit == 0 {
		o.Limit = 1 << 17
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Checker{&shared{now: o.Now, limit: o.Limit, used: once.New(o.Limit), nonces: newNonces()}, o.RequireNonce}
}

// Requiring is the same Checker, with the same memory and nonces, where a nonce is
// required or is not: for an endpoint that differs.
func (c *Checker) Requiring(nonce bool) *Checker { return &Checker{c.shared, nonce} }

// Nonce is what to send in the DPoP-Nonce header.
func (c *Checker) Nonce() string { return c.nonces.at(c.now(), 0) }

// Proof is one that is good, and not marked as used yet.
type Proof struct {
	JKT [32]byte // the thumbprint of the key that made it

	by    *shared
	at    time.Time
	thing once.Key
}

// claims are those that are looked at; others are ignored (§4.2).
type claims struct {
	JTI   *string  `json:"jti"`
	HTM   *string  `json:"htm"`
	HTU   *string  `json:"htu"`
	IAT   *float64 `json:"iat"`
	EXP   *float64 `json:"exp"`
	NBF   *float64 `json:"nbf"`
	ATH   *string  `json:"ath"`
	Nonce *string  `json:"nonce"`
}

// Verify checks the proof of a request: headers are the values of its DPoP header, uri is
// its address as clients know it, token the access token that comes with it ("" at the
// token endpoint), want the key that token, code or client is bound to (zero: any). That
// it is new shows when it is used, and until then nothing may be done.
func (c *Checker) Verify(headers []string, method, uri, token string, want [32]byte) (Proof, error) {
	switch len(headers) {
	case 0:
		return Proof{}, refuse("there is no DPoP proof: send one in the DPoP header")
	case 1:
	default:
		return Proof{}, refuse("there is more than one DPoP header: send one")
	}
	now := c.now()
	key, cl, err := open(headers[0])
	if err != nil {
		return Proof{}, err
	}
	target, err := c.matches(cl, now, method, uri)
	if err != nil {
		return Proof{}, err
	}
	if want != ([32]byte{}) && key.Thumbprint != want {
		return Proof{}, refuse("the DPoP proof is by another key than the one this is bound to")
	}
	if token != "" {
		if cl.ATH == nil || subtle.ConstantTimeCompare([]byte(*cl.ATH), []byte(hashOf(token))) != 1 {
			return Proof{}, refuse("the DPoP proof's ath is not the access token's: base64url of its SHA-256")
		}
	}
	if cl.Nonce == nil && c.requireNonce {
		return Proof{}, &Error{Kind: UseNonce, Err: record.Safef(record.Unauthorized, "make a DPoP proof with the nonce of the DPoP-Nonce header")}
	}
	if cl.Nonce != nil && !c.nonces.good(now, *cl.Nonce) {
		return Proof{}, &Error{Kind: UseNonce, Err: record.Safef(record.Unauthorized, "the DPoP proof's nonce is not a current one: make another with that of the DPoP-Nonce header")}
	}
	return Proof{key.Thumbprint, c.shared, now, once.KeyOf(string(key.Thumbprint[:]), target, *cl.JTI)}, nil
}

// open reads a proof and checks that the key in it signed it.
func open(text string) (key *signed.Key, cl claims, err error) {
	t, err := signed.Read(text, maxProof)
	if err != nil {
		return nil, cl, invalid(err)
	}
	if t.Header.Type == nil || *t.Header.Type != "dpop+jwt" {
		return nil, cl, refuse("the DPoP proof's typ must be dpop+jwt")
	}
	if err := t.Allowed(algorithms); err != nil {
		return nil, cl, invalid(err)
	}
	if t.Header.JWK == nil {
		return nil, cl, refuse("the DPoP proof has no jwk: put the public key into its header")
	}
	if key, err = signed.ParseKey(t.Header.JWK); err != nil {
		return nil, cl, invalid(err)
	}
	payload, err := t.Verify(key, algorithms)
	if err != nil {
		return nil, cl, invalid(err)
	}
	if err := signed.Claims(payload, &cl); err != nil {
		return nil, cl, invalid(err)
	}
	return key, cl, nil
}

// matches checks the claims against the request and the clock; target is the address
// that the proof is for, as it is compared.
func (c *Checker) matches(cl claims, now time.Time, method, uri string) (target string, err error) {
	if cl.JTI == nil || *cl.JTI == "" || len(*cl.JTI) > maxJTI {
		return "", refuse("the DPoP proof must have a jti, new each time, of at most %d bytes", maxJTI)
	}
	if cl.HTM == nil || *cl.HTM != method {
		return "", refuse("the DPoP proof's htm is not this request's method")
	}
	target, ok := normal(uri)
	if !ok {
		return "", &Error{Kind: Invalid, Err: record.Safef(record.Internal, "this server's own address is not one that proofs can be for: correct the public address in its settings")}
	}
	if cl.HTU == nil {
		return "", refuse("the DPoP proof has no htu: the address of the request, without query")
	}
	if got, ok := normal(*cl.HTU); !ok || got != target {
		return "", refuse("the DPoP proof's htu is not this request's address: compare it with the one in this server's metadata")
	}
	if cl.IAT == nil {
		return "", refuse("the DPoP proof has no iat")
	}
	at := float64(now.UnixNano()) / 1e9
	if *cl.IAT < math.Floor(at)-Past.Seconds() {
		return "", refuse("the DPoP proof was made more than %.0f seconds ago, by its iat: make a new one for each request, and check the clock", Past.Seconds())
	}
	if *cl.IAT > at+Future.Seconds() || cl.NBF != nil && *cl.NBF > at+Future.Seconds() {
		return "", refuse("the DPoP proof is for more than %.0f seconds from now, by its iat or nbf: check the clock", Future.Seconds())
	}
	if cl.EXP != nil && *cl.EXP <= at {
		return "", refuse("the DPoP proof is over, by its exp")
	}
	return target, nil
}

// Use marks a proof as used, for as long as any iat that was taken can be taken. Of those
// who use it at the same time one can.
func (p Proof) Use(o Owner) error {
	// A second more, for iat is in whole seconds.
	err := p.by.used.Use(p.by.now(), p.thing, p.at.Add(Past+Future+time.Second), o.shares(p.by.limit, p.JKT)...)
	if errors.Is(err, once.ErrUsed) {
		return refuse("the DPoP proof was used before: make a new one, with a new jti, for each request")
	}
	if err != nil {
		return &Error{Kind: Busy, Err: record.Safef(record.Unavailable, "too many DPoP proofs at the moment: wait a minute")}
	}
	return nil
}

// hashOf is what ath must be (§4.2).
func hashOf(token string) string {
	h := sha256.Sum256([]byte(token))
	return base64.RawURLEncoding.EncodeToString(h[:])
}
