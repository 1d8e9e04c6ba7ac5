// Package healthcard reads SMART Health Cards, says whether their issuer signed them,
// and gives their content in a form that can be imported (HL7 SMART Health Cards and
// Links 1.0.0). It has no network and no files: keys come from a Keys.
//
// # The words
//
//   - A Card is one signed statement by an issuer: a bundle of FHIR resources, with
//     from when and until when it holds.
//   - An issuer is an https address. Its keys are at /.well-known/jwks.json below it.
//   - A Verdict is Verified, Unverified (it could not be found out) or Bad, with a
//     Reason a program can act on and a Text for the person.
//
// # The forms
//
//	{"verifiableCredential":[JWS, …]}         a .smart-health-card file
//	a Parameters with verifiableCredential    what $health-cards-issue answers
//	shc:/5676…                                a QR code's text, two digits a letter
//	shc:/2/3/5676…                            one of several codes: all are needed, in any order
//	https://…#{"verifiableCredential":…}      a deep link
//	eyJ…                                      a JWS alone
//
// The JWS is ES256 over a DEFLATE'd payload, by a key whose kid is its thumbprint
// (package crypto/jose). It inflates to 1 MiB at most.
//
// # What a Verdict says
//
//	Verified    the key is among the issuer's, its name is its thumbprint, the signature
//	            is right, nbf has come, exp has not, and if the issuer has a list of what
//	            it took back, the card is not on it
//	Unverified  the issuer's keys or its list could not be had; or the key is not in a
//	            file of keys, which may be old
//	Bad         the signature is wrong; the issuer does not have the key (one that was
//	            stolen is taken down, and its cards with it); expired; not valid yet;
//	            revoked
//
// Verified says who signed: whoever holds that address. Whether to believe them is for
// the person, who is shown the address. Certificates (x5c) are not looked at, so no
// trust framework takes part. Anybody may issue a card.
//
// # The bundle
//
// Cards name their entries resource:0, resource:1 …, which means nothing outside. Bundle
// gives each a urn:uuid instead, made of the issuer and of what the entry says:
//
//	uuid  = SHA-256(h || times), version 8; times counts those with the same h in a card
//	h     = SHA-256("carehold/healthcard" 0 issuer 0 bytes), where for a resource:n there
//	        is resource:Patient, or h of that entry with its own resource:n left out
//
// So the same card is the same entries however often and in whatever form it comes, and
// what an earlier card of the issuer said, or one whose signature somebody changed, is
// the same entry. Only the names change; package fhir splices. Cards of another FHIR than
// 4.0 verify, and have no bundle.
//
// Unverified is the same with the label UNCERTREL ("uncertain reliability") in each
// entry's meta.security. Whether a card is forged nobody can know without the issuer's
// keys: the label is what goes on saying so, wherever the entry goes.
//
// # What it must never do
//
// Take a key from the card. Use the keys of one issuer for the cards of another. Call
// something Verified because it could not be refuted.
package healthcard
