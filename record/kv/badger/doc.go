// Package badger is the engine for one machine: Badger for the rows, a commit
// loop in front of it and an anchor beside it. It is the only package that
// imports Badger.
//
// # On the disk
//
//	<dir>/…      Badger's files
//	  "a"                          the record of the last commit
//	  "b"                          since a loss was accepted: the timestamp it began anew at(8)
//	  "f" | file(8)                how many rows of a file in apart are in use(4)
//	  "r" | partition(16) | key    a row, or where in apart it is
//	<dir>/apart/…  large rows of the kinds in Options.Apart, a file a commit (apart.go)
//	anchor.new   an anchor that is being made
//	anchor       two slots, 4096 bytes apart, written in turn; each a record
//	record       magic(16) | commit number(8) | unix nanoseconds(8) | state(32) | MAC(32)
//
// Each commit writes its record in the same Badger transaction as its rows and
// syncs; then into one slot of the anchor, and syncs that; then the callers hear
// of it. Numbers are big endian. With K the node's anchor key, and HMAC
// HMAC-SHA-256:
//
//	MAC    HMAC(K, "slot\0"  | everything before it in the record)
//	state  HMAC(K, "state\0" | commit number | sum)
//	sum    the sum over all rows of the kinds in Options.Anchored, modulo 2^256, of
//	       HMAC(K, "row\0" | partition | length of the key(2) | key | value)
//
// # What the anchor finds, when the store is opened
//
//   - An older copy of the database: its commit number is below the anchor's. One
//     above is a crash between the two writes, and is mended.
//   - A database of another history with the same number: the states differ.
//   - One partition put back in an otherwise current database. The store keeps in
//     the head row a value that changes with every write of that partition, and
//     binds the rest to it (the person's directory, the log's head). The sum is
//     computed from the rows when the store is opened, so an older head, a head
//     missing, or one that was another partition's changes it. The sum itself is
//     never written: only its keyed hash is. So whoever copies the disk every day
//     does not learn even the differences between heads' hashes, has nothing to
//     search for a set of old heads with the same sum, and without K can make no
//     state for a set of heads the node did not have at that commit.
//
// # What it does not find
//
//   - Database and anchor put back together. Only what lives elsewhere can tell:
//     each person's device keeps the head of its log, and asks for the proof.
//   - The last commit alone undone, by who also spoils the slot that names it.
//   - Anything done while the store is open, or with K in hand.
//   - Rows the store does not bind to the head row.
//
// With another key than the store's nothing of this can be told: ErrKey, and no
// loss is accepted then. Badger's checksum is over the database's record, so one
// that is whole, and that the key did not make, was made with another.
//
// # What it promises
//
// An update is acknowledged when it is synced and anchored, never before. A View
// reads at the last anchored commit, so it neither waits for a sync nor sees what
// a failed one left behind; for this the engine runs Badger in managed mode,
// where each commit and each snapshot names its own timestamp. There is no timer:
// a commit takes what queued while the one before it synced.
//
// # When the disk fails
//
// Badger alone answers much of this with a fault or a panic in a goroutine of its
// own, which ends the process at each start, or by trying again for ever.
//
//	little room       ErrDiskFull before anything is written: large updates first,
//	                  then all; not opened (Options.Reserve, room.go)
//	read-only, gone   the same, in words: a small file is written to before each
//	                  commit (room.go, trouble.go)
//	a failed write    ErrFailed, and the end; so for what Badger writes behind the
//	                  scenes, or only logs (quiet.go)
//	no answer         ErrFailed after some minutes; Close ends too (patience.go)
//	no room for a     ErrDiskFull for that commit, and the store goes on (apart.go)
//	  file of rows
//	a failed read     record.Integrity for that read; mapped files fault (trouble.go)
//	a damaged table   never merged: what is whole is read on (tables.go)
//	a table not there taken off the list, if its writing failed and nothing was in
//	                  it alone (manifest.go), which is tried out beside (trial.go)
//
// What is left is a fault in one of Badger's own goroutines: the disk gone within
// one commit, or filled by another program while a table is written (the log of the
// memory table has its blocks ahead: ahead.go). Then the process ends, nothing
// acknowledged is lost, and the next start says what is the matter.
//
// # What it must never do
//
// Go on after a failed write or sync. Badger's text never reaches a log or a
// caller: it quotes keys.
package badger
