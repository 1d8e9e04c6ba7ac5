package keys

import (
	"carehold/crypto"
	"carehold/record/grant"
	"carehold/record/wire"
)

// Terms are on what a client was given a token. Authority is narrowed by them, never
// widened: the grant's certificate is looked at on each request as well.
type Terms struct {
	Client string   // who may use it; "": whoever has it, as the person handed it out themselves
	Bound  [32]byte // thumbprint of the key that must be shown with it (RFC 9449 §6); zeros: none
	Scope  string   // what a token response says was granted, in the client's spelling; "": all of the grant
}

// NeedsKey is the client of a token that opens nothing as it is, for no grant is for that
// client: a link hands it on where its grant has sensitive sections. Who presents it
// together with a key of theirs gets one that is bound to that.
const NeedsKey = "urn:carehold:needs-key"

// The tags that tokens, codes and refresh tokens share. docs/format.md, "Capsules".
const (
	tagClient = 7
	tagBound  = 8
	tagScope  = 9
)

func (t Terms) marshal(w *wire.Builder) {
	w.String(tagClient, t.Client)
	w.OptionalFixed(tagBound, t.Bound[:])
	w.String(tagScope, t.Scope)
}

func parseTerms(d *wire.Decoder) (t Terms) {
	t.Client = d.String(tagClient)
	d.OptionalFixed(tagBound, t.Bound[:])
	t.Scope = d.String(tagScope)
	if len(t.Client) > grant.MaxClient || len(t.Scope) > MaxScope || t.Client == "" && t.Scope != "" {
		d.Fail("terms")
	}
	return t
}

// MaxScope is how long the scopes of a token may be, in bytes.
const MaxScope = 2 << 10

// Refresh is what is behind a refresh token: the grant's key, and the token's place
// among those that followed one another.
type Refresh struct {
	TokenCapsule
	Number  uint32 // from 1; 0: it is not replaced when it is used
	Backend bool   // the client presents it itself, with each request for a token: client_credentials
}

// Code is what is behind an authorization code.
type Code struct {
	TokenCapsule
	Redirect  string   // where it was sent: the same must be named again
	Challenge [32]byte // SHA-256 of the verifier (RFC 7636, S256)
	Nonce     string   // OpenID's
}

const (
	tagNumber    = 10
	tagBackend   = 11
	tagRedirect  = 12
	tagChallenge = 13
	tagNonce     = 14
)

// SealRefresh makes the capsule of a refresh token.
func SealRefresh(c crypto.CapsuleKey, r Refresh) Capsule {
	var w wire.Builder
	r.marshal(&w)
	w.NotZero(tagNumber, uint64(r.Number))
	w.Flag(tagBackend, r.Backend)
	return sealCapsule(c, r.Until, w.Finish())
}

// OpenRefresh opens it.
func OpenRefresh(c crypto.CapsuleKey, cap Capsule) (r Refresh, err error) {
	err = r.open(c, cap, func(d *wire.Decoder) {
		n := d.NotZero(tagNumber)
		r.Number, r.Backend = uint32(n), d.Flag(tagBackend)
		if n != uint64(r.Number) || r.Client == "" {
			d.Fail("place in the chain")
		}
	})
	return r, err
}

// SealCode makes the capsule of an authorization code.
func SealCode(c crypto.CapsuleKey, x Code) Capsule {
	var w wire.Builder
	x.marshal(&w)
	w.String(tagRedirect, x.Redirect)
	w.Bytes(tagChallenge, x.Challenge[:])
	w.String(tagNonce, x.Nonce)
	return sealCapsule(c, x.Until, w.Finish())
}

// OpenCode opens it.
func OpenCode(c crypto.CapsuleKey, cap Capsule) (x Code, err error) {
	err = x.open(c, cap, func(d *wire.Decoder) {
		x.Redirect = d.String(tagRedirect)
		d.Fixed(tagChallenge, x.Challenge[:])
		if x.Nonce = d.String(tagNonce); x.Redirect == "" || x.Client == "" {
			d.Fail("code")
		}
	})
	return x, err
}
