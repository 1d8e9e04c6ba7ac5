package badger

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"math"
	"os"
	"path/filepath"

	bdb "github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/table"

	"carehold/record"
)

// A store whose manifest names a table that is not there may lack nothing, after a
// write that failed, or all there was. Badger can tell only once it is open, and by
// then it has changed the folder: the logs have become tables, which the manifest
// as it was does not name. So the store without that table is opened elsewhere
// first, in a folder of its own: tables are linked there, which nothing writes to,
// and the logs copied. Only when it proves whole is the real manifest mended. Else
// every opening is refused alike, and who finds the file can put it back.
//
// Whole is what the anchor names, row for row, with each commit since the last
// merge in it. Accepting a loss does not change that: it is for a store that is
// somebody's known state, and what is left without a table is nobody's.

// trialDir is that folder, in the store's own. One left by a kill is removed when
// the store is opened.
const trialDir = "trial"

var errGone = record.Safef(record.Integrity, "tables of the store are not there: restore the last backup")

// mend takes tables that could not be written out of the manifest, and reports
// whether there were any. The folder is as it was if it returns an error.
func mend(dir string, opts Options) (done bool, err error) {
	manifest, err := without(dir)
	if manifest == nil || err != nil {
		return false, err
	}
	trial := filepath.Join(dir, trialDir)
	if err = fillTrial(dir, trial, manifest); err == nil {
		err = tryOut(trial, opts)
	}
	if err = errors.Join(err, os.RemoveAll(trial)); err == nil {
		err = writeManifest(dir, manifest)
	}
	return err == nil, trouble(err, dir)
}

// fillTrial makes the store that would be there with another manifest.
func fillTrial(dir, trial string, manifest []byte) error {
	err := errors.Join(os.RemoveAll(trial), os.Mkdir(trial, 0o700))
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(trial, bdb.ManifestFilename), manifest, 0o600); err != nil {
		return err
	}
	m, _ := tablesOf(trial)
	if _, err := checkNamed(context.Background(), dir, m.Tables, false); err != nil {
		return err
	}
	for id := range m.Tables {
		from, to := table.NewFilename(id, dir), table.NewFilename(id, trial)
		if os.Link(from, to) == nil {
			continue
		}
		if err := copySparse(from, to); err != nil { // a disk without links
			return err
		}
	}
	logs, err := filepath.Glob(filepath.Join(dir, "*.mem"))
	for _, name := range logs {
		if err := copySparse(name, filepath.Join(trial, filepath.Base(name))); err != nil {
			return err
		}
	}
	return err
}

// copySparse leaves out what holds zeros only, as most of a log is.
func copySparse(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	size := int64(0)
	block, zeros := make([]byte, 64<<10), make([]byte, 64<<10)
	for err == nil {
		var n int
		n, err = io.ReadFull(in, block)
		if string(block[:n]) != string(zeros[:n]) {
			if _, err := out.WriteAt(block[:n], size); err != nil {
				return errors.Join(err, out.Close())
			}
		}
		size += int64(n)
	}
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		err = out.Truncate(size)
	}
	return errors.Join(err, out.Close())
}

// tryOut returns nil if the store in trial is the whole one that was left.
func tryOut(trial string, opts Options) (err error) {
	opts.Log = slog.New(slog.DiscardHandler)  // what happens there is not told of the store
	db, err := openBadger(trial, opts, false) // a merge would drop the versions that are counted
	switch {
	case record.KindOf(err) == record.Integrity:
		return errGone // it was not to be opened before either
	case err != nil:
		return err
	}
	e := newEngine(db, trial, opts)
	db.Opts().Logger.(*quiet).tell(e.fail)
	defer func() { err = errors.Join(err, e.closeBadger(), e.anchor.close()) }()
	defer faults(&err)()
	v, err := e.examine()
	if err != nil {
		return err
	}
	e.ts, e.begun = db.MaxVersion(), v.begun
	switch bad := v.judge(e.key); {
	case bad == ErrKey:
		return bad
	case bad != nil:
		return errGone
	}
	return e.complete()
}

// complete reports whether each commit since the last merge is there: each wrote
// the record row, and only a merge drops older versions of it.
func (e *Engine) complete() error {
	merged := uint64(0)
	for _, t := range e.db.Tables() {
		if t.Level > 0 {
			merged = max(merged, t.MaxVersion)
		}
	}
	txn := e.db.NewTransactionAt(math.MaxUint64, false)
	defer txn.Discard()
	c := &cursor{it: txn.NewIterator(bdb.IteratorOptions{Prefix: []byte(recordRow), AllVersions: true})}
	defer c.close()
	next := e.ts
	for c.seek([]byte(recordRow)); c.valid() && next > merged; c.next() {
		v := c.it.Item().Version()
		if v != next && next+1 != e.begun { // where the history began anew, the numbers leap
			break
		}
		next = v - 1
	}
	if c.err == nil && next > merged {
		return errGone
	}
	return c.err
}
