package badger

import (
	"encoding/binary"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	bdb "github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/table"
)

// Badger writes a new table, then a change to its manifest that names it. If that
// change cannot be synced, it removes the table again and leaves the change, which
// may well be on the disk: then the database names a table that is not there, and
// Badger does not open it. What was in the table still is where it was: in the log
// of the memory table, in the tables that were to be merged, or in another one
// written a second later.
//
//	manifest  magic(8) | change sets
//	set       length:u32 | CRC-32C:u32 | 1*: change, in Protocol Buffers' encoding
//	change    1: table 2: what (0 created, 1 removed) …
//
// So a set that creates a table which is not there is left out of the manifest.
// That nothing is missing is not believed but tried out: see trial.go.

// without returns the manifest without the sets whose tables are not there, and nil
// when it is as it should be, or not one that can be read: Badger says then what is
// the matter.
func without(dir string) (mended []byte, err error) {
	b, err := os.ReadFile(filepath.Join(dir, bdb.ManifestFilename))
	if err != nil || len(b) < 8 {
		return nil, nil
	}
	there := func(id uint64) bool {
		_, err := os.Lstat(table.NewFilename(id, dir))
		return !errors.Is(err, fs.ErrNotExist)
	}
	sets, ok := changeSets(b[8:])
	if !ok || allThere(sets, there) {
		return nil, nil
	}
	removed := map[uint64]bool{}
	for _, s := range sets {
		for _, id := range s.removes {
			removed[id] = true
		}
	}
	mended = append(mended, b[:8]...)
	var kept []changeSet
	for _, s := range sets {
		missing := false
		for _, id := range s.creates {
			missing = missing || !removed[id] && !there(id)
		}
		if missing {
			continue
		}
		kept = append(kept, s)
		mended = append(mended, s.raw...)
	}
	if !allThere(kept, there) {
		return nil, errGone
	}
	return mended, nil
}

// writeManifest puts another manifest in its place, at once or not at all.
func writeManifest(dir string, b []byte) error {
	path := filepath.Join(dir, bdb.ManifestFilename)
	made := path + ".mended"
	f, err := os.OpenFile(made, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = errors.Join(os.Rename(made, path), syncDir(dir))
	}
	return err
}

type changeSet struct {
	raw              []byte
	creates, removes []uint64
}

// allThere reports whether the tables that are left after all changes are there.
func allThere(sets []changeSet, there func(uint64) bool) bool {
	tables := map[uint64]bool{}
	for _, s := range sets {
		for _, id := range s.creates {
			tables[id] = true
		}
		for _, id := range s.removes {
			delete(tables, id)
		}
	}
	for id := range tables {
		if !there(id) {
			return false
		}
	}
	return true
}

// changeSets reads the sets; what is cut short at the end never happened.
func changeSets(b []byte) (sets []changeSet, ok bool) {
	for len(b) >= 8 {
		n := uint64(binary.BigEndian.Uint32(b))
		if n > uint64(len(b)-8) {
			break
		}
		s := changeSet{raw: b[:8+n]}
		if !checksum(binary.BigEndian.Uint32(b[4:])).of(b[8 : 8+n]) {
			return nil, false
		}
		for body := b[8 : 8+n]; len(body) > 0; {
			tag, k := binary.Uvarint(body)
			if tag != 1<<3|2 || k <= 0 {
				return nil, false
			}
			size, m := binary.Uvarint(body[k:])
			if m <= 0 || size > uint64(len(body)-k-m) {
				return nil, false
			}
			change := body[k+m:][:size]
			body = body[k+m:][size:]
			var id, what uint64
			for len(change) > 0 {
				tag, k := binary.Uvarint(change)
				if k <= 0 {
					return nil, false
				}
				value, m := binary.Uvarint(change[k:])
				if m <= 0 {
					return nil, false
				}
				switch change = change[k+m:]; tag {
				case 1 << 3:
					id = value
				case 2 << 3:
					what = value
				}
			}
			if what == 0 {
				s.creates = append(s.creates, id)
			} else {
				s.removes = append(s.removes, id)
			}
		}
		sets, b = append(sets, s), b[8+n:]
	}
	return sets, true
}
