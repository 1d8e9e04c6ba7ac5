// Package certificate is where a server's TLS certificate comes from, and how it
// is renewed while the server runs.
//
//	Files   two files that somebody else renews: read again when they change
//	ACME    a certificate authority, asked for it and for each renewal
//
// # The words
//
//	source   one of these
//	state    until when the certificate is good, what is wrong and what to do
//
// # What it promises
//
// What worked goes on working: a new certificate that cannot be used, or a
// renewal that fails, leaves the one there is in place, and says so in the log and
// in the state. A handshake never waits for a certificate authority, and never
// makes one be asked: a stranger cannot use up what it allows in an hour.
//
// The name that a certificate is asked for is the configured one, never one that
// a client says.
//
// # What it must never do
//
// Write a private key anywhere but in its cache, a folder of mode 0700 in the data
// folder. Fall back to plain HTTP.
package certificate
