package kv

import (
	"context"
	"errors"
	"time"

	"carehold/record"
)

// Partition is a person, or a capsule: every operation belongs to exactly one.
type Partition [16]byte

// RowCost is what each row written counts towards MaxUpdate, besides the bytes
// of its key and its value.
const RowCost = 128

// MaxKey is the longest key a partition may hold, and MaxValue the longest value: what
// is longer Badger keeps apart from the rest of its commit, and a power cut could part
// the two.
const (
	MaxKey   = 1024
	MaxValue = 1<<20 - 1
)

var (
	// ErrNotFound is returned by Get. It has no record.Kind on purpose: whether a
	// missing row means "not there" or "lost" is for the store to say, and one
	// that leaks is a fault of ours, never a 404.
	ErrNotFound = errors.New("kv: no such key")

	// ErrTooLarge: the update writes more than MaxUpdate, or a key is longer than
	// MaxKey or a value than MaxValue. Nothing was written.
	ErrTooLarge error = record.Safef(record.TooLarge, "more than one update may write")

	// ErrMark: the mark given to Changes is not of this store's history: the store
	// was put back to an earlier state since, or is another one. Begin with 0.
	ErrMark error = record.Safef(record.Conflict, "the store has gone another way since that mark: begin again from the start")

	// ErrClosed: the engine was closed before the call.
	ErrClosed error = record.Safef(record.Unavailable, "the store is closed")

	// ErrFailed: a sync or an anchor failed, so nobody knows what is on the disk.
	// The engine has stopped, and the process must exit. The update may or may
	// not be there after a restart.
	ErrFailed error = record.Safef(record.Unavailable, "the store has stopped after a failed write to disk")
)

// Reader reads one partition. It is valid only until the function it was given
// to returns, and is for one goroutine.
type Reader interface {
	// Get returns the value of key, or ErrNotFound. The slice is the caller's.
	Get(key []byte) ([]byte, error)

	// Scan calls fn for every key with the prefix, in byte order, until fn
	// returns false or an error, which Scan returns. It starts at the first key
	// at or after from; a nil from, or one before the prefix, is the start of the
	// prefix. key and value are valid only during the call.
	Scan(prefix, from []byte, fn func(key, value []byte) (more bool, err error)) error
}

// Getter gives rows by their keys, one at a time.
type Getter interface {
	Get(key []byte) ([]byte, error)
}

// Neighbours gives fn a Getter for rows that lie near one another: all have the
// prefix, and there are many of them. What it returns is valid only until it is asked
// for the next one, and is not to be changed: so nothing is copied to be thrown away.
// Where the reader has no quicker way than its own Get, it is that.
func Neighbours(r Reader, prefix []byte, fn func(Getter) error) error {
	if n, has := r.(interface {
		Neighbours(prefix []byte, fn func(Getter) error) error
	}); has {
		return n.Neighbours(prefix, fn)
	}
	return fn(r)
}

// Tx reads and writes one partition. Reads see the transaction's own writes and
// those of every update that ran before it, acknowledged or not. Put and Delete
// copy what they are given; what they cannot write makes Update fail.
type Tx interface {
	Reader
	Put(key, value []byte)
	Delete(key []byte)
}

// Engine keeps the rows. All its methods may be called by many goroutines.
type Engine interface {
	// View gives fn a consistent snapshot of one partition, which holds nothing
	// that is not durable.
	View(p Partition, fn func(Reader) error) error

	// Update runs fn alone in its partition. If fn returns nil, its writes are
	// atomic, and durable (synced and anchored) when Update returns nil. If fn
	// fails or panics nothing it wrote exists. fn must be quick, must not call
	// the engine, and is not run at all when ctx ends before its turn; once it
	// has run, Update waits for the outcome whatever becomes of ctx.
	Update(ctx context.Context, p Partition, fn func(Tx) error) error

	// Partitions calls fn for each partition that holds a key, in byte order, in
	// one pass over one snapshot, for sweeping and scrubbing. fn may call View
	// and Update.
	Partitions(fn func(p Partition) error) error

	// Changes calls fn for each row that was committed after since, in byte order
	// of partition and key, in one snapshot of what is durable; mark is what to
	// pass the next time, and no row is missed between the two. since 0 gives
	// every row. A row is given once, with its newest value, however often it was
	// written; one deleted meanwhile is not told of, so whoever follows must know
	// by other means which rows there are. A mark keeps its meaning when the store
	// is closed, killed and compacted; ErrMark when it is from another history.
	// key and value are valid only during the call. fn may call View and Update.
	Changes(since uint64, fn func(p Partition, key, value []byte) error) (mark uint64, err error)

	// MaxUpdate is how much one Update may surely write: the bytes of keys and
	// values, and RowCost for each row. More gives ErrTooLarge.
	MaxUpdate() int

	// LastCommit is the wall-clock time of the last durable commit as the anchor
	// remembers it; zero for a new store.
	LastCommit() time.Time

	// Failed is closed when the engine has stopped for ErrFailed.
	Failed() <-chan struct{}

	// Close waits for the calls under way, then closes the store.
	Close() error
}
