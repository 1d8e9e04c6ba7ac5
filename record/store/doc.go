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
// What a token opens is kept between requests sealed under the token's own secret, and
// held against the capsule's row, the live list and the grant's row each time
// (opened.go); a head that was found good is believed again to the byte (heads.go).
//
// # Searching
//
// Search, History and the conditions of a change go through the headers of what the
// grant may see (package search's indexes), once, in one snapshot: an entry that is
// outside is not among them, so nothing that is counted, sorted, included, followed or
// refused can depend on it. Bodies are opened for what a page shows only.
//
// A memo keeps these headers between requests, for each grant and epoch, sealed under
// a key that comes from the grant's own: it is opened when a request brings that key,
// in buffers that are overwritten when the request ends. A memo is of one directory,
// whose hashes say what changed since; that alone is read and indexed anew, and pages
// of one type let a search open what it looks at. Where too much would be kept, or
// nothing may be, a search goes through the rows instead, entry by entry, and finds the
// same; few do at a time. What is named by _id is looked up. All of them end when nobody
// waits for them. What a grant may write for others to go through has a bound.
//
//	memos        which there are, least recently used out (memo.go)
//	memoWork     one is brought up to a directory (memo_work.go)
//	pass         what one search goes through, in the clear (pass.go)
//	parts        a search of what is not kept (parts.go), and places for it (cold.go)
//	searched     how much each grant wrote for searches to go through (searched.go)
//	Asked        what a list was asked for, inside the token of its next page (page.go)
//
// A memo goes when its grant is stopped or runs out, and when an epoch begins.
//
// # What is derived
//
// Who wrote a version, what was granted and what the log says are shown as FHIR too, as
// far as the View reaches (package derived). Reads and searches that name it make it,
// in the request, and nothing of it is kept.
//
//	deriver      makes one, by its name (derived.go)
//	candidates   what a search goes through, part by part (derivedparts.go, derivedsearch.go)
//
// # Changing
//
// ApplyPlan runs a plan under the person's turn to write, from the record as it will
// be changed: what a condition found is still so when the change is made. The person
// goes to the front of the line for it, and grants have turns in turn (writers.go). What was
// found is in the log with the change, or with its refusal. Reads of a transaction
// come last and see what it changes; a search in one would have to as well, and is
// refused.
//
//	along        the files that go along with a letter (along.go)
//	sending      whose contents are on their way, and what room each has (sentroom.go)
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
// its View but sealed under what was presented, and nothing that is kept can be read
// without that. Writes of one person
// are one at a time; reads wait for nobody, but that the first search of a grant is
// waited for by its others.
package store
