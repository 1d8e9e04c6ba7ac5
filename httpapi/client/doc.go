// Package client speaks to a Carehold server over HTTP, as docs/api.md says. It has two
// sides, which share a Client and nothing else:
//
//	c, err := client.New("https://record.example.org", client.Options{})
//
//	h, err := holder.Unlock(ctx, c, slot, memory)   // the person's: keys, grants, the log
//	s := c.With(token)                              // whoever has a token: entries
//
// # The person's side
//
// A Client is a holder.Server, a holder.Reader and a holder.Asking, and package holder
// does the rest: it derives, opens, signs and checks, and sends through the Client nothing
// but what is sealed, public or signed; and, to sign in, the key of the person's own grant.
// Enrol makes a record, Unlock opens one; then Grant, Amend, Revoke, Link, Approve, Check,
// SignIn. A device keeps what Memory returns after each of them, the failed ones included:
// without it a server that was wound back could not be told from one that was not.
//
// # The side of a token
//
// A Session is a Client with a token: an access token of a grant, or the person's own
// session. What it reads and writes is what the token opens; what it does not open is
// record.NotFound, as what is not there.
//
//	Read, VRead, Part, History, Search   entries, as FHIR JSON in the bytes that came
//	Transaction, Upload                  changes; what is too large to stand in one
//	Content, Download, Whole             documents, which go on where a line broke
//	Summary                              the patient summary of what the token opens
//
// Who has no token yet asks for one, at an address that the person shows them: Ask, and
// then Answer until they have said yes or no.
//
// For a person's session alone: Entries, Why, Move, Imports, Undo, Preview, Patient,
// Copy, PutLinkFile, DropLink.
//
// Package fhir parses a resource where more than its bytes is wanted. There is no method
// for every FHIR interaction: any FHIR client that sends a bearer token has the others.
//
// # Errors
//
// An error that the server answered with has the record.Kind it had there, and a caller
// asks the same on both sides:
//
//	errors.Is(err, record.Unauthorized)   the token is over: sign in, or ask the person
//	errors.Is(err, record.NotFound)       not there, or not for this token
//	errors.Is(err, record.Conflict)       somebody was first
//	errors.Is(err, record.Unavailable)    no answer, or none that makes sense: nobody
//	                                      knows what became of the request
//	errors.Is(err, record.Integrity)      something was found changed or lost
//
// Its text is for the person who asked, with everything taken out that a terminal would
// obey; record.SafeText is what may be logged. A request that was refused for its rate is
// sent again after Retry-After, where that is 10 seconds or less; no other is.
//
// # What it is not
//
// It keeps nothing on a disk, refreshes no token and asks nobody anything: cmd/carehold
// does. All of it can be used by several goroutines at once.
//
// # What it must never do
//
// Send anything in the clear but to this machine; follow a redirect, or a link to the
// next page, which could lead a token elsewhere; put a token into an error or a log;
// believe a server's answer to be of any size.
package client
