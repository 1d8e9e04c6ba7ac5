package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"sort"

	"carehold/record"
	"carehold/record/kv"
)

// The directory says which entries there are, which version of each is the
// newest, and what its rows hash to. It is 64 segments by the first six bits of
// the entry's name; a segment's row is named by its own hash, so a new one can
// be written beside the old before the commit that turns to it. The root over
// the segments is in the head, and in the log entry of every write.
const (
	segments   = 64
	lineBytes  = 16 + 8 + 32
	dirContext = "carehold/directory"
)

// line is what the directory knows of one entry.
type line struct {
	entry record.EntryID
	stamp stamp
	hash  hash
}

// directory is the list of the segments' hashes; an empty segment's is zero.
type directory [segments]hash

func (d *directory) marshal() []byte {
	b := make([]byte, 0, segments*sha256.Size)
	for i := range d {
		b = append(b, d[i][:]...)
	}
	return b
}

func dirRoot(row []byte) hash {
	return sha256.Sum256(append([]byte(dirContext), row...))
}

func segmentOf(id record.EntryID) int { return int(id[0] >> 2) }

// loadDirectory reads the list of segments and checks it against the head.
func (p *person) loadDirectory(r kv.Reader) (*directory, error) {
	row, err := r.Get(dirKey)
	if errors.Is(err, kv.ErrNotFound) || err == nil && (len(row) != segments*sha256.Size || dirRoot(row) != p.head.dir) {
		return nil, damaged("directory")
	}
	if err != nil {
		return nil, err
	}
	d := new(directory)
	for i := range d {
		copy(d[i][:], row[i*sha256.Size:])
	}
	return d, nil
}

// segment reads one segment's lines, in order.
func (d *directory) segment(r kv.Reader, n int) ([]line, error) {
	if d[n] == (hash{}) {
		return nil, nil
	}
	row, err := r.Get(segmentKey(n, d[n]))
	if errors.Is(err, kv.ErrNotFound) || err == nil && (len(row)%lineBytes != 0 || sha256.Sum256(row) != d[n]) {
		return nil, damaged("directory")
	}
	if err != nil {
		return nil, err
	}
	lines := make([]line, len(row)/lineBytes)
	for i := range lines {
		b := row[i*lineBytes:]
		copy(lines[i].entry[:], b)
		lines[i].stamp = stamp(binary.BigEndian.Uint64(b[16:]))
		copy(lines[i].hash[:], b[24:])
	}
	return lines, nil
}

func marshalSegment(lines []line) []byte {
	b := make([]byte, 0, len(lines)*lineBytes)
	for _, l := range lines {
		b = append(b, l.entry[:]...)
		b = binary.BigEndian.AppendUint64(b, uint64(l.stamp))
		b = append(b, l.hash[:]...)
	}
	return b
}

// find looks an entry up.
func find(lines []line, id record.EntryID) (line, bool) {
	i := sort.Search(len(lines), func(i int) bool { return bytes.Compare(lines[i].entry[:], id[:]) >= 0 })
	if i < len(lines) && lines[i].entry == id {
		return lines[i], true
	}
	return line{}, false
}

// lookup finds an entry through the head's directory.
func (p *person) lookup(r kv.Reader, d *directory, id record.EntryID) (line, bool, error) {
	lines, err := d.segment(r, segmentOf(id))
	if err != nil {
		return line{}, false, err
	}
	l, there := find(lines, id)
	return l, there, nil
}

// merge puts changed lines into a segment, in order.
func merge(lines []line, changed map[record.EntryID]line) []line {
	out := make([]line, 0, len(lines)+len(changed))
	for _, l := range lines {
		if _, again := changed[l.entry]; !again {
			out = append(out, l)
		}
	}
	for _, l := range changed {
		out = append(out, l)
	}
	sort.Slice(out, func(i, j int) bool { return bytes.Compare(out[i].entry[:], out[j].entry[:]) < 0 })
	return out
}
