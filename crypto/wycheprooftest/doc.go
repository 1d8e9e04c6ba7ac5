// Package wycheprooftest runs Project Wycheproof's vectors against the
// primitives on which package crypto is built, as this toolchain compiles them:
// AES-256-GCM, ChaCha20-Poly1305, HKDF-SHA-512, Ed25519, X25519 and ML-KEM-768.
//
// It is a module of its own, so that the vectors are no dependency of Carehold:
//
//	cd crypto/wycheprooftest && go test ./...
package wycheprooftest
