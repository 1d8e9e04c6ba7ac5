package importer

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"slices"

	"carehold/record"
)

// file is what is looked at: read where it is needed, and never more at once than a
// piece.
type file struct {
	r    io.ReaderAt
	size int64
}

const piece = 64 << 10

// at reads n bytes, all of which must be there.
func (f file) at(off int64, n int) ([]byte, error) {
	if off < 0 || n < 0 || off > f.size || int64(n) > f.size-off {
		return nil, io.ErrUnexpectedEOF
	}
	b := make([]byte, n)
	if k, err := f.r.ReadAt(b, off); k < n {
		if err == nil || errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	return b, nil
}

// upTo reads n bytes, or as many as there are.
func (f file) upTo(off int64, n int) ([]byte, error) {
	if off < 0 || off > f.size {
		return nil, io.ErrUnexpectedEOF
	}
	return f.at(off, int(min(int64(n), f.size-off)))
}

func (f file) from(off int64) *io.SectionReader { return io.NewSectionReader(f.r, off, f.size-off) }

// maxPlaces is how often the words may stand in a file: a book of a thousand pages has
// a few.
const maxPlaces = 100_000

// find calls fn for each place where one of the words stands, in their order, and
// with which word it is.
func (f file) find(fn func(at int64, word int) error, words ...string) error {
	longest := 0
	for _, w := range words {
		longest = max(longest, len(w))
	}
	buf := make([]byte, piece+longest)
	next := make([]int, len(words)) // of each word, in what was read; its end for none
	places := 0
	for off := int64(0); off < f.size; off += piece {
		b := buf[:min(f.size-off, int64(len(buf)))]
		if k, err := f.r.ReadAt(b, off); k < len(b) {
			if err == nil || errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF // it became shorter
			}
			return err
		}
		seek := func(i, from int) {
			if next[i] = bytes.Index(b[from:], []byte(words[i])); next[i] < 0 {
				next[i] = len(b)
			} else {
				next[i] += from
			}
		}
		for i := range words {
			seek(i, 0)
		}
		for {
			at := slices.Min(next)
			if at >= min(len(b), piece) {
				break
			}
			i := slices.Index(next, at)
			if places++; places > maxPlaces {
				return broken("it has more parts than any document has")
			}
			if err := fn(off+int64(at), i); err != nil {
				return err
			}
			seek(i, at+1)
		}
	}
	return nil
}

// noArchive refuses a file that is a ZIP archive besides: such a one is found by its
// end, whatever it begins with. Its end names its directory, which stands before it.
func (f file) noArchive() error {
	const end, most = 22, 22 + 65535
	from := max(0, f.size-most)
	tail, err := f.upTo(from, most)
	if err != nil {
		return err
	}
	for at := bytes.LastIndex(tail, []byte("PK\x05\x06")); at >= 0; at = bytes.LastIndex(tail[:at], []byte("PK\x05\x06")) {
		if len(tail)-at < end {
			continue
		}
		size := int64(binary.LittleEndian.Uint32(tail[at+12:]))
		large := at >= 20 && string(tail[at-20:at-16]) == "PK\x06\x07" // ZIP64 says it elsewhere
		sign, err := f.upTo(from+int64(at)-size, 4)
		if large || err == nil && (string(sign) == "PK\x01\x02" || size == 0 && binary.LittleEndian.Uint16(tail[at+10:]) == 0) {
			return record.Safef(record.Unprocessed, "it is an archive (ZIP) besides: it could be opened as that too, and is not taken for a document")
		}
	}
	return nil
}
