package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"sync/atomic"

	bdb "github.com/dgraph-io/badger/v4"
	bopt "github.com/dgraph-io/badger/v4/options"

	"carehold/record/kv"
	"carehold/record/kv/badger"
)

// settings are those of record/kv/badger.
func settings(dir string) bdb.Options {
	return bdb.DefaultOptions(dir).WithSyncWrites(true).WithDetectConflicts(false).WithNumVersionsToKeep(1).
		WithMetricsEnabled(false).WithCompression(bopt.None).WithBlockCacheSize(0).WithIndexCacheSize(16 << 20).
		WithValueThreshold(1 << 20).WithValueLogFileSize(64 << 20).WithMemTableSize(16 << 20).
		WithNumMemtables(2).WithNumCompactors(2).WithCompactL0OnClose(true).WithLogger(nil)
}

// plain is Badger without more, and, when it is synced, one goroutine that commits
// whatever waits.
type plain struct {
	db    *bdb.DB
	queue chan *wanted // nil: not synced
	ended chan struct{}
	next  atomic.Uint64
}

// wanted is one request's write.
type wanted struct {
	key, body []byte
	done      chan error
}

func openPlain(dir string, synced bool) (*plain, error) {
	db, err := bdb.Open(settings(dir).WithSyncWrites(synced))
	if err != nil {
		return nil, err
	}
	p := &plain{db: db, ended: make(chan struct{})}
	if synced {
		p.queue = make(chan *wanted, 1024)
		go p.loop()
	}
	return p, nil
}

func (p *plain) get(key []byte) (value []byte, err error) {
	err = p.db.View(func(txn *bdb.Txn) error {
		item, err := txn.Get(key)
		if err == nil {
			value, err = item.ValueCopy(nil)
		}
		return err
	})
	return value, err
}

func (p *plain) put(key, body []byte) error {
	if p.queue == nil {
		return p.db.Update(func(txn *bdb.Txn) error { return txn.Set(key, body) })
	}
	w := &wanted{key, body, make(chan error, 1)}
	p.queue <- w
	return <-w.done
}

// loop is record/kv/badger's: a commit takes what queued while the one before it
// synced, and waits for nothing.
func (p *plain) loop() {
	defer close(p.ended)
	for w := range p.queue {
		batch := []*wanted{w}
		for more := true; more && len(batch) < cap(p.queue); {
			select {
			case w, more = <-p.queue:
				if more {
					batch = append(batch, w)
				}
			default:
				more = false
			}
		}
		err := p.db.Update(func(txn *bdb.Txn) error {
			for _, w := range batch {
				if w.body != nil {
					if err := txn.Set(w.key, w.body); err != nil {
						return err
					}
				}
				if err := txn.Set(p.logKey(), make([]byte, logRow)); err != nil {
					return err
				}
			}
			return nil
		})
		for _, w := range batch {
			w.done <- err
		}
	}
}

func (p *plain) logKey() []byte { return binary.BigEndian.AppendUint64([]byte("log/"), p.next.Add(1)) }

func (p *plain) close() error {
	if p.queue != nil {
		close(p.queue)
		<-p.ended
	}
	return p.db.Close()
}

// ourEngine is record/kv/badger, with ten partitions as for ten people.
type ourEngine struct {
	*badger.Engine
	next atomic.Uint64
}

var headRow = []byte("h")

func engineOptions() badger.Options {
	return badger.Options{Key: make([]byte, badger.KeySize), Anchored: headRow}
}

func openEngine(dir string) (*ourEngine, error) {
	e, err := badger.Open(dir, engineOptions())
	return &ourEngine{Engine: e}, err
}

func partOf(key []byte) kv.Partition { return kv.Partition{key[len(key)-1] % 10} }

func (e *ourEngine) get(key []byte) (value []byte, err error) {
	err = e.View(partOf(key), func(r kv.Reader) error {
		value, err = r.Get(key)
		return err
	})
	return value, err
}

func (e *ourEngine) put(key, body []byte) error {
	n := binary.BigEndian.AppendUint64(nil, e.next.Add(1))
	part := kv.Partition{n[7] % 10}
	if key != nil {
		part = partOf(key)
	}
	return e.Update(context.Background(), part, func(tx kv.Tx) error {
		if key != nil {
			tx.Put(key, body)
		}
		tx.Put(append([]byte("log/"), n...), make([]byte, logRow))
		tx.Put(headRow, n) // what changes with every write, and the anchor remembers
		return nil
	})
}

func (e *ourEngine) close() error { return e.Engine.Close() }

func fillEngine(dir string, in io.Reader) error {
	e, err := badger.Create(dir, engineOptions())
	if err != nil {
		return err
	}
	waiting := map[kv.Partition]map[string][]byte{}
	flush := func(part kv.Partition) error {
		defer delete(waiting, part)
		return e.Update(context.Background(), part, func(tx kv.Tx) error {
			for key, body := range waiting[part] {
				tx.Put([]byte(key), body)
			}
			return nil
		})
	}
	err = eachBody(in, func(key, body []byte) error {
		part := partOf(key)
		if waiting[part] == nil {
			waiting[part] = map[string][]byte{}
		}
		waiting[part][string(key)] = body
		if len(waiting[part]) < 500 {
			return nil
		}
		return flush(part)
	})
	for part := range waiting {
		err = errors.Join(err, flush(part))
	}
	return errors.Join(err, e.Close())
}

// A file of bodies is, for each, two lengths and the bytes.
func writeBody(w io.Writer, key string, body []byte) error {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(key)))
	b = binary.BigEndian.AppendUint32(b, uint32(len(body)))
	_, err := w.Write(append(append(b, key...), body...))
	return err
}

func eachBody(in io.Reader, fn func(key, body []byte) error) error {
	r := bufio.NewReaderSize(in, 1<<20)
	for {
		var sizes [8]byte
		if _, err := io.ReadFull(r, sizes[:]); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		n := int(binary.BigEndian.Uint32(sizes[:4]))
		b := make([]byte, n+int(binary.BigEndian.Uint32(sizes[4:])))
		if _, err := io.ReadFull(r, b); err != nil {
			return err
		}
		if err := fn(b[:n:n], b[n:]); err != nil {
			return err
		}
	}
}
