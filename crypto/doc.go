// Package crypto is every cryptographic operation Carehold makes, and the only
// package that imports a cipher. It knows nothing of health, storage or HTTP,
// and builds for the browser (GOOS=js GOARCH=wasm).
//
// # What there is
//
//	Key         32 uniform bytes that act: Derive, ID, MAC, Seal, Open, Tagger
//	Label       what a derived key is for; one registry, unique and prefix-free
//	Context     what a sealed object is and where it belongs; one registry
//	Credential  a 256-bit secret bound to a kind: token, slot, invite
//	Capsule     what a database holds for a credential: an id, an expiry, a blob
//	BoxKey      X-Wing (ML-KEM-768 with X25519): sealing to somebody absent
//	SigningKey  Ed25519, with the purpose of the signature in what is signed
//	Slot        a credential made of what a person has: a passphrase with a
//	            DeviceKey, a passkey, a RecoveryCode
//	Secret      what a person types; it is no key
//	Tagger      recognises rows, by one AES block
//	Pad         hides lengths before sealing
//
// # The constructions
//
// Deriving, one function for everything:
//
//	KDF(k, label, fields…) = HKDF-Expand-SHA-512(k, lp("carehold-v1") lp(label) lp(field)…, 32)
//	lp(x)                  = 4-byte big-endian length || x
//
// Sealing follows C2SP's draft chunked-encryption, with the suite in front:
//
//	okm(76) = HKDF-Expand-SHA-512(key, "c2sp.org/chunked-encryption@v1+" || aead || 0x00 || salt || context)
//	        = key 32 || base nonce 12 || commitment 32
//	blob    = suite(1) || salt(24) || commitment(32) || chunk_0 || chunk_1 …
//
// in chunks of 16 KiB of which the last is always shorter, so that truncation
// and extension show without a flag. The commitment is compared before anything
// is decrypted: a blob opens under one key and one context only. Overhead: 57
// bytes, and 16 for each chunk.
//
// # What it promises
//
// Every failure to open is the same ErrOpen, and nothing of what fails is handed
// out. Parsing takes one form only: a token, a device key, a public key or a blob
// that is not exactly what this package writes is refused, and a recovery code
// that is not one that people may type. No input makes it panic; a fault of the
// caller does: no key, or one that was destroyed, neither seals nor derives.
//
// No secret prints anything but [secret], under any verb or encoder, or from an
// unexported field the address of a function. docs/format.md says all of this for another implementation, and
// testdata/vectors lets it check itself: their values come from a second one, in
// Python, never from this package.
//
// A key that is destroyed is overwritten. What an operation worked with besides,
// registers, stack and the cipher's own tables, is erased in builds with
// GOEXPERIMENT=runtimesecret (guard_secret.go; TestResidue).
//
// # What it must never do
//
// Take a nonce, a salt or a cost from a caller or a server. Compare a secret with
// ==. Hand out a key: TestKeysAreNotHandedOut lists the few who may pack one.
// Make a second construction for what one here does already.
package crypto
