package badger

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"

	"carehold/record"

	bdb "github.com/dgraph-io/badger/v4"
)

// Of the kinds in Options.Apart, rows of 128 KiB and more are no part of Badger's
// tables: those of one commit are in one file, and Badger has of each where it is.
// Through the tables a document of 100 MB is written six times over, and each merge
// builds new ones in memory: the process grew by 700 MB.
//
//	apart/<file>       the rows of one commit, one behind the other
//	row in Badger      file(8) | offset(4) | length(4), with the user meta 1
//	"f" | file(8)      how many rows of that file are in use(4)
//
// It is not Badger's value log, which is a mapping of a file full of holes, faults on
// a full disk, and is synced beside the log of the memory table. A file is written
// with write(2) and synced, and its name too, before Badger hears of it: so there is
// no commit without its rows, whenever the power goes. A disk that is full says so
// before anything is known of the commit, which is refused, and the store goes on.
//
// A file is removed when none of its rows is in use and no View may see one: the
// commit that counts the last of them off takes its count out too. What a kill leaves
// has no count, and is removed when the store is next opened.
const (
	apartDir   = "apart"
	apartLeast = 128 << 10 // below it a file costs more than it spares
	apartRow   = 'f'       // of the counts; outside every partition
	isApart    = 1         // Badger's user meta
)

// place is where a row is.
type place struct {
	file     uint64
	at, size uint32
}

func (x place) encode() []byte {
	b := binary.BigEndian.AppendUint64(nil, x.file)
	return binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(b, x.at), x.size)
}

func decodePlace(b []byte) (x place, ok bool) {
	if len(b) != 16 {
		return x, false
	}
	return place{binary.BigEndian.Uint64(b), binary.BigEndian.Uint32(b[8:]), binary.BigEndian.Uint32(b[12:])}, true
}

func countRow(file uint64) []byte { return binary.BigEndian.AppendUint64([]byte{apartRow}, file) }

// apart are the files.
type apart struct {
	dir    string
	kinds  []byte
	least  int                                 // replaced in tests
	create func(path string) (*os.File, error) // the same
	sync   func(f *os.File) error              // the same
	write  func(f *os.File, b []byte) error    // the same
	bytes  atomic.Int64                        // of all files

	mu   sync.Mutex
	dead []deadFile
}

// deadFile is one that no commit from ts on needs.
type deadFile struct{ file, ts uint64 }

func newApart(dir string, kinds []byte) *apart {
	return &apart{dir: filepath.Join(dir, apartDir), kinds: kinds, least: apartLeast, sync: dataSync,
		create: func(path string) (*os.File, error) {
			return os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		},
		write: func(f *os.File, b []byte) error { _, err := f.Write(b); return err }}
}

func (a *apart) path(file uint64) string { return a.rows().path(file) }

// rows reads what is in the files.
func (a *apart) rows() apartRows { return apartRows{dir: a.dir} }

// apartRows reads rows that are in files.
type apartRows struct {
	dir     string
	damaged bool // a row that is not there whole is given as empty, for whoever verifies it
}

func (a apartRows) path(file uint64) string {
	return filepath.Join(a.dir, fmt.Sprintf("%016x.rows", file))
}

// has reports whether rows with that key may be in a file.
func (a *apart) has(key string) bool { return key != "" && slices.Contains(a.kinds, key[0]) }

// read returns the row that Badger has that place of, in buf if there is room.
func (a apartRows) read(where, buf []byte) ([]byte, error) {
	b, err := a.readWhole(where, buf)
	if err == errDamaged && a.damaged {
		return buf[:0], nil
	}
	return b, err
}

func (a apartRows) readWhole(where, buf []byte) ([]byte, error) {
	x, ok := decodePlace(where)
	if !ok || x.size > valueThreshold {
		return nil, errDamaged
	}
	path := a.path(x.file)
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && !info.Mode().IsRegular() { // a pipe would be waited for
		return nil, errDamaged
	}
	var f *os.File
	if err == nil {
		f, err = os.Open(path)
	}
	if why := refusedFor(err); why != nil {
		return nil, why
	}
	if err != nil {
		return nil, trouble(err, a.dir)
	}
	defer f.Close()
	buf = slices.Grow(buf[:0], int(x.size))[:x.size]
	switch _, err := f.ReadAt(buf, int64(x.at)); {
	case err == io.EOF:
		return nil, errDamaged
	case err != nil:
		return nil, trouble(err, a.dir)
	}
	return buf, nil
}

// aside is what one commit does to the files.
type aside struct {
	a    *apart
	file uint64
	size uint32
	rows [][]byte
	off  map[uint64]uint32 // rows that go out of use, by their file
	dead []uint64
}

func (a *apart) begin() *aside { return &aside{a: a, off: map[uint64]uint32{}} }

// replace notes that what a row is now goes out of use.
func (x *aside) replace(txn *bdb.Txn, row []byte) error {
	var old place
	held := false
	err := guard(func() error {
		item, err := txn.Get(row)
		if errors.Is(err, bdb.ErrKeyNotFound) {
			return nil
		}
		if err != nil || item.UserMeta() != isApart {
			return err
		}
		return item.Value(func(b []byte) error { old, held = decodePlace(b); return nil })
	})
	if err != nil {
		return unreadable(err)
	}
	if held {
		x.off[old.file]++
	}
	return nil
}

// add returns what Badger is given for a row that goes into the file.
func (x *aside) add(row, value []byte) *bdb.Entry {
	if len(x.rows) == 0 {
		var id [8]byte
		rand.Read(id[:]) // no two alike, whatever is put back or left behind
		x.file = binary.BigEndian.Uint64(id[:])
	}
	where := place{x.file, x.size, uint32(len(value))}
	x.rows, x.size = append(x.rows, value), x.size+where.size
	return bdb.NewEntry(row, where.encode()).WithMeta(isApart)
}

// count writes how many rows of each file are in use.
func (x *aside) count(txn *bdb.Txn) error {
	for file, off := range x.off {
		b, _, err := get(txn, countRow(file))
		if errors.Is(err, errNone) || err == nil && len(b) != 4 {
			continue // nobody knows what is in it: it stays
		}
		if err != nil {
			return err
		}
		if n := binary.BigEndian.Uint32(b); n > off {
			err = txn.Set(countRow(file), binary.BigEndian.AppendUint32(nil, n-off))
		} else {
			x.dead = append(x.dead, file)
			err = txn.Delete(countRow(file))
		}
		if err != nil {
			return unreadable(err)
		}
	}
	if len(x.rows) > 0 {
		if err := txn.Set(countRow(x.file), binary.BigEndian.AppendUint32(nil, uint32(len(x.rows)))); err != nil {
			return unreadable(err)
		}
	}
	return nil
}

// errApartRefused: the system would not take the file, and what it took was removed
// again. Badger has not heard of it.
type errApartRefused struct{ why error }

func (e errApartRefused) Error() string { return "badger: a file of rows was not taken" }

// refusedFor is what such a commit is answered with, and a read that cannot be for now;
// nil where the disk itself failed, of which nobody knows what else is not as it was.
func refusedFor(err error) error {
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return ErrDiskFull
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
		return errFiles
	}
	return nil
}

var errFiles error = record.Safef(record.Unavailable, "the server has as many files open as it may: try again in a moment")

// write makes the file and puts it on the disk.
func (x *aside) write() error {
	if len(x.rows) == 0 {
		return nil
	}
	path := x.a.path(x.file)
	dir, err := openDir(x.a.dir) // first: once the file is there, nothing that may be refused is left to do
	if why := refusedFor(err); why != nil {
		return errApartRefused{why}
	}
	if err != nil {
		return err
	}
	defer dir.close()
	f, err := x.a.create(path)
	if err == nil {
		for _, row := range x.rows {
			if err == nil {
				err = x.a.write(f, row)
			}
		}
	}
	if err == nil {
		err = x.a.sync(f) // which is where some file systems find that there is no room
	}
	if why := refusedFor(err); why != nil {
		if err = removeFile(f, path); err == nil {
			err = errApartRefused{why}
		}
		return err
	}
	if f != nil {
		err = errors.Join(err, f.Close())
	}
	if err == nil {
		err = dir.sync()
	}
	if err == nil {
		x.a.bytes.Add(int64(x.size))
	}
	return err
}

func removeFile(f *os.File, path string) error {
	err := closeFile(f)
	if gone := os.Remove(path); !errors.Is(gone, fs.ErrNotExist) {
		err = errors.Join(err, gone)
	}
	return err
}

// committed hears of a commit that is anchored.
func (x *aside) committed(ts uint64) {
	x.a.mu.Lock()
	defer x.a.mu.Unlock()
	for _, file := range x.dead {
		x.a.dead = append(x.a.dead, deadFile{file, ts})
	}
}

// clear removes the files that nobody needs who reads at oldest or later.
func (a *apart) clear(oldest uint64) {
	a.mu.Lock()
	var now []deadFile
	a.dead = slices.DeleteFunc(a.dead, func(d deadFile) bool {
		if d.ts <= oldest {
			now = append(now, d)
		}
		return d.ts <= oldest
	})
	a.mu.Unlock()
	for _, d := range now {
		a.remove(a.path(d.file)) // one that stays costs its room, and no more
	}
}

func (a *apart) remove(path string) {
	if info, err := os.Lstat(path); err == nil && os.Remove(path) == nil {
		a.bytes.Add(-info.Size())
	}
}

// open makes the folder and measures what is in it. What no count knows of is removed
// if the store is sound, block by block, as it is seen to be after it was not closed:
// then only was something left, and else a count may be there and not be found.
func (a *apart) open(txn *bdb.Txn, sound bool) error {
	err := os.Mkdir(a.dir, 0o700)
	if err == nil {
		return syncDir(filepath.Dir(a.dir))
	}
	if !errors.Is(err, fs.ErrExist) {
		return trouble(err, a.dir)
	}
	list, err := os.ReadDir(a.dir)
	if err != nil {
		return trouble(err, a.dir)
	}
	for _, d := range list {
		var file uint64
		if _, err := fmt.Sscanf(d.Name(), "%016x.rows", &file); err != nil || a.path(file) != filepath.Join(a.dir, d.Name()) {
			continue
		}
		if info, err := d.Info(); err == nil {
			a.bytes.Add(info.Size())
		}
		if !sound {
			continue
		}
		switch _, _, err := get(txn, countRow(file)); {
		case errors.Is(err, errNone):
			a.remove(a.path(file))
		case err != nil:
			return err
		}
	}
	return nil
}

// refuse answers a batch that the system had no room for. Nothing of it is known to
// anybody, so the store is what it was before it.
func (e *Engine) refuse(b *batch, why error) {
	e.sum, b.refused = b.before, why
	for _, r := range b.waiting {
		if r.err == nil {
			r.err = why
		}
	}
}
