package badger

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"

	bdb "github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/fb"
	"github.com/dgraph-io/badger/v4/table"
	"github.com/dgraph-io/badger/v4/y"
	"github.com/dgraph-io/ristretto/v2/z"

	"carehold/record"
)

// Badger verifies no block of a table by itself, and over a damaged one it panics,
// also in goroutines of its own: while it opens the table, and while it merges it
// with others. A process ends by that, and would again at each start. So tables
// are looked at before Badger is opened: their end and their index always; every
// block after the store was not closed, since that may be what ended it. The files
// are read, not mapped: a disk that fails says so by an error.
//
//	table     block … | index | length:u32 | checksum | length:u32
//	block     entries | offsets | count:u32 | checksum | length:u32
//	checksum  1: algorithm (0, CRC-32C) 2: sum, in Protocol Buffers' encoding
//
// The index is a flat buffer that says where the blocks are. Numbers are big endian.

var errTable = errors.New("badger: a damaged table")

// soundness is what looking at the tables found.
type soundness struct {
	tables  int
	damaged int // in blocks that Badger does not need to open
	holes   holes
	closed  bool // the store was closed when it was last open
}

// inspect looks at the tables that the store consists of. An error is for what
// keeps the store from being opened at all.
func inspect(dir string) (s soundness, err error) {
	logs, err := filepath.Glob(filepath.Join(dir, "*.mem"))
	if err != nil {
		return s, err
	}
	s.closed = len(logs) == 0
	if m, ok := tablesOf(dir); ok {
		if err := putAside(dir, m.Tables); err != nil {
			return s, trouble(err, dir)
		}
	}
	t, err := checkTables(context.Background(), dir, !s.closed)
	t.closed = s.closed
	return t, err
}

// tablesOf reads the manifest. It is not ok for a new store, and for one that
// Badger has words for.
func tablesOf(dir string) (m bdb.Manifest, ok bool) {
	f, err := os.Open(filepath.Join(dir, bdb.ManifestFilename))
	if err != nil {
		return m, false
	}
	defer f.Close()
	m, _, err = bdb.ReplayManifestFile(f, 0, bdb.Options{})
	return m, err == nil
}

func checkTables(ctx context.Context, dir string, blocks bool) (s soundness, err error) {
	m, _ := tablesOf(dir)
	return checkNamed(ctx, dir, m.Tables, blocks)
}

func checkNamed(ctx context.Context, dir string, named map[uint64]bdb.TableManifest, blocks bool) (s soundness, err error) {
	for id := range named {
		if err := ctx.Err(); err != nil {
			return s, err
		}
		s.tables++
		var found holes
		// Its sum proves nothing of an index that somebody made.
		err := guard(func() (err error) { found, err = checkTable(table.NewFilename(id, dir), blocks); return err })
		switch {
		case err == errTable:
			s.damaged++
			s.holes = append(s.holes, found...)
		case err != nil:
			return s, err
		}
	}
	return s, nil
}

// checkTable returns errTable and the holes for blocks that are damaged, and
// another error for a table that Badger cannot open.
func checkTable(path string, blocks bool) (found holes, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, trouble(err, path)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, trouble(err, path)
	}
	index, err := readIndex(f, info.Size())
	if err == errTable {
		return nil, unopenable(path)
	}
	if err != nil {
		return nil, trouble(err, path)
	}
	var b, next fb.BlockOffset
	for i := range index.OffsetsLength() {
		last := i == index.OffsetsLength()-1 // Badger opens it to know the table's last key
		if !blocks && !last || !index.Offsets(&b, i) {
			continue
		}
		if int64(b.Offset())+int64(b.Len()) > info.Size() {
			return nil, unopenable(path)
		}
		block := make([]byte, b.Len())
		if _, err := f.ReadAt(block, int64(b.Offset())); err != nil && err != io.EOF {
			return nil, trouble(err, path)
		}
		if sum, rest, ok := cutChecksum(block); ok && sum.of(rest) {
			continue
		}
		if last && !opens(path) {
			return nil, unopenable(path)
		}
		h := hole{from: bytes.Clone(y.ParseKey(b.KeyBytes())), version: index.MaxVersion()}
		if !last && index.Offsets(&next, i+1) {
			h.to = bytes.Clone(y.ParseKey(next.KeyBytes()))
		}
		found = append(found, h)
	}
	if found != nil {
		return found, errTable
	}
	return nil, nil
}

func unopenable(path string) error {
	return record.Safef(record.Integrity, "the table %s of the store is damaged where Badger needs it: restore the last backup", path)
}

// opens tries whether Badger can open a table whose last block is damaged: it can
// if that is in the value of a row. The index is sound, or Badger would end the
// process here.
func opens(path string) bool {
	return guard(func() error {
		f, err := z.OpenMmapFile(path, os.O_RDONLY, 0)
		if err != nil {
			return err
		}
		if _, err := table.OpenTable(f, table.Options{}); err != nil {
			return err
		}
		return f.Close(-1)
	}) == nil
}

// maxIndex is more than the index of a table of ours takes.
const maxIndex = 64 << 20

func readIndex(f *os.File, size int64) (*fb.TableIndex, error) {
	end := make([]byte, min(size, 64)) // a checksum has at most 13 bytes
	if _, err := f.ReadAt(end, size-int64(len(end))); err != nil {
		return nil, err
	}
	sum, rest, ok := cutChecksum(end)
	if !ok || len(rest) < 4 {
		return nil, errTable
	}
	length := int64(binary.BigEndian.Uint32(rest[len(rest)-4:]))
	at := size - int64(len(end)) + int64(len(rest)) - 4 - length
	if length == 0 || length > maxIndex || at < 0 {
		return nil, errTable
	}
	index := make([]byte, length)
	if _, err := f.ReadAt(index, at); err != nil {
		return nil, err
	}
	if !sum.of(index) {
		return nil, errTable
	}
	return fb.GetRootAsTableIndex(index, 0), nil
}

type checksum uint64

func (c checksum) of(b []byte) bool {
	return uint64(crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli))) == uint64(c)
}

// cutChecksum takes the checksum and its length off the end of b.
func cutChecksum(b []byte) (sum checksum, rest []byte, ok bool) {
	if len(b) < 4 {
		return 0, nil, false
	}
	n, b := int64(binary.BigEndian.Uint32(b[len(b)-4:])), b[:len(b)-4]
	if n > int64(len(b)) {
		return 0, nil, false
	}
	message, rest := b[int64(len(b))-n:], b[:int64(len(b))-n]
	for len(message) > 0 {
		tag, k := binary.Uvarint(message)
		if k <= 0 {
			return 0, nil, false
		}
		value, m := binary.Uvarint(message[k:])
		if m <= 0 {
			return 0, nil, false
		}
		switch message = message[k+m:]; {
		case tag == 2<<3:
			sum = checksum(value)
		case tag != 1<<3 || value != 0:
			return 0, nil, false
		}
	}
	return sum, rest, true
}
