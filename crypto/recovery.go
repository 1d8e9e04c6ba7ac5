package crypto

import (
	"crypto/rand"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base32"
	"errors"
	"strings"
)

// RecoveryCode is 160 random bits and a 40-bit check, for a sheet of paper:
// eight groups of five characters in Crockford's base32, which has no I, L, O
// or U to confuse.
type RecoveryCode struct {
	redact
	bits hidden[[recoverySize]byte]
}

const (
	recoverySize  = 20
	recoveryCheck = 5
	recoveryText  = 8 * (recoverySize + recoveryCheck) / 5
	recoveryGroup = 5
)

var recoveryEncoding = base32.NewEncoding("0123456789ABCDEFGHJKMNPQRSTVWXYZ").WithPadding(base32.NoPadding)

// ErrRecovery is for a recovery code that is mistyped.
var ErrRecovery = errors.New("this recovery code has a slip in it: it is eight groups of five letters and digits")

// NewRecoveryCode makes a recovery code.
func NewRecoveryCode() (r RecoveryCode) {
	guarded(func() {
		bits := new([recoverySize]byte)
		rand.Read(bits[:])
		r = RecoveryCode{bits: hide(bits)}
	})
	return r
}

// check returns SHA-512("carehold/recovery" || bits)[:5]. It finds slips; of the
// bits it tells nothing that the sheet does not say already.
func (r RecoveryCode) check() []byte {
	sum := sha512.Sum512(append([]byte("carehold/recovery"), r.bits()[:]...))
	return sum[:recoveryCheck]
}

// Text writes the code for its sheet of paper: ABCDE-FGHJK-… in eight groups.
func (r RecoveryCode) Text() string {
	plain := recoveryEncoding.EncodeToString(append(r.bits()[:], r.check()...))
	groups := make([]string, 0, recoveryText/recoveryGroup)
	for ; plain != ""; plain = plain[recoveryGroup:] {
		groups = append(groups, plain[:recoveryGroup])
	}
	return strings.Join(groups, "-")
}

// ParseRecoveryCode reads a code as people type it: small or capital letters,
// with spaces or hyphens or neither, O for 0 and I or L for 1.
func ParseRecoveryCode(text string) (r RecoveryCode, err error) {
	guarded(func() { r, err = parseRecoveryCode(text) })
	return r, err
}

func parseRecoveryCode(text string) (RecoveryCode, error) {
	plain := strings.Map(asPrinted, text)
	if len(plain) != recoveryText {
		return RecoveryCode{}, ErrRecovery
	}
	b, err := recoveryEncoding.DecodeString(plain)
	if err != nil || len(b) != recoverySize+recoveryCheck || allZero(b[:recoverySize]) {
		return RecoveryCode{}, ErrRecovery
	}
	r := RecoveryCode{bits: hide((*[recoverySize]byte)(b))}
	if subtle.ConstantTimeCompare(b[recoverySize:], r.check()) != 1 {
		return RecoveryCode{}, ErrRecovery
	}
	return r, nil
}

// asPrinted undoes what people and word processors do to a code. Letters of
// other alphabets that look alike are left, and refused.
func asPrinted(c rune) rune {
	switch c {
	case ' ', '-', '\t', '\n', '\r',
		'\u00a0',                     // no-break space
		'\u2010', '\u2011', '\u2013': // hyphen, no-break hyphen, en dash
		return -1
	case 'o', 'O':
		return '0'
	case 'i', 'I', 'l', 'L':
		return '1'
	}
	if c >= 'a' && c <= 'z' {
		return c - 'a' + 'A'
	}
	return c
}

// IsZero reports whether r is no recovery code.
func (r RecoveryCode) IsZero() bool { return r.bits == nil }

// Slot returns the credential of the slot that the code opens:
//
//	secret = KDF(Extract(no salt, 20 bytes), "recovery")
func (r RecoveryCode) Slot() Credential {
	return slotOf(SlotRecovery, extract(nil, r.bits()[:]), LabelRecovery)
}
