package rows

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"sort"

	"carehold/record"
	"carehold/record/kv"
)

// Segments is how many a directory has. The directory says which entries there
// are, which version of each is the newest, and what that hashes to. An entry is
// in the segment of its name's first six bits; a segment's row is named by its
// own hash, so a new one can be written beside the old before the commit that
// turns to it. The root over the segments is in the head, and in the log entry of
// every write.
const Segments = 64

const (
	lineSize   = 16 + 8 + 32
	dirContext = "carehold/directory"
)

// MaxLines is how many entries a segment has at most: with its key and its person's
// name its row fits a frame of a backup, of 1 MiB.
const MaxLines = (1<<20 - 16 - 2 - (2 + sha256.Size)) / lineSize

// Line is what the directory knows of one entry.
type Line struct {
	Entry record.EntryID
	Stamp Stamp
	Hash  Hash
}

// Directory is the list of the segments' hashes; an empty segment's is zero.
type Directory [Segments]Hash

// Marshal writes the directory's row.
func (d *Directory) Marshal() []byte {
	b := make([]byte, 0, Segments*sha256.Size)
	for i := range d {
		b = append(b, d[i][:]...)
	}
	return b
}

// ParseDirectory reads a directory's row.
func ParseDirectory(row []byte) (*Directory, bool) {
	if len(row) != Segments*sha256.Size {
		return nil, false
	}
	d := new(Directory)
	for i := range d {
		copy(d[i][:], row[i*sha256.Size:])
	}
	return d, true
}

// DirRoot is what stands for a directory in the head and in the log.
func DirRoot(row []byte) Hash {
	return sha256.Sum256(append([]byte(dirContext), row...))
}

// SegmentOf is the segment an entry is in.
func SegmentOf(id record.EntryID) int { return int(id[0] >> 2) }

// Directory reads the list of segments and checks it against the head.
func (p *Person) Directory(r kv.Reader) (*Directory, error) {
	row := recall(r, p.Head.Dir)
	known := row != nil
	if !known {
		var err error
		if row, err = r.Get(DirKey); err != nil && !errors.Is(err, kv.ErrNotFound) {
			return nil, err
		}
	}
	d, ok := ParseDirectory(row)
	if !ok || !known && DirRoot(row) != p.Head.Dir {
		return nil, Damaged("directory")
	}
	if !known {
		remember(r, p.Head.Dir, row)
	}
	return d, nil
}

// Segment reads one segment's lines, in order.
func (d *Directory) Segment(r kv.Reader, n int) ([]Line, error) {
	if d[n] == (Hash{}) {
		return nil, nil
	}
	row, err := checked(r, SegmentKey(n, d[n]), d[n], "directory")
	if err != nil {
		return nil, err
	}
	lines, ok := ParseSegment(row)
	if !ok {
		return nil, Damaged("directory")
	}
	return lines, nil
}

// ParseSegment reads a segment's row. That its lines are in order and belong to
// the segment is for whoever wrote it: the hash says that they did.
func ParseSegment(row []byte) ([]Line, bool) {
	if len(row)%lineSize != 0 {
		return nil, false
	}
	lines := make([]Line, len(row)/lineSize)
	for i := range lines {
		lines[i] = lineAt(row, i)
	}
	return lines, true
}

func lineAt(row []byte, i int) (l Line) {
	b := row[i*lineSize:]
	copy(l.Entry[:], b)
	l.Stamp = Stamp(binary.BigEndian.Uint64(b[16:]))
	copy(l.Hash[:], b[24:])
	return l
}

// MarshalSegment writes a segment's row.
func MarshalSegment(lines []Line) []byte {
	b := make([]byte, 0, len(lines)*lineSize)
	for _, l := range lines {
		b = append(b, l.Entry[:]...)
		b = binary.BigEndian.AppendUint64(b, uint64(l.Stamp))
		b = append(b, l.Hash[:]...)
	}
	return b
}

// Find looks an entry up in its segment.
func Find(lines []Line, id record.EntryID) (Line, bool) {
	i := sort.Search(len(lines), func(i int) bool { return bytes.Compare(lines[i].Entry[:], id[:]) >= 0 })
	if i < len(lines) && lines[i].Entry == id {
		return lines[i], true
	}
	return Line{}, false
}

// Lookup finds an entry.
func (d *Directory) Lookup(r kv.Reader, id record.EntryID) (Line, bool, error) {
	n := SegmentOf(id)
	if d[n] == (Hash{}) {
		return Line{}, false, nil
	}
	row := recall(r, d[n])
	if row == nil {
		var err error
		if row, err = checked(r, SegmentKey(n, d[n]), d[n], "directory"); err != nil {
			return Line{}, false, err
		}
	}
	if len(row)%lineSize != 0 {
		return Line{}, false, Damaged("directory")
	}
	at := sort.Search(len(row)/lineSize, func(i int) bool { return bytes.Compare(row[i*lineSize:][:len(id)], id[:]) >= 0 })
	if at*lineSize == len(row) {
		return Line{}, false, nil
	}
	l := lineAt(row, at)
	return l, l.Entry == id, nil
}

// Merge puts changed lines into a segment, in order.
func Merge(lines []Line, changed map[record.EntryID]Line) []Line {
	out := make([]Line, 0, len(lines)+len(changed))
	for _, l := range lines {
		if _, again := changed[l.Entry]; !again {
			out = append(out, l)
		}
	}
	for _, l := range changed {
		out = append(out, l)
	}
	sort.Slice(out, func(i, j int) bool { return bytes.Compare(out[i].Entry[:], out[j].Entry[:]) < 0 })
	return out
}
