// Package backup is a copy of a store, or of one record of it, that another store
// can be made from: how it is written, read, and verified without restoring it.
// docs/format.md §16 is the specification.
//
// # Frames
//
//	kind(1) || length(4) || body            at most 1 MiB
//
//	H   Header   which store, when, from which of its commits to which
//	R   a row of a person's: person(16) || length of the key(2) || key || value
//	C   the capsule of one of their slots: id(16) || hour(4) || blob
//	K   Last     the end of a person: hash of their head, epoch, checkpoint of their log
//	E   End      how many rows, SHA-256 of all frames before, signature
//
// People come in the order of their names; of each one rows, then capsules, both in
// order, then K. Everybody whom the store has is there, with K alone when nothing of
// them has changed.
//
// # A chain
//
// A full backup has every row. An increment has those that were written after the
// backup that it follows, which it names by that one's SHA-256. To have a record is
// to lay them over one another, the newest row of each key, and to leave out what
// then nothing names. Since all are in one order, a chain is read side by side, in
// one pass, with little memory, however large it is.
//
// # What it promises
//
// Reader refuses what is out of order, cut off, doubled, or goes on after the end,
// and what is not signed by the key that the header names. Merge refuses increments
// of another chain. Checker holds what then is there against the heads, as package
// rows has it. Whether the header's key is that of the server one knows is for the
// caller to ask: anybody can write a backup of a server of their own.
//
// # What it must never do
//
// A backup has no grant, no token, no invite and no live list, so that restoring
// one brings no access back. Nothing here opens a seal. The file's encryption is
// age's (filippo.io/age) and nobody else's.
package backup
