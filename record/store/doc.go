// Package store is the server's side: rows in an engine, opened only while a
// request that carries a key is served.
//
// # The one door
//
// Open takes a credential and returns a View, and a View is the only way to an
// entry. What a View may show is decided twice: its Hold has keys of the
// sections of its grant and no others (cryptography), and grant.Decide says
// which verbs (code). A View writes one log entry for each thing it does, in a
// commit that is synced before anything is returned, and that commit checks the
// live list and the epoch again: a View opened before a revoke answers nothing
// after it, and a read that cannot be logged does not happen.
//
// # The rows of a person
//
//	h            head     MAC by the node | time, log frontier, hashes of the rows below
//	a            account  identity, last statement, quota
//	v            live     epoch, the grants valid now
//	r            ring     the sealed keyring, and the root key wrapped for each slot
//	g grant      the grant's sealed row
//	b epoch      sealed links to the epoch before
//	d            directory: the hashes of 64 segments
//	s n hash     one segment: (entry, stamp, hash of the newest version)…
//	e entry ^stamp     row 0 of a version: hash of the one before, hint, hashes of the rest, sealed
//	x entry ^stamp i   what is left of a large version
//	l index      a log entry, sealed
//
// and in a partition of its own, "c" a capsule; "m…" in partition zero are the
// node's own. The head is the one row that authenticates the others, and the
// engine's anchor authenticates all heads: so a row put back from yesterday is
// found, and "not there" is believed only when the directory says so too.
//
// A stamp is the generation of an entry's rows (24 bits) and the version (40
// bits). Moving an entry to another section writes all its versions anew under
// the next generation, and one commit turns the directory to them. Package rows says
// how the newest version answers for those before it.
//
// Rows that nothing names, left by a crash between the commits of a large change,
// do not exist, and Keep removes them in time (reclaim.go). A store of an older
// format is brought into this one when it is opened (upgrade.go).
//
// # What it must never do
//
// Nothing from a record reaches a log or an error's Safe text. No key outlives
// its View. Writes of one person are one at a time; reads wait for nobody.
package store
