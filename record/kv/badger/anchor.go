package badger

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"carehold/record"
)

// slotOffset keeps the slots in different blocks, so that a write cut short
// spoils one only.
const slotOffset = 4096

// anchor is the file that remembers the last commit outside the database.
type anchor struct {
	f    *os.File
	key  macKey
	sync func(*os.File) error // replaced in tests
}

// createAnchor makes the file with r in one slot and nothing in the other. One
// that is there is replaced at once or not at all: cut short, it still says what
// it said.
func createAnchor(path string, key macKey, r commitRecord) (*anchor, error) {
	made := path + ".new"
	f, err := os.OpenFile(made, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, err
	}
	// The blocks are there from the start: later writes change no length.
	_, err = f.Write(make([]byte, 2*slotOffset))
	if err == nil {
		a := &anchor{f: f, key: key, sync: (*os.File).Sync}
		err = errors.Join(f.Chmod(0o600), a.write(r))
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, err
	}
	if err := os.Rename(made, path); err != nil {
		return nil, err
	}
	if err := syncDir(filepath.Dir(path)); err != nil {
		return nil, err
	}
	a, _, found, err := openAnchor(path, key)
	if err == nil && !found {
		err = record.Safef(record.Integrity, "the anchor at %s is not what was written", path)
	}
	return a, err
}

// openAnchor opens the file, and returns the newest record in it; found is false
// when it has none, or is not there at all, and then a is nil.
func openAnchor(path string, key macKey) (a *anchor, newest commitRecord, found bool, err error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, newest, false, nil
	}
	if err != nil {
		return nil, newest, false, err
	}
	for slot := range int64(2) {
		b := make([]byte, recordSize)
		if _, err := f.ReadAt(b, slot*slotOffset); err != nil && err != io.EOF {
			return nil, newest, false, errors.Join(err, f.Close())
		}
		if r, ok := key.decode(b); ok && (!found || r.seq > newest.seq) {
			newest, found = r, true
		}
	}
	if !found {
		return nil, newest, false, f.Close()
	}
	if err := f.Chmod(0o600); err != nil {
		return nil, newest, false, errors.Join(err, f.Close())
	}
	return &anchor{f: f, key: key, sync: dataSync}, newest, true, nil
}

// write puts r over the older of the two slots, and syncs.
func (a *anchor) write(r commitRecord) error {
	if _, err := a.f.WriteAt(a.key.encode(r), int64(r.seq%2)*slotOffset); err != nil {
		return err
	}
	return a.sync(a.f)
}

func (a *anchor) close() error {
	if a == nil {
		return nil
	}
	return a.f.Close()
}
