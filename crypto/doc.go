// Package crypto is every cryptographic operation Carehold makes, and the only
// package that imports a cipher. It knows nothing of health, storage or HTTP,
// and builds for the browser (GOOS=js GOARCH=wasm).
//
// # What there is
//
//	Key         32 uniform bytes that act: Derive, ID, Seal, Open, Tagger
//	Label       what a derived key is for; one registry, unique and prefix-free
//	Context     what a sealed object is and where it belongs; one registry
//	Credential  a 256-bit secret bound to a kind: token, slot, invite
//	Capsule     what a database holds for a credential: an id, an expiry, a blob
//	BoxKey      X-Wing (ML-KEM-768 with X25519): sealing to somebody absent
//	SigningKey  Ed25519, with the purpose of the signature in what is signed
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
// Every failure to open is the same ErrOpen. Parsing takes one form only: a
// token, a recovery code or a blob that is not exactly what this package writes
// is refused. No Key, Credential or passphrase prints anything but [secret].
// docs/format.md says all of this for another implementation, and
// testdata/vectors lets it check itself.
package crypto
