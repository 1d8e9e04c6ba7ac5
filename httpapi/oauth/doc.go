// Package oauth is the door by which an app or a professional asks a person for access:
// OAuth 2.0 (RFC 6749, RFC 9700) as SMART App Launch 2.2 has it, over HTTP.
//
//	/oauth/authorize    the person's browser comes with what a client asks; a page with a code
//	/oauth/wait         the page waits until the person has answered on a device of theirs
//	/oauth/par          a client pushes what it will ask (RFC 9126)
//	/oauth/token        a code, a refresh token or a client's own key, for an access token;
//	                    a token that was given in hand, for one that is bound to a key
//	/oauth/introspect   RFC 7662
//	/oauth/revoke       RFC 7009
//	/ask/{address}      a person asks another, at an address that was shown to them
//	/.well-known/…      what of all this there is
//
// # Nobody signs in here
//
// The keys are on the person's devices, so the authorize page asks for no passphrase. It
// leads to the person's own page in this browser (/app/consent, which finds the request by
// the browser's cookie: Brought), and shows a code; the person types it on another device.
// There they see who asks for what, and answer. The answer is sealed to a credential that only the waiting browser has
// (a cookie), so it is good for nobody else; what is kept meanwhile is kept in memory,
// bounded, and holds no key. Whose record it is this server learns from the answer, or
// when the person looks at the request: nothing of that is kept, and the client is told
// nothing of whether there is a record before the answer.
//
// # The order of refusals
//
// A client and an address to go back to that are not known to belong together are told to
// the person, on a page, and nobody is sent anywhere. Everything after that is told to the
// client, by a redirect (303) to exactly that address, with iss (RFC 9207); but of an app
// that nobody registered what is wrong is a page as well, for a link to here must not lead
// to anybody's address by itself.
//
// # What it promises
//
// A parameter that comes twice is refused, whatever it says. Nothing of a request is in a
// log, but for the fixed words of a refusal. A code, a token and a verifier are taken from
// a form body and nowhere else. Every error for a code or token that opens nothing is one
// error. Cookies are looked at by the waiting pages, and by the page on which the person
// answers, alone.
//
// # What it must never do
//
// Redirect to what was not registered. Keep the secret of a request, code or token. Show
// what a client says of itself without saying that it is its own word.
package oauth
