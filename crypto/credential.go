package crypto

import (
	"crypto/rand"
	"errors"
	"fmt"
	"hash/crc32"
	"log/slog"
	"math/big"
)

// Kind is what a credential is for. It is part of everything derived from the
// secret, so a credential of one kind never opens as another.
type Kind byte

// The kinds that are written as tokens: chd + kind + _ + 49 characters.
const (
	Access    Kind = 'a' // an access token: reads and writes through /fhir
	Refresh   Kind = 'r'
	Code      Kind = 'c' // an OAuth authorization code
	Session   Kind = 's' // a person's session: record, log, stop
	Invite    Kind = 'i' // admits one new person to a server
	Emergency Kind = 'e' // an emergency card
	Link      Kind = 'l' // a SMART Health Link
	Request   Kind = 'q' // a professional's question to the person
)

// The kinds of the slots that open the root key. They are never tokens.
const (
	SlotPassphrase Kind = 'P'
	SlotPasskey    Kind = 'K'
	SlotRecovery   Kind = 'R'
)

// TokenKinds are the kinds that ParseToken accepts.
const TokenKinds = "arcsielq"

// IsToken reports whether credentials of this kind are written as tokens.
func (k Kind) IsToken() bool {
	for i := range len(TokenKinds) {
		if Kind(TokenKinds[i]) == k {
			return true
		}
	}
	return false
}

// IsSlot reports whether credentials of this kind open the root key.
func (k Kind) IsSlot() bool { return k == SlotPassphrase || k == SlotPasskey || k == SlotRecovery }

// Credential is a 256-bit secret of one kind. The secret is the key; there is no
// password file it is compared with.
type Credential struct {
	kind   Kind
	secret Key
}

// NewCredential makes a credential from the system's random source.
func NewCredential(k Kind) Credential { return Credential{k, NewKey()} }

// credentialOf is for slots, whose secret is derived from what a person has.
func credentialOf(k Kind, secret Key) Credential { return Credential{k, secret} }

// Kind is what the credential is for.
func (c Credential) Kind() Kind { return c.kind }

// IsZero reports whether c is no credential.
func (c Credential) IsZero() bool { return c.secret.IsZero() }

// Destroy overwrites the secret.
func (c Credential) Destroy() { c.secret.Destroy() }

// ErrToken is what ParseToken returns for everything that is not a token.
var ErrToken = errors.New("this is not a Carehold token: it should read chd, a letter, an underscore and 49 letters or digits")

const (
	tokenPrefix = "chd"
	bodyDigits  = 43 // 62^43 > 2^256
	checkDigits = 6  // 62^6 > 2^32
	tokenLength = len(tokenPrefix) + 2 + bodyDigits + checkDigits
)

// TokenPattern is the regular expression that finds tokens, for secret scanners
// and for our own log redactor.
const TokenPattern = `chd[` + TokenKinds + `]_[0-9A-Za-z]{49}`

// Token writes the credential: "chd" kind "_" 43 base62 digits of the secret and
// 6 of the CRC-32 (IEEE) of all before them. It is for showing to the one the
// credential is for.
func (c Credential) Token() string {
	if !c.kind.IsToken() {
		panic("crypto: a slot has no token")
	}
	text := tokenPrefix + string(rune(c.kind)) + "_" + base62(new(big.Int).SetBytes(c.secret.b[:]), bodyDigits)
	return text + checkOf(text)
}

func checkOf(text string) string {
	return base62(new(big.Int).SetUint64(uint64(crc32.ChecksumIEEE([]byte(text)))), checkDigits)
}

// ParseToken reads a token. A typing slip, another kind's letter, a secret of
// more than 256 bits: all are refused here, before anything touches a store.
func ParseToken(text string) (Credential, error) {
	if len(text) != tokenLength || text[:3] != tokenPrefix || text[4] != '_' || !Kind(text[3]).IsToken() {
		return Credential{}, ErrToken
	}
	head, check := text[:tokenLength-checkDigits], text[tokenLength-checkDigits:]
	if checkOf(head) != check { // the check guards against slips; it holds no secret
		return Credential{}, ErrToken
	}
	n, ok := parseBase62(head[5:])
	if !ok || n.BitLen() > 8*KeySize {
		return Credential{}, ErrToken
	}
	c := Credential{Kind(text[3]), Key{new([KeySize]byte)}}
	n.FillBytes(c.secret.b[:])
	return c, nil
}

const base62Digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

func base62(n *big.Int, digits int) string {
	out := make([]byte, digits)
	base, digit := big.NewInt(62), new(big.Int)
	for i := digits - 1; i >= 0; i-- {
		n.DivMod(n, base, digit)
		out[i] = base62Digits[digit.Int64()]
	}
	return string(out)
}

func parseBase62(text string) (*big.Int, bool) {
	n, base := new(big.Int), big.NewInt(62)
	for i := range len(text) {
		c, v := text[i], int64(0)
		switch {
		case c >= '0' && c <= '9':
			v = int64(c - '0')
		case c >= 'A' && c <= 'Z':
			v = int64(c-'A') + 10
		case c >= 'a' && c <= 'z':
			v = int64(c-'a') + 36
		default:
			return nil, false
		}
		n.Add(n.Mul(n, base), big.NewInt(v))
	}
	return n, true
}

func (Credential) String() string               { return redacted }
func (Credential) GoString() string             { return redacted }
func (Credential) Format(f fmt.State, _ rune)   { f.Write([]byte(redacted)) }
func (Credential) LogValue() slog.Value         { return slog.StringValue(redacted) }
func (Credential) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }
func (Credential) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// RandomID returns 16 bytes from the system's random source, for ids.
func RandomID() (id [16]byte) {
	rand.Read(id[:])
	return id
}
