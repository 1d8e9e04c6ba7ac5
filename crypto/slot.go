package crypto

import (
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base32"
	"errors"
	"strings"

	"golang.org/x/crypto/argon2"
)

// DeviceKey is the second secret beside a passphrase: 128 random bits, made and
// kept on one device. With it, what is at rest on the server is as strong as 128
// bits whatever the passphrase. It is written as a version character, which
// fixes the cost of the passphrase's hash, and 26 characters of base32; the
// server never chooses that cost.
type DeviceKey struct {
	version byte
	key     [16]byte
}

// argonCost is what a version character stands for. Versions are only added,
// and none below the first is ever accepted.
type argonCost struct {
	time, memoryKiB uint32
	threads         uint8
}

var argonCosts = map[byte]argonCost{'1': {time: 3, memoryKiB: 64 << 10, threads: 4}}

var deviceEncoding = base32.StdEncoding.WithPadding(base32.NoPadding)

// NewDeviceKey makes a device key of the newest version.
func NewDeviceKey() DeviceKey {
	d := DeviceKey{version: '1'}
	rand.Read(d.key[:])
	return d
}

// Text writes the device key for keeping on its device, in a file of mode 0600.
func (d DeviceKey) Text() string { return string(rune(d.version)) + deviceEncoding.EncodeToString(d.key[:]) }

// ParseDeviceKey reads what Text wrote.
func ParseDeviceKey(text string) (DeviceKey, error) {
	var d DeviceKey
	if len(text) != 27 {
		return d, errors.New("this is not a device key")
	}
	if _, known := argonCosts[text[0]]; !known {
		return d, errors.New("this device key is of a version that this program does not know")
	}
	b, err := deviceEncoding.DecodeString(text[1:])
	if err != nil || deviceEncoding.EncodeToString(b) != text[1:] {
		return d, errors.New("this is not a device key")
	}
	d.version = text[0]
	copy(d.key[:], b)
	return d, nil
}

// PassphraseSlot returns the credential of the slot that this passphrase opens
// on the device that holds this device key:
//
//	stretched = Argon2id(passphrase, salt = SHA-512("carehold/device" || device key)[:16], cost of the version)
//	secret    = KDF(HKDF-Extract-SHA-512(salt = device key, stretched), "passphrase", version)
//
// The passphrase must be in Unicode form NFKC already (in Go x/text, in a
// browser String.normalize), so that two keyboards type the same one.
func PassphraseSlot(d DeviceKey, passphraseNFKC []byte) Credential {
	cost, known := argonCosts[d.version]
	if !known {
		panic("crypto: a device key that was not parsed")
	}
	salt := sha512.Sum512(append([]byte("carehold/device"), d.key[:]...))
	stretched := argon2.IDKey(passphraseNFKC, salt[:16], cost.time, cost.memoryKiB, cost.threads, 32)
	secret := extract(d.key[:], stretched).Derive(LabelPassphrase, []byte{d.version})
	clear(stretched)
	return credentialOf(SlotPassphrase, secret)
}

// ErrPRF refuses the output of an authenticator that does not do its part.
var ErrPRF = errors.New("this passkey gave no usable secret: use another passkey, the passphrase or the recovery code")

// PasskeySlot returns the credential of the slot that a passkey opens: prf is
// the output of WebAuthn's PRF extension, 32 bytes.
func PasskeySlot(prf []byte) (Credential, error) {
	if len(prf) != 32 || subtle.ConstantTimeCompare(prf, make([]byte, 32)) == 1 {
		return Credential{}, ErrPRF
	}
	return credentialOf(SlotPasskey, extract(nil, prf).Derive(LabelPRF)), nil
}

// extract makes a uniform key of something that is not one.
func extract(salt, input []byte) Key {
	prk, err := hkdf.Extract(sha512.New, input, salt)
	if err != nil {
		panic("crypto: extracting: " + err.Error())
	}
	// KDF takes 32 bytes; HKDF-Extract gives the 64 of SHA-512.
	return Key{(*[KeySize]byte)(prk[:KeySize])}
}

// RecoveryCode is 160 random bits and a 40-bit check, for a sheet of paper:
// eight groups of five characters in Crockford's base32, which has no I, L, O
// or U to confuse.
type RecoveryCode struct{ bits [20]byte }

const crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

var recoveryEncoding = base32.NewEncoding(crockford).WithPadding(base32.NoPadding)

// NewRecoveryCode makes a recovery code.
func NewRecoveryCode() RecoveryCode {
	var r RecoveryCode
	rand.Read(r.bits[:])
	return r
}

func (r RecoveryCode) check() []byte {
	sum := sha512.Sum512(append([]byte("carehold/recovery"), r.bits[:]...))
	return sum[:5]
}

// Text writes the code for its sheet of paper: ABCDE-FGHJK-… in eight groups.
func (r RecoveryCode) Text() string {
	plain := recoveryEncoding.EncodeToString(append(append([]byte(nil), r.bits[:]...), r.check()...))
	groups := make([]string, 0, 8)
	for i := 0; i < len(plain); i += 5 {
		groups = append(groups, plain[i:i+5])
	}
	return strings.Join(groups, "-")
}

// ErrRecovery is for a recovery code that is mistyped.
var ErrRecovery = errors.New("this recovery code has a slip in it: it is eight groups of five letters and digits")

// ParseRecoveryCode reads a code as people type it: small or capital letters,
// with spaces or hyphens or neither, O for 0 and I or L for 1.
func ParseRecoveryCode(text string) (RecoveryCode, error) {
	var r RecoveryCode
	plain := strings.Map(func(c rune) rune {
		switch c {
		case ' ', '-', '\t', '\n', '\r', 0xa0, 0x2010, 0x2011, 0x2013:
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
	}, text)
	if len(plain) != 40 {
		return r, ErrRecovery
	}
	b, err := recoveryEncoding.DecodeString(plain)
	if err != nil {
		return r, ErrRecovery
	}
	copy(r.bits[:], b)
	if subtle.ConstantTimeCompare(b[20:], r.check()) != 1 {
		return RecoveryCode{}, ErrRecovery
	}
	return r, nil
}

// Slot returns the credential of the slot that the code opens.
func (r RecoveryCode) Slot() Credential {
	return credentialOf(SlotRecovery, extract(nil, r.bits[:]).Derive(LabelRecovery))
}

func (RecoveryCode) String() string { return redacted }
func (DeviceKey) String() string    { return redacted }
