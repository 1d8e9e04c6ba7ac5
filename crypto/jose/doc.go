// Package jose reads and writes the two JOSE objects that SMART Health Links and
// Cards are made of, and no other. What writes a JWE is package direct, which the
// browser's core has room for.
//
//	JWE  compact, "alg":"dir", "enc":"A256GCM", "zip" absent or "DEF"    Seal, Open
//	JWS  compact, "alg":"ES256", "zip" absent or "DEF"                   ParseSigned, Verify
//	JWK  "kty":"EC", "crv":"P-256", known by its thumbprint (RFC 7638)   NewPublicKey
//
// # Why not go-jose
//
// With "zip", go-jose inflates inside Decrypt and stops at max(250,000, 10 × what
// it was given) bytes: too little for a patient summary that repeats itself, as
// summaries do, and no bound a caller can set. The header with "zip" in it is what
// the cipher authenticates, so there is no way to ask go-jose for the bytes before
// that. The cipher has to be called here in any case, and what is left, splitting
// at four dots and reading a header of which one form is taken, is less than what
// would have to be checked about a library that knows thirty algorithms. go-jose is
// the other implementation in the tests: each opens what the other makes.
//
// # What is refused
//
//	any other alg or enc, in any letters; "none"; a header that names it twice
//	"crit", whatever it lists, and "b64"; a "zip" that is not DEF
//	padding, line breaks, other alphabets and loose last bits in base64url
//	an encrypted key, for dir has none; a nonce that is not 12 bytes, a tag not 16
//	bytes after the last block of DEFLATE
//
// Keys named or carried by a header (jku, jwk, x5u, x5c) are not looked at: whoever
// calls says which key it must be.
//
// # What it promises
//
// Inflate is the one place that inflates. It counts before it keeps: what is too
// large costs time in proportion to the limit, and next to no memory. Nothing is
// inflated that was not authenticated, but a JWS's payload, whose issuer's name is
// inside.
//
// # What it must never do
//
// Choose an algorithm by what it is sent. Take a nonce from a caller. Quote a
// plaintext in an error.
package jose
