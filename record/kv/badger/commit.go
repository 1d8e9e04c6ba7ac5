package badger

import (
	"context"
	"errors"
	"runtime/debug"
	"sync/atomic"
	"time"

	bdb "github.com/dgraph-io/badger/v4"

	"carehold/record"
	"carehold/record/kv"
)

// request is one call of Update, on its way through the loop.
type request struct {
	ctx   context.Context
	p     partition
	fn    func(kv.Tx) error
	taken atomic.Bool // by the loop, or by the caller who gave up
	done  chan error  // one answer, if the loop took it
	err   error       // the loop's: the answer, once the commit is through
}

func (e *Engine) Update(ctx context.Context, p kv.Partition, fn func(kv.Tx) error) error {
	if !e.gate.enter() {
		return kv.ErrClosed
	}
	defer e.gate.leave()
	if err := ctx.Err(); err != nil {
		return err
	}
	r := &request{ctx: ctx, p: p, fn: fn, done: make(chan error, 1)}
	select {
	case e.queue <- r:
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-r.done:
		return err
	case <-ctx.Done():
		if r.taken.CompareAndSwap(false, true) {
			return ctx.Err()
		}
		return <-r.done
	}
}

// batch is what goes into one commit.
type batch struct {
	txn     *bdb.Txn // reads the last commit
	parts   map[partition]*overlay
	cost    int
	before  sum   // of the anchored rows, without it
	refused error // why, when nothing of it was committed
	room    room  // on the disk, when the batch began
	waiting []*request
}

func (e *Engine) newBatch() *batch {
	return &batch{txn: e.db.NewTransactionAt(e.ts, false), parts: map[partition]*overlay{}, room: e.room(), before: e.sum}
}

// loop runs updates and commits them, until the queue is closed. Whatever is in
// the queue when a commit begins to form goes along; nothing is waited for.
func (e *Engine) loop() {
	var b *batch
	finished := false
	defer func() {
		if finished {
			close(e.ended)
			return
		}
		// An update ended this goroutine (a test that called FailNow in one).
		e.fail("update", nil)
		b.txn.Discard()
		e.answer(b)
		go e.loop()
	}()
	for r := range e.queue {
		b = e.newBatch()
		for more := true; more; {
			b = e.run(b, r)
			more = false
			if len(b.waiting) < queueSize {
				select {
				case r, more = <-e.queue:
				default:
				}
			}
		}
		e.finish(b)
	}
	finished = true
}

// run runs one update on top of the batch, and returns the batch it is in: a
// new one, if the old was full.
func (e *Engine) run(b *batch, r *request) *batch {
	if !r.taken.CompareAndSwap(false, true) {
		return b
	}
	b.waiting = append(b.waiting, r)
	if r.err = r.ctx.Err(); r.err != nil || e.hasFailed() {
		return b
	}
	t := &tx{batch: b.parts[r.p], base: e.snapshot(b.txn, r.p), max: e.max}
	delta, err := e.apply(t, r.fn)
	t.end()
	if r.err = err; err == nil {
		r.err = b.room.allow(t.own.cost)
	}
	if r.err != nil || t.own.cost == 0 {
		return b
	}
	if b.cost+t.own.cost > e.max {
		b.waiting = b.waiting[:len(b.waiting)-1]
		e.finish(b)
		refused := b.refused
		b = e.newBatch()
		if b.waiting = append(b.waiting, r); refused != nil {
			r.err = refused // it was run on top of what was not committed
			return b
		}
	}
	part := b.parts[r.p]
	if part == nil {
		part = &overlay{}
		b.parts[r.p] = part
	}
	before := part.cost
	for _, key := range t.own.keys {
		part.set(key, t.own.rows[key])
	}
	b.cost += part.cost - before
	e.sum = e.sum.add(delta)
	return b
}

// apply runs fn, and returns what its writes add to the sum of anchored rows.
func (e *Engine) apply(t *tx, fn func(kv.Tx) error) (delta sum, err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		// What it panicked with may be part of a record, and is dropped.
		switch r := recover(); {
		case isFault(r):
			err = errFault
		case r != nil:
			err = record.Safef(record.Internal, "an update panicked")
		}
	}()
	if err := fn(t); err != nil {
		return delta, err
	}
	if t.err != nil {
		return delta, t.err
	}
	before := tx{batch: t.batch, base: t.base}
	for _, key := range t.own.keys {
		if !e.opts.anchors(key) {
			continue
		}
		switch old, err := before.Get([]byte(key)); {
		case err == nil:
			delta = delta.sub(e.key.row(t.base.p, []byte(key), old))
		case !errors.Is(err, kv.ErrNotFound):
			return delta, err
		}
		if c := t.own.rows[key]; !c.gone {
			delta = delta.add(e.key.row(t.base.p, []byte(key), c.value))
		}
	}
	return delta, nil
}

// finish commits the batch and answers its callers. Failed updates are answered
// then too: what they saw may have been another's write, and is told to nobody
// before it is durable.
func (e *Engine) finish(b *batch) {
	b.txn.Discard()
	if len(b.parts) > 0 && !e.hasFailed() {
		e.commit(b)
	}
	e.answer(b)
}

func (e *Engine) answer(b *batch) {
	failed := e.hasFailed()
	for _, r := range b.waiting {
		if failed {
			r.err = kv.ErrFailed
		}
		r.done <- r.err
	}
	b.waiting = nil
}

// commit writes the batch and its record, syncs, and anchors. From the first
// write on, any error is the end: what is on the disk is not known.
func (e *Engine) commit(b *batch) {
	defer e.meter.committed(time.Now(), len(b.waiting))
	r := e.key.record(e.last.seq+1, e.opts.Now().UnixNano(), e.sum)
	txn := e.db.NewTransactionAt(e.ts, true)
	err := txn.Set([]byte(recordRow), e.key.encode(r))
	files := e.apart.begin()
	for p, part := range b.parts {
		for key, c := range part.rows {
			if err != nil {
				break
			}
			k, large := rowKey(p, []byte(key)), false
			if e.apart.has(key) {
				err, large = files.replace(txn, k), len(c.value) >= e.apart.least
			}
			switch {
			case err != nil:
			case c.gone:
				err = txn.Delete(k)
			case large:
				err = txn.SetEntry(files.add(k, c.value))
			default:
				err = txn.Set(k, c.value)
			}
		}
	}
	if err == nil {
		err = files.count(txn)
	}
	if err != nil {
		txn.Discard()
		e.fail("write", err)
		return
	}
	stage, err := e.write(txn, e.ts+1, r, files)
	if refused, ok := errors.AsType[errApartRefused](err); ok {
		e.refuse(b, refused.why)
		return
	}
	if err != nil {
		e.fail(stage, err)
		return
	}
	if e.hasFailed() {
		return // meanwhile, in the background: nothing is shown, and the callers are told
	}
	e.ts++
	e.last = r
	e.at.Store(r.at)
	e.hot.committed(e.ts, b, e.opts.anchors)
	files.committed(e.ts)
	oldest := e.gate.advance(e.ts)
	e.db.SetDiscardTs(oldest)
	e.apart.clear(oldest)
}
