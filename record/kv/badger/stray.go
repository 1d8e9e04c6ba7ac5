package badger

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	bdb "github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/table"
	"github.com/dgraph-io/badger/v4/y"
	"github.com/dgraph-io/ristretto/v2/z"

	"carehold/record"
)

// A kill in the middle of a flush or a merge leaves tables that the manifest does
// not name, and Badger removes them. It does the same with a good table whose entry
// was the last in the manifest, when one bit of that entry's length is wrong: it
// takes the rest for an entry cut short. So such tables are put aside before Badger
// is opened, and removed only when all that is in them is in the store as well.

// asideDir is where they are meanwhile; they stay there if something would be lost.
const asideDir = "aside"

// putAside moves the tables that are not named out of Badger's sight.
func putAside[T any](dir string, named map[uint64]T) error {
	tables, err := filepath.Glob(filepath.Join(dir, "*.sst"))
	if err != nil {
		return err
	}
	for _, path := range tables {
		id, ok := table.ParseFileID(filepath.Base(path))
		if _, is := named[id]; is || !ok {
			continue
		}
		aside := filepath.Join(dir, asideDir)
		if err := os.MkdirAll(aside, 0o700); err != nil {
			return err
		}
		if err := os.Rename(path, filepath.Join(aside, filepath.Base(path))); err != nil {
			return err
		}
	}
	return nil
}

// newest is the newest version of a row in the tables that were put aside.
type newest struct {
	version uint64
	gone    bool
}

// strays looks whether what was put aside is in the store, and then removes it.
func (e *Engine) strays() error {
	aside := filepath.Join(e.dir, asideDir)
	tables, err := filepath.Glob(filepath.Join(aside, "*.sst"))
	if err != nil || len(tables) == 0 {
		return err
	}
	rows := map[string]newest{}
	for _, path := range tables {
		if guard(func() error { _, err := checkTable(path, true); return err }) != nil {
			continue // it was never finished
		}
		if err := guard(func() error { return readStray(path, rows) }); err != nil {
			return err
		}
	}
	for key, row := range rows {
		if row.gone || key[0] != rowKind {
			continue // a merge drops what was deleted
		}
		if there, err := e.hasVersion([]byte(key), row.version); err != nil {
			return err
		} else if !there {
			return errStray
		}
	}
	return os.RemoveAll(aside)
}

var errStray = record.Safef(record.Integrity, "a table of the store was lost from its list, and rows are in it alone: restore the last backup; nothing was removed")

func readStray(path string, rows map[string]newest) (err error) {
	f, err := z.OpenMmapFile(path, os.O_RDONLY, 0)
	if err != nil {
		return trouble(err, path)
	}
	defer func() { err = errors.Join(err, f.Close(-1)) }()
	t, err := table.OpenTable(f, table.Options{})
	if err != nil {
		return trouble(err, path)
	}
	it := t.NewIterator(0)
	defer it.Close()
	const deleted = 1 << 0 // Badger's bitDelete
	for it.Rewind(); it.Valid(); it.Next() {
		key, version := string(y.ParseKey(it.Key())), y.ParseTs(it.Key())
		if len(key) > 0 && version >= rows[key].version {
			rows[key] = newest{version, it.Value().Meta&deleted != 0}
		}
	}
	return nil
}

// hasVersion reports whether the store has that version of a row, or a newer one.
func (e *Engine) hasVersion(key []byte, version uint64) (there bool, err error) {
	txn := e.db.NewTransactionAt(e.ts, false)
	defer txn.Discard()
	c := &cursor{it: txn.NewKeyIterator(key, bdb.IteratorOptions{AllVersions: true})}
	defer c.close()
	c.seek(key)
	there = c.valid() && c.it.Item().Version() >= version
	return there, c.err
}

// takeStrays forgets what was put aside, for a loss that is accepted.
func takeStrays(dir string) error {
	err := os.RemoveAll(filepath.Join(dir, asideDir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
