// Package assertion checks client assertions: the signed JWT with which an OAuth client
// says who it is (private_key_jwt, RFC 7523 §2.2 and §3), so that no secret is shared or
// sent. It is SMART's asymmetric client authentication and that of FAPI 2.
//
//	ClientID       who an assertion says it is by, to look its keys up; not believed yet
//	New            makes a Checker; a server needs one
//	Checker.Check  all of it: the key, the signature, the claims, and that it is new
//	ParseSet       the keys that a client registers by value (jwks)
//	NewKeys        the keys of clients that register an address (jwks_uri)
//
// # What must be so
//
//	header  alg   of the client's profile, below; crit and b64 refused
//	        kid   names the key; it may be missing for FAPI2 alone, where one key fits
//	        typ   JWT in any letters, or absent
//	        jku   absent, or the registered address, letter by letter; it is not followed
//	        x5u, x5c, x5t, jwk  not looked at: a key comes from the registration alone
//	claims  iss and sub   both the client's id
//	        aud   of the profile
//	        exp   to come, and no more than 5 minutes and 10 seconds from now
//	        iat, nbf   may be absent; no more than 10 seconds from now
//	        jti   1 to 256 bytes, used once by that client until exp
//
//	profile   aud                                       alg
//	SMART     issuer, token endpoint or the endpoint    RS384 ES384 ES256 PS256 PS384 Ed25519
//	          asked (RFC 9126 §2); a string, or among     EdDSA
//	          up to 16 in an array
//	FAPI2     the issuer, as a string                   PS256 ES256 Ed25519 EdDSA
//
// RS256, HS256 and none are in neither list. SMART's aud is wider than FAPI 2's, where an
// assertion that one server is given cannot be used at another: new clients for
// professionals should be FAPI2.
//
// # Which key
//
// Of the registered keys those count whose kid is the header's, whose kty is that of the
// alg, and whose use is sig or absent. There must be exactly one (SMART §client
// authentication). Then it must fit: its curve, its own alg and key_ops, and be strong
// enough (package signed). A set is refused as a whole if a name is in it twice, if a
// private or a symmetric key is in it, or if it has more than 32 keys; a key that is only
// of another kind or too weak is passed over, and the refusal says so when it is asked for.
//
// # Keys by address
//
// Keys fetches them through a fetch.Fetch, whose owner judges where a name leads at the
// moment it dials; https alone, also after a redirect, 64 KiB, 5 seconds. A set is kept
// as long as Cache-Control and Age say, 5 minutes if they say nothing, an hour at most. No
// address is asked twice within 10 seconds, whatever a client sends or its server says:
// so a set is kept for 10 seconds at least, and an error too, which is the one point where
// a server's max-age=0 or no-store is not heeded. A kid that is not in a set has it
// fetched again, within the same 10 seconds' rule, so that a client can change its keys.
// Eight addresses are asked at a time, and 256 are remembered. A set that is over is not
// used when it cannot be fetched again.
//
// # What the caller owes
//
// Client is what was registered, never what came with the request. client_assertion_type
// is checked, and client_id, where both come, is the assertion's. An assertion is checked
// once for a request, and before anything the client asks is done: Check uses it up. Rates
// are limited before. What is remembered of used ones is gone with the process: an
// assertion made within five minutes before a restart could be used once more after it, so
// what it is for must be bound by something else as well (a code, PKCE, DPoP).
//
// # Errors
//
// Every refusal is InvalidClient, to the outside one class, and the words of why are for
// whoever develops the client: safe to show and to log, with nothing quoted. Busy is not
// the client's fault: no room to remember, or too many addresses being asked.
package assertion
