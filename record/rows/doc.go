// Package rows is a record at rest: which rows there are, what each one says to
// whoever has no key, and how they hold one another. The server writes them, a
// backup carries them, and a device that fetches a copy of its own record checks
// them, all three with the code here. docs/format.md is the specification.
//
// # The rows of a person
//
//	h            Head       time, the log's frontier, hashes of the rows below
//	a            Account    identity, last statement, quota
//	v            Live       epoch, the grants valid now
//	r            Ring       the sealed keyring, and the root key wrapped for each slot
//	g grant      the grant's sealed row
//	b epoch      sealed links to the epoch before
//	d            Directory: the hashes of 64 segments
//	s n hash     one segment: (entry, stamp, hash of the newest version)…
//	e entry ^stamp     row 0 of a version
//	x entry ^stamp i   the other rows of a large version
//	l index      a log entry, sealed
//
// and in a partition of its own, c, a Capsule.
//
// # What holds what
//
// The head has the hashes of account, live list, ring and directory, and the peaks
// of the log. The directory has the segments' hashes, a segment that of each
// entry's newest version, and a version's row 0 that of the version before it and
// of its own other rows. So whoever believes a head believes all of the record,
// and "not there" is believed only when the directory says so too. Who vouches for
// the head is not decided here: a server has its MAC, a device the log.
//
// # What it must never do
//
// Nothing here opens a seal, and no error names more than the kind of row.
package rows
