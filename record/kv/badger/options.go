package badger

import (
	"bytes"
	"fmt"
	"log/slog"
	"path/filepath"
	"time"

	bdb "github.com/dgraph-io/badger/v4"
	bopt "github.com/dgraph-io/badger/v4/options"

	"carehold/record/kv"
)

// DefaultReserve is the free disk space below which writes are refused.
const DefaultReserve = 256 << 20

// KeySize is the size of Options.Key.
const KeySize = 32

// Options say how a store is opened.
type Options struct {
	// Key is the node's anchor key, KeySize bytes. Whoever has it can forge an
	// anchor; losing it is as losing the anchor.
	Key []byte

	// Anchored are the kinds of rows that the anchor answers for, by the first byte
	// of their keys: the first of them is that of the head rows, whose values stand
	// for the rest of their partitions, and then those that no head knows of. Each
	// is read when the store is opened. Empty: a single row put back is not found.
	Anchored []byte

	// Apart are the kinds of rows that are kept in files of their own when they are
	// large (apart.go), by the first byte of their keys: what is written once, and not
	// Anchored.
	Apart []byte

	// Anchor is the path of the anchor. Default: "anchor" beside the database's
	// directory.
	Anchor string

	// AcceptLoss opens a store that the anchor contradicts, and anchors it as it
	// is. Engine.Accepted tells whether that was so. It is for an operator who
	// has put a backup in place, and is never a default.
	AcceptLoss bool

	// OnAccept are rows that are put when a loss is accepted, in the very commit
	// that accepts it: so that no crash parts the two.
	OnAccept []Row

	// Reserve is the free disk space, in bytes, below which an update of more
	// than 64 KiB is refused with ErrDiskFull; below half of it, every update, and
	// the store is not opened. What is left lets small ones, such as the log of a
	// read, go on for a while, and what is in memory reach the disk: with no space
	// at all Badger's mapped files end in a fault, not in an error. 0 is
	// DefaultReserve, less is none.
	Reserve int64

	// Log gets warnings of the engine and of Badger, without any key or value.
	// nil: none.
	Log *slog.Logger

	// Now is the clock of the anchor's commit times. Default: time.Now.
	Now func() time.Time
}

// Row is one row to put.
type Row struct {
	Partition  kv.Partition
	Key, Value []byte
}

func (o Options) withDefaults(dir string) (Options, error) {
	if len(o.Key) != KeySize {
		return o, fmt.Errorf("the anchor key has %d bytes, not %d", len(o.Key), KeySize)
	}
	if o.Anchor == "" {
		o.Anchor = filepath.Join(filepath.Dir(filepath.Clean(dir)), "anchor")
	}
	if o.Reserve == 0 {
		o.Reserve = DefaultReserve
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o, nil
}

const (
	memTableSize   = 16 << 20
	valueThreshold = 1 << 20 // a row of so many bytes would go to the value log, and Badger allows no more
)

// settings are Badger's. None is the reader's to choose: with other values the
// promises of this package do not hold, or were not measured.
func settings(dir string, log *slog.Logger) bdb.Options {
	return bdb.DefaultOptions(dir).
		WithSyncWrites(!syncsMapped). // or else wal syncs
		WithDetectConflicts(false).   // one goroutine writes
		WithNumVersionsToKeep(1).
		WithMetricsEnabled(false).
		WithCompression(bopt.None). // rows are ciphertext
		WithBlockCacheSize(0).      // only compression and encryption need one
		WithIndexCacheSize(16 << 20).
		WithValueThreshold(valueThreshold). // all rows are in tables, and no larger one is taken
		WithValueLogFileSize(64 << 20).
		WithMemTableSize(memTableSize).
		WithNumMemtables(2).
		WithNumCompactors(2).
		WithCompactL0OnClose(false). // a merge that fails would be the end of the process, at each stop
		WithLogger(&quiet{log: log})
}

// anchors reports whether the anchor answers for rows with that key.
func (o Options) anchors(key string) bool {
	return key != "" && bytes.IndexByte(o.Anchored, key[0]) >= 0
}
