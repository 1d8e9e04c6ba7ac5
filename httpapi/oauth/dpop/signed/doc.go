// Package signed reads the signed JWTs that OAuth clients bring, and the public keys
// they are signed with. It knows forms, algorithms and strengths; what a claim must
// say is for packages dpop and assertion.
//
//	Read      a compact JWS (RFC 7515 §7.1) → its header, not believed yet
//	Verify    the signature by one key, the algorithm being one of a list → the claims
//	ParseKey  a JWK (RFC 7517) → a public key that is strong enough, or why it is not
//
// # What is left to go-jose
//
// Building keys, and checking signatures but those of Ed25519: that has two names, EdDSA and
// Ed25519 (RFC 9864), of which go-jose knows one, so both are checked here. Nothing of what it reads itself is used: the
// header is read here first, for go-jose takes line breaks in base64url, the "b64"
// header and names twice in what it skips. Since here no name may come twice, it
// cannot have read anything else.
//
// # What is refused
//
//	padding, line breaks, other alphabets and loose last bits in base64url
//	names twice, however deep, and bytes that are not UTF-8
//	"crit" and "b64", whatever they say
//	RSA below 2048 and above 4096 bits, or with an even or an enormous exponent
//	curves but P-256, P-384 and Ed25519; points that are not on them, or of low order
//	private and symmetric keys, also where only a member of one is there (Private)
//	a key for a signature of another kind than its kty, crv, alg, use or key_ops say
//
// Keys that the header names or carries (jku, x5u, x5c, jwk) are handed on, and never
// followed or used here. Errors are safe to show and to log: they quote nothing.
package signed
