// Package dpop checks DPoP proofs (RFC 9449): the signed note with which a client
// shows, at each request, that it holds the key its token is bound to, so that a
// token that was overheard opens nothing.
//
//	New             makes a Checker; a server needs one
//	Checker.Verify  all twelve checks of RFC 9449 §4.3, and the key's thumbprint
//	Proof.Use       marks the proof as used: a second time it is refused
//	Checker.Nonce   what goes into the DPoP-Nonce header
//	ParseThumbprint the dpop_jkt parameter and cnf.jkt; FormatThumbprint the other way
//
// # The twelve, and what each is here
//
//	 1 one DPoP header             of one value: a list with commas is no JWT
//	 2 a well-formed JWT           three parts of strict base64url, at most 8 KiB
//	 3 the claims that must be     jti (of 1 to 256 bytes), htm, htu, iat
//	 4 typ                         dpop+jwt, in these letters
//	 5 alg                         ES256, Ed25519, EdDSA, PS256 or ES384; so no RS256, HS256 or none
//	 6 the signature               by the key in the header
//	 7 no private key              nor one member of one, nor a symmetric one
//	 8 htm                         the method, in these letters
//	 9 htu                         scheme and host in any letters, default port or none, the path
//	                               exactly; query and fragment are not looked at (§4.3 says so)
//	10 nonce                       one of ours, if it is asked for, or if there is one
//	11 iat                         Past ago at most, Future ahead at most. exp and nbf, which no
//	                               proof needs, are heeded where they are
//	12 ath and the key             with a token: its hash, and the key that it is bound to
//
// Then the caller marks it as used: the same jti by the same key for the same address is
// refused for as long as its iat would be taken. This is last, so a proof that was refused
// for anything else, above all for want of a nonce, uses up nothing: the client makes a
// new one with the nonce, or sends this one where it belongs.
//
// # Nonces
//
// A nonce is an HMAC of the time, in periods of five minutes, under a key that lives as
// long as the process. Nothing is stored; the current period's is taken and the one
// before. They bound how long ago a proof was made (a client's clock is the client's own
// say), and they are why proofs used before a restart cannot be used after it, though the
// memory of them is gone: a server that asks for nonces everywhere is as strict after a
// restart as before. Everybody gets the same nonce in a period. It is no secret.
//
// # Bounds
//
// Used proofs are remembered as 16 bytes of a hash (package once), so many as Options say.
// If there are more within a minute the next are refused with Busy, and nothing is
// forgotten early. Proofs of strangers, which anybody can make, may take half of the room,
// an address among them little of it; a key by which a token has opened an eighth, and so a
// client that has shown who it is. See Owner.
//
// # What the caller owes
//
// The URI is made of the configured public address and the path as it came, never of the
// Host header. A request whose token is bound passes that token and its key: want must not
// be zero then, for zero is any key. A bound token that comes as Bearer is refused by the
// caller (§7.2), and so is one without proof. A proof that is Verified counts for nothing
// before it is used: between the two is only what finds out whose it is. A new nonce is sent with UseNonce, and may be
// with every answer. Where the key ends up (cnf.jkt, the code, the refresh token) is the
// caller's to keep. Rates are limited before proofs are checked: a signature costs more
// than a form.
//
// # Errors
//
// errors.Is(err, UseNonce), Invalid or Busy; their texts are RFC 9449's error codes, but
// Busy, which is a 503. The words of why are safe to show and to log. The status is the
// caller's: 400 at the token endpoint, 401 with WWW-Authenticate: DPoP at a resource.
package dpop
