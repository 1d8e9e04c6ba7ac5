package crypto

import (
	"crypto/sha512"

	"golang.org/x/crypto/argon2"
)

// argonCost is what the version character of a device key stands for. Versions
// are only added, and none below the first is ever accepted.
type argonCost struct {
	time, memoryKiB uint32
	threads         uint8
}

var argonCosts = map[byte]argonCost{'1': {time: 3, memoryKiB: 64 << 10, threads: 4}}

// PassphraseSlot returns the credential of the slot that this passphrase opens
// on the device that holds this device key:
//
//	stretched = Argon2id(NFKC(passphrase), salt = SHA-512("carehold/device" || device key)[:16], cost of the version)
//	secret    = KDF(Extract(salt = device key, stretched), "passphrase", version)
//
// Unicode form NFKC, so that two keyboards type the same passphrase. Nothing
// else is done to it: capitals and spaces count.
//
// Argon2id works in goroutines of its own, which no guard reaches into: of its
// lanes something may stay on their stacks, and the memory they share is erased.
func PassphraseSlot(d DeviceKey, passphrase Secret) (c Credential) {
	cost, known := argonCosts[d.version]
	if !known || d.key == nil {
		panic("crypto: a device key that was not parsed")
	}
	guarded(func() {
		salt := sha512.Sum512(append([]byte("carehold/device"), d.key()[:]...))
		typed := normal(passphrase.Reveal())
		defer clear(typed)
		stretched := argon2.IDKey(typed, salt[:16], cost.time, cost.memoryKiB, cost.threads, KeySize)
		defer clear(stretched)
		c = slotOf(SlotPassphrase, extract(d.key()[:], stretched), LabelPassphrase, []byte{d.version})
	})
	return c
}
