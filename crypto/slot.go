package crypto

import (
	"crypto/hkdf"
	"crypto/sha512"
)

// A slot is a credential whose secret is not drawn but derived from what a
// person has: a passphrase and a device, a passkey, a sheet of paper. Each file
// passphrase.go, passkey.go and recovery.go makes one kind.

// slotOf makes the credential of a slot from extracted material, and overwrites
// that.
func slotOf(kind Kind, extracted Key, l Label, fields ...[]byte) Credential {
	defer extracted.Destroy()
	return Credential{kind: kind, secret: extracted.Derive(l, fields...)}
}

// extract makes a uniform key of something that is not one:
// HKDF-Extract-SHA-512(salt, input)[:32], since a Key has 32 bytes.
func extract(salt, input []byte) (k Key) {
	guarded(func() {
		prk, err := hkdf.Extract(sha512.New, input, salt)
		if err != nil {
			panic("crypto: extracting: " + err.Error()) // only for a hash that FIPS 140 refuses
		}
		defer clear(prk)
		b := [KeySize]byte(prk)
		k = keyOf(&b)
	})
	return k
}
