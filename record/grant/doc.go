// Package grant is what a grant says, and who can see what because of it.
//
// A Grant is a person's decision: to whom, which sections, which FHIR scopes,
// what for, from when until when. Signed by the person it is a certificate, and
// the server checks it on each request. Two locks guard an entry, and both must
// open:
//
//	the section   cryptography: a grant's row holds no key of another section
//	the scope     code: Decide, one pure function over one short table
//
// So a mistake in Decide can let a reader write inside the sections they were
// given; it can never show them another section.
//
// The scopes are SMART App Launch 2.2's, in its grammar, and what can be granted
// is what the log records, in the same words. A grant never says more than it
// spells out: an unknown letter, an unknown parameter, a context that is not
// patient's is an error, not something to be passed over.
//
// A scope may be narrowed by codes (Param). What that leaves out is left out by code
// alone, and hangs on what is in an entry: Decide says Depends, and whoever has the
// entry asks DecideOn. docs/decisions/0036-limits.md
//
// What a client asks for is read by ParseRequested, proposed to the person by Proposed,
// and told back by Granted.
package grant
