package badger

import (
	"context"
	"encoding/binary"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"

	bdb "github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/ristretto/v2/z"

	"carehold/record"
)

// Create makes a new store in dir, which must be empty or not there, and opens it.
func Create(dir string, opts Options) (*Engine, error) {
	opts, err := opts.withDefaults(dir)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	if ok, err := empty(dir); err != nil {
		return nil, err
	} else if !ok {
		return nil, record.Safef(record.Conflict, "there is something in %s already", dir)
	}
	// An anchor without its database is a loss to look into, not a place for a new one.
	if _, err := os.Lstat(opts.Anchor); !errors.Is(err, fs.ErrNotExist) {
		return nil, record.Safef(record.Conflict, "there is an anchor at %s already", opts.Anchor)
	}
	return start(dir, opts)
}

// Open opens the store in dir. A store that is not as it was left gives a
// *Rollback, unless Options.AcceptLoss.
func Open(dir string, opts Options) (*Engine, error) {
	opts, err := opts.withDefaults(dir)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(filepath.Join(dir, bdb.ManifestFilename)); err != nil {
		return nil, record.Safef(record.NotFound, "there is no store in %s: %w", dir, err)
	}
	return start(dir, opts)
}

func start(dir string, opts Options) (_ *Engine, err error) {
	if err := usable(dir, opts); err != nil {
		return nil, err
	}
	mended, err := mend(dir, opts)
	if err != nil {
		return nil, err
	}
	sound, err := inspect(dir)
	if err != nil {
		return nil, err
	}
	if sound.damaged > 0 {
		opts.Log.Error("tables of the store are damaged: what is in them cannot be read, and space is not given back; restore the last backup", "damaged", sound.damaged, "tables", sound.tables)
	}
	db, err := openBadger(dir, opts, sound.damaged == 0)
	if err != nil {
		return nil, err
	}
	e := newEngine(db, dir, opts)
	e.sound = sound
	if e.damaged.Store(int64(sound.damaged)); sound.damaged > 0 {
		e.holes.Store(&e.sound.holes)
	}
	db.Opts().Logger.(*quiet).tell(e.fail)
	defer func() {
		if err != nil {
			err = errors.Join(trouble(err, dir), e.closeBadger(), e.wal.close(), e.anchor.close(), e.probe.close())
		}
	}()
	defer faults(&err)()
	if e.probe, err = newProbe(dir); err != nil {
		return nil, err
	}
	if err := os.RemoveAll(filepath.Join(dir, trialDir)); err != nil {
		return nil, err
	}
	if err := tighten(dir); err != nil {
		return nil, err
	}
	if e.wal, err = openWAL(dir); err != nil {
		return nil, err
	}
	v, err := e.examine()
	if err != nil {
		return nil, err
	}
	e.sum, e.last, e.ts, e.begun = v.rows, v.stored, db.MaxVersion(), v.begun

	bad := v.judge(e.key)
	if bad == ErrKey {
		return nil, bad
	}
	if mended {
		opts.Log.Warn("a table that could not be written was taken out of the store's list: nothing was in it alone")
	}
	if bad == nil {
		bad = e.strays()
	}
	switch {
	case v.unfinished():
		err = e.reanchor(1, 0, e.ts+1)
	case bad == nil && v.stored != v.anchored:
		err = e.anchor.write(v.stored) // the crash came between the commit and its anchor
	case bad != nil && opts.AcceptLoss && record.KindOf(bad) == record.Integrity:
		e.accepted = true
		if err := takeStrays(dir); err != nil {
			return nil, err
		}
		seq := max(v.stored.seq, v.anchored.seq) + 1
		e.begun = max(e.ts, seq) + newHistory
		err = e.reanchor(seq, opts.Now().UnixNano(), e.begun)
	default:
		err = bad
		if r, ok := bad.(*Rollback); ok { // it may be that the disk forgot, and nobody put anything back
			if s, err := checkTables(context.Background(), dir, true); err == nil {
				r.Damaged, r.Tables = s.damaged, s.tables
			}
		}
	}
	if err != nil {
		return nil, err
	}
	e.at.Store(e.last.at)
	e.hot.ts = e.ts
	e.gate.advance(e.ts)
	db.SetDiscardTs(e.ts)
	txn := db.NewTransactionAt(e.ts, false)
	err = e.apart.open(txn, !sound.closed && sound.damaged == 0 && !e.accepted)
	if txn.Discard(); err != nil {
		return nil, err
	}
	advise(dir)
	go e.loop()
	ctx, cancel := context.WithCancel(context.Background())
	if e.lookAway = cancel; sound.closed {
		go e.look(ctx)
	} else {
		close(e.looked) // it was, before Badger was opened
	}
	return e, nil
}

// examine gathers what database and anchor say of the last commit.
func (e *Engine) examine() (v evidence, err error) {
	e.anchor, v.anchored, v.hasAnchor, err = openAnchor(e.opts.Anchor, e.key)
	if err != nil {
		return v, err
	}
	// Everything that is there, even what another program wrote at a later time.
	txn := e.db.NewTransactionAt(math.MaxUint64, false)
	defer txn.Discard()
	raw, _, err := get(txn, []byte(recordRow))
	if err != nil && !errors.Is(err, errNone) {
		return v, err
	}
	v.stored, v.hasRecord = e.key.decode(raw)
	// Badger's checksum is over it: it is as somebody wrote it.
	v.foreign = !v.hasRecord && isRecord(raw)
	switch raw, _, err := get(txn, []byte(begunRow)); {
	case err == nil && len(raw) == 8:
		v.begun = binary.BigEndian.Uint64(raw)
	case err != nil && !errors.Is(err, errNone):
		return v, err
	}
	err = eachPartition(txn, func(p partition) error {
		v.hasRows = true
		return e.anchored(txn, p, func(key, value []byte) {
			v.rows = v.rows.add(e.key.row(p, key, value))
			if key[0] == e.opts.Anchored[0] {
				v.heads = v.heads.add(e.key.head(p, value))
			}
		})
	})
	return v, err
}

// anchored gives the rows of a partition that the anchor answers for.
func (e *Engine) anchored(txn *bdb.Txn, p partition, fn func(key, value []byte)) error {
	for _, kind := range e.opts.Anchored {
		prefix := rowKey(p, []byte{kind})
		c := iterate(txn, prefix)
		for c.seek(prefix); c.valid() && c.err == nil; c.next() {
			_, err := c.visit(e.apart.rows(), func(key, value []byte) (bool, error) { fn(key, value); return true, nil })
			if err != nil {
				c.err = err
			}
		}
		c.close()
		if c.err != nil {
			return c.err
		}
	}
	return nil
}

// newHistory is how far timestamps leap when a loss is accepted. Without one they
// are the commit numbers, give or take what crashes of Create leave; so no
// timestamp of what was lost is given out again, and a mark of then is known.
const newHistory = 1 << 20

// reanchor takes the database as it is: a new record, and a new anchor file.
func (e *Engine) reanchor(seq uint64, at int64, ts uint64) error {
	txn := e.db.NewTransactionAt(e.ts, true)
	defer txn.Discard()
	if e.accepted {
		if err := e.onAccept(txn); err != nil {
			return err
		}
	}
	r := e.key.record(seq, at, e.sum)
	if err := txn.Set([]byte(recordRow), e.key.encode(r)); err != nil {
		return unreadable(err)
	}
	if e.accepted {
		if err := txn.Set([]byte(begunRow), binary.BigEndian.AppendUint64(nil, ts)); err != nil {
			return unreadable(err)
		}
	}
	if err := txn.CommitAt(ts, nil); err != nil {
		return unreadable(err)
	}
	err := e.wal.commit()
	if err == nil {
		err = e.anchor.close()
	}
	if err != nil {
		return err
	}
	e.anchor, err = createAnchor(e.opts.Anchor, e.key, r)
	e.ts, e.last = ts, r
	return err
}

// onAccept puts the rows that go with the acceptance of a loss, and counts them.
func (e *Engine) onAccept(txn *bdb.Txn) error {
	for _, row := range e.opts.OnAccept {
		k := rowKey(row.Partition, row.Key)
		if e.opts.anchors(string(row.Key)) {
			switch old, _, err := get(txn, k); {
			case err == nil:
				e.sum = e.sum.sub(e.key.row(row.Partition, row.Key, old))
			case !errors.Is(err, errNone):
				return err
			}
			e.sum = e.sum.add(e.key.row(row.Partition, row.Key, row.Value))
		}
		if err := txn.Set(k, row.Value); err != nil {
			return unreadable(err)
		}
	}
	return nil
}

// maxEmptyFiles is more empty files than a kill can leave.
const maxEmptyFiles = 16

var errEmptyFile = errors.New("badger: a log is empty")

// openBadger opens the database, again if a kill left an empty log. Badger makes
// a memory table's log first and its header later, and cannot open one of length
// zero; but the attempt gives it the header, and the next one opens it. So
// nothing is removed here.
func openBadger(dir string, opts Options, merge bool) (*bdb.DB, error) {
	for attempt := 0; ; attempt++ {
		db, err := tryBadger(dir, opts, merge)
		if !errors.Is(err, errEmptyFile) || attempt == maxEmptyFiles {
			return db, err
		}
	}
}

const (
	lockTries = 5
	lockPause = 40 * time.Millisecond
)

func inUse(err error) bool {
	return err != nil && strings.Contains(err.Error(), "Another process is using this Badger database")
}

func tryBadger(dir string, opts Options, merge bool) (db *bdb.DB, err error) {
	defer func() {
		// Badger panics over some damaged tables, with their bytes in the text.
		if recover() != nil {
			err = record.Safef(record.Integrity, "Badger cannot read its files in %s", dir)
		}
	}()
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	how := settings(dir, opts.Log)
	if !merge {
		how = how.WithNumCompactors(0).WithNumLevelZeroTablesStall(1 << 20) // see tables.go
	}
	// Between fork and exec, a process that is being started holds every lock of the
	// one that starts it: what was closed a moment ago may look open for a moment more.
	for range lockTries {
		if db, err = bdb.OpenManaged(how); !inUse(err) {
			break
		}
		time.Sleep(lockPause)
	}
	switch {
	case err == nil:
		return db, nil
	case inUse(err):
		return nil, record.Safef(record.Unavailable, "the store in %s is open in another process", dir)
	}
	cause := err
	if strings.Contains(err.Error(), z.NewFile.Error()) {
		cause = errEmptyFile
	}
	if told := trouble(err, dir); told != err {
		return nil, told
	}
	return nil, &record.Error{Kind: record.Integrity, Safe: "Badger cannot open its files in " + dir, Err: cause}
}
