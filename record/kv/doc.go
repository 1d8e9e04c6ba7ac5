// Package kv is the seam between the store and whatever keeps its rows.
//
// # The words
//
//   - A partition is a person, or a capsule, which is looked up before the
//     person is known. Every read and every write belongs to one, and no
//     promise spans two: so a store can be spread over several machines by
//     partition, and an engine that shards has nothing to coordinate.
//   - A row is a key and a value inside a partition. Keys are ordered as bytes.
//   - An update is a function that reads and writes one partition. It runs alone
//     there, and happens wholly or not at all.
//   - An engine is what is behind the seam. record/kv/badger is the one for a
//     single machine. record/kv/kvtest is the suite that any engine must pass.
//
// # What an engine promises
//
//	a nil from Update   the writes are on the disk, synced, and the engine can
//	                    tell later that they were
//	an error from fn    nothing fn wrote exists
//	ErrFailed           nobody can say what is on the disk: the engine has
//	                    stopped, and answers nothing more until it is reopened
//	a View              sees one moment, and only what is durable
//
// # What it must never do
//
// An engine sees ciphertext only, and is not trusted with more: a row it loses
// or alters is found by the store, through the seal of each row and the
// directory of each person. What the store cannot see is an engine that hands
// back yesterday's rows, all of them, in perfect order. So an engine keeps an
// anchor, outside the rows, that says how far it had come.
//
// An engine never retries a write whose sync failed, never acknowledges one that
// is only visible, and never prints a key or a value.
package kv
