package crypto

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"math/bits"
)

// ErrToken is what ParseToken returns for everything that is not a token.
var ErrToken = errors.New("this is not a Carehold token: it should read chd, a letter, an underscore and 49 letters or digits")

const (
	tokenPrefix = "chd"
	tokenHead   = len(tokenPrefix) + 2 // the kind and an underscore
	bodyDigits  = 43                   // 62^43 > 2^256
	checkDigits = 6                    // 62^6 > 2^32
	tokenLength = tokenHead + bodyDigits + checkDigits
)

// TokenPattern is the regular expression that finds tokens, for secret scanners
// and for our own log redactor.
const TokenPattern = `chd[` + TokenKinds + `]_[0-9A-Za-z]{49}`

// Token writes the credential: "chd" kind "_" 43 base62 digits of the secret and
// 6 of the CRC-32 (IEEE) of all before them. It is for showing to the one the
// credential is for.
func (c Credential) Token() (token string) {
	if !c.kind.IsToken() {
		panic("crypto: a slot has no token")
	}
	guarded(func() {
		text := append(make([]byte, 0, tokenLength), tokenPrefix...)
		text = append(text, byte(c.kind), '_')
		text = appendBase62(text, c.secret.use(), bodyDigits)
		token = string(appendCheck(text))
	})
	return token
}

// ParseToken reads a token. A typing slip, another kind's letter, a secret of
// more than 256 bits: all are refused here, before anything touches a store.
func ParseToken(text string) (c Credential, err error) {
	guarded(func() { c, err = parseToken(text) })
	return c, err
}

func parseToken(text string) (Credential, error) {
	if len(text) != tokenLength || text[:3] != tokenPrefix || text[4] != '_' || !Kind(text[3]).IsToken() {
		return Credential{}, ErrToken
	}
	body := text[:tokenLength-checkDigits]
	// The check guards against slips only: whoever can guess the secret can
	// compute it, so it need not be compared in constant time.
	var again [tokenLength]byte
	defer clear(again[:])
	if string(appendCheck(append(again[:0], body...))) != text {
		return Credential{}, ErrToken
	}
	secret := new([KeySize]byte)
	if !parseBase62(secret, body[tokenHead:]) || allZero(secret[:]) {
		return Credential{}, ErrToken
	}
	return Credential{kind: Kind(text[3]), secret: keyOf(secret)}, nil
}

func appendCheck(text []byte) []byte {
	var sum [4]byte
	binary.BigEndian.PutUint32(sum[:], crc32.ChecksumIEEE(text))
	return appendBase62(text, sum[:], checkDigits)
}

const base62Digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// appendBase62 writes a big-endian number of up to 32 bytes in so many digits.
// math/big would leave copies of the secret in memory that nothing overwrites.
func appendBase62(out, number []byte, digits int) []byte {
	var n [KeySize]byte
	copy(n[KeySize-len(number):], number)
	out = append(out, make([]byte, digits)...)
	for d := len(out) - 1; d >= len(out)-digits; d-- {
		var rest uint
		for i, b := range n { // n, rest = n / 62, n mod 62
			rest = rest<<8 | uint(b)
			n[i], rest = byte(rest/62), rest%62
		}
		out[d] = base62Digits[rest]
	}
	return out
}

// parseBase62 reads a number of at most 256 bits.
func parseBase62(out *[KeySize]byte, text string) bool {
	var n [KeySize / 8]uint64 // the least significant word first
	for i := range len(text) {
		carry, ok := base62Value(text[i])
		if !ok {
			return false
		}
		for w := range n { // n = 62 n + digit
			hi, lo := bits.Mul64(n[w], 62)
			sum, c := bits.Add64(lo, carry, 0)
			n[w], carry = sum, hi+c
		}
		if carry != 0 {
			return false
		}
	}
	for w := range n {
		binary.BigEndian.PutUint64(out[KeySize-8*(w+1):], n[w])
	}
	return true
}

func base62Value(c byte) (v uint64, ok bool) {
	switch {
	case c >= '0' && c <= '9':
		return uint64(c - '0'), true
	case c >= 'A' && c <= 'Z':
		return uint64(c-'A') + 10, true
	case c >= 'a' && c <= 'z':
		return uint64(c-'a') + 36, true
	}
	return 0, false
}
