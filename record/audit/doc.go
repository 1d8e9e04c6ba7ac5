// Package audit is the person's log: what an entry of it says, how it is sealed,
// the Merkle tree over all of them, and the check that a device makes.
//
//	event       who did what, when, to which entries, and what came of it
//	leaf        an event sealed so that only the person can read it
//	tree        RFC 6962 over the leaves, in order (golang.org/x/mod/sumdb/tlog)
//	checkpoint  a signed note of the tree's size and root (golang.org/x/mod/sumdb/note)
//	frontier    the right edge of a tree: enough to go on from there
//
// There are three writers, and a leaf says which:
//
//	device  inside its statements, under a key from K_audit
//	grant   the server while it serves a token, under AK_g, which the token brought
//	node    the server itself, sealed to the person's X-Wing key
//
// So AK_g proves "the server, or that grantee with the disk", and nothing on the
// disk can read what was written.
//
// # What the check proves
//
// A device remembers the last head it saw. It fetches every leaf since, or all
// of them, computes the root itself, and compares it with the checkpoint. A leaf
// that was changed, dropped, added in the past, or moved, and a log that was
// wound back or forked, give another root: the error is Tampered, never an
// ordinary failure. A server can still leave out a future leaf, or show a device
// that has never seen a head an old state; docs/threat-model.md says so.
package audit
