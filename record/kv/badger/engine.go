package badger

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	bdb "github.com/dgraph-io/badger/v4"

	"carehold/record"
	"carehold/record/kv"
)

type partition = kv.Partition

var _ kv.Engine = (*Engine)(nil)

// queueSize bounds the updates that wait for the next commit. More callers wait
// for a place.
const queueSize = 1024

// Engine is a store on this machine's disk.
type Engine struct {
	dir      string
	opts     Options
	key      macKey
	db       *bdb.DB
	anchor   *anchor
	probe    *probe
	wal      *wal
	apart    *apart
	accepted bool
	sound    soundness
	holes    atomic.Pointer[holes]
	damaged  atomic.Int64  // tables
	looked   chan struct{} // closed when nobody looks at tables any more
	lookAway context.CancelFunc
	begun    uint64 // timestamp of the last loss that was accepted; 0: there was none
	max      int    // of one commit, in kv's count

	gate  gate
	hot   hot
	queue chan *request
	ended chan struct{} // closed when the loop has answered its last request

	failing sync.Once
	failed  chan struct{}

	at    atomic.Int64 // time of the last anchored commit
	meter meter

	// The commit loop's own.
	ts   uint64 // Badger's timestamp of the last commit
	last commitRecord
	sum  sum // of the anchored rows, the batch under way included

	free     func(dir string) (int64, error) // replaced in tests
	patience time.Duration                   // with a commit
}

func newEngine(db *bdb.DB, dir string, opts Options) *Engine {
	// A row costs Badger less than RowCost on top of its bytes, and the record of
	// the commit goes along.
	limit := min(db.MaxBatchSize(), db.MaxBatchCount()*kv.RowCost)
	return &Engine{
		dir: dir, opts: opts, key: slices.Clone(macKey(opts.Key)), db: db,
		max:    int(limit) - 4*kv.RowCost - recordSize,
		gate:   newGate(),
		queue:  make(chan *request, queueSize),
		ended:  make(chan struct{}),
		looked: make(chan struct{}),
		apart:  newApart(dir, opts.Apart),
		failed: make(chan struct{}),
		free:   freeSpace, patience: commitPatience,
	}
}

// Damaged returns how many of the store's tables are damaged, as far as that has
// been looked into: before it was opened, after the store was not closed properly,
// and else soon after. What was found before opening is left as it is, and no table
// is merged: so what is whole can be read, by whom it belongs to, until a backup is
// restored. What is not whole reads as record.Integrity.
func (e *Engine) Damaged() (damaged, tables int) { return int(e.damaged.Load()), e.sound.tables }

// Looked is closed when Damaged will not change any more.
func (e *Engine) Looked() <-chan struct{} { return e.looked }

// ViewDamaged is View for whoever verifies every row themselves: it gives what
// there is in damaged tables too, which may be anything, or lack anything.
func (e *Engine) ViewDamaged(p kv.Partition, fn func(kv.Reader) error) error {
	return e.view(func(txn *bdb.Txn) error {
		s := &snapshot{txn: txn, p: p, apart: apartRows{dir: e.apart.dir, damaged: true}}
		defer s.end()
		return fn(s)
	})
}

// Accepted reports whether the store was not as it was left, and was opened all
// the same because of Options.AcceptLoss. The caller writes that down.
func (e *Engine) Accepted() bool { return e.accepted }

func (e *Engine) MaxUpdate() int { return e.max }

func (e *Engine) LastCommit() time.Time { return commitRecord{at: e.at.Load()}.time() }

func (e *Engine) Failed() <-chan struct{} { return e.failed }

func (e *Engine) hasFailed() bool {
	select {
	case <-e.failed:
		return true
	default:
		return false
	}
}

// fail stops the engine for good. Of err only what the system said is told, and
// what is ours: Badger's own words hold keys.
func (e *Engine) fail(stage string, err error) {
	e.failing.Do(func() {
		close(e.failed)
		cause := record.SafeText(trouble(err, e.dir))
		e.opts.Log.Error("the store has stopped, for what is on the disk is not known: look at the disk, then start again; nothing that was acknowledged is lost", "stage", stage, "cause", cause)
	})
}

func (e *Engine) View(p kv.Partition, fn func(kv.Reader) error) error {
	return e.view(func(txn *bdb.Txn) error {
		s := e.snapshot(txn, p)
		defer s.end()
		return fn(&s)
	})
}

func (e *Engine) snapshot(txn *bdb.Txn, p partition) snapshot {
	return snapshot{txn: txn, p: p, holes: e.known(), hot: &e.hot, kinds: e.opts.Anchored, apart: e.apart.rows()}
}

func (e *Engine) Partitions(fn func(p kv.Partition) error) error {
	return e.view(func(txn *bdb.Txn) error { return eachPartition(txn, fn) })
}

// view gives fn the last anchored commit.
func (e *Engine) view(fn func(*bdb.Txn) error) (err error) {
	if !e.gate.enter() {
		return kv.ErrClosed
	}
	defer e.gate.leave()
	if e.hasFailed() {
		return kv.ErrFailed
	}
	ts := e.gate.hold()
	defer e.gate.release(ts)
	txn := e.db.NewTransactionAt(ts, false)
	defer txn.Discard()
	defer faults(&err)()
	return fn(txn)
}

// Housekeep advises the kernel of new tables. To be called every few minutes. It does
// not flatten: after 60,000 rows of 1 KiB were written four times over, the merges
// that go on by themselves had left 70 MB, and flattening made 61 of it. Nor does it
// collect the value log, in which there is nothing.
func (e *Engine) Housekeep() error {
	if !e.gate.enter() {
		return kv.ErrClosed
	}
	defer e.gate.leave()
	if e.hasFailed() {
		return kv.ErrFailed
	}
	advise(e.dir)
	e.apart.clear(e.gate.oldest())
	return nil
}

func (e *Engine) Close() error {
	if !e.gate.close() {
		return kv.ErrClosed
	}
	close(e.queue)
	<-e.ended
	e.lookAway()
	<-e.looked
	if !e.hasFailed() {
		e.apart.clear(e.gate.oldest())
	}
	return errors.Join(e.closeBadger(), e.wal.close(), e.anchor.close(), e.probe.close())
}

// unreadable hides what Badger said, for it quotes keys.
func unreadable(err error) error {
	return &record.Error{Kind: record.Integrity, Safe: "Badger cannot read or write its files", Err: err}
}
