// Package fetch is how a package that has no network asks for what stands at an
// address that a stranger wrote: the files of a SMART Health Link, an issuer's keys.
//
//	Fetch     makes one request; somebody with a network implements it (cmd)
//	Get       fetches a document: https only, a few redirects, a bounded body
//	Post      sends a document and takes the answer as it is
//	Check     says whether an address may be asked at all
//
// # What a Fetch owes
//
// It makes exactly the request it is given: no redirect is followed, no cookie, no
// credential, no Referer and no cache takes part, and the name of no person or
// record is added. It takes TLS 1.2 or later, and any other certificate is an error.
// Where a name leads it judges itself, at the moment it dials: an address that is
// not public is refused unless whoever runs it asked for it, since a stranger's
// address may otherwise reach a printer or a cloud's metadata. It keeps a deadline.
// Nothing of a request is logged: a link's address is as good as the link.
//
// # What is checked here
//
// The scheme of each address, also of those redirected to; the number of redirects;
// the size of a body, whatever its Content-Length says.
package fetch
