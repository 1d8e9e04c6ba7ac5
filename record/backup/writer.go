package backup

import (
	"bufio"
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"io"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/rows"
)

// The kinds of frames.
const (
	frameHeader  = 'H'
	frameRow     = 'R'
	frameCapsule = 'C'
	frameLast    = 'K'
	frameEnd     = 'E'
)

const (
	frameHead = 1 + 4
	maxFrame  = 1 << 20
	maxSmall  = 8 << 10 // of every other kind than R and C
)

// Writer writes frames. Their order is the caller's care: a Reader refuses another.
type Writer struct {
	w     *bufio.Writer
	sum   hash.Hash
	rows  uint64
	bytes uint64
	head  []byte
}

// NewWriter begins a backup.
func NewWriter(w io.Writer, h Header) (*Writer, error) {
	x := &Writer{w: bufio.NewWriterSize(w, 128<<10), sum: sha256.New()}
	return x, x.frame(frameHeader, h.marshal())
}

func (w *Writer) frame(kind byte, parts ...[]byte) error {
	size := 0
	for _, p := range parts {
		size += len(p)
	}
	if size > maxFrame {
		return record.Safef(record.TooLarge, "a row is larger than a backup can hold")
	}
	w.head = binary.BigEndian.AppendUint32(append(w.head[:0], kind), uint32(size))
	w.bytes += uint64(frameHead + size)
	for _, p := range append([][]byte{w.head}, parts...) {
		w.sum.Write(p)
		if _, err := w.w.Write(p); err != nil {
			return err
		}
	}
	return nil
}

// Row writes a row of a person's.
func (w *Writer) Row(p record.PersonID, key, value []byte) error {
	w.rows++
	return w.frame(frameRow, p[:], binary.BigEndian.AppendUint16(nil, uint16(len(key))), key, value)
}

// Fits reports whether a row fits a frame.
func Fits(key, value []byte) bool {
	return len(record.PersonID{})+2+len(key)+len(value) <= maxFrame
}

// Capsule writes the capsule of one of their slots.
func (w *Writer) Capsule(c record.Capsule) error {
	w.rows++
	return w.frame(frameCapsule, c.ID[:], crypto.U32(c.Hour), c.Blob)
}

// Last ends a person.
func (w *Writer) Last(l Last) error { return w.frame(frameLast, l.marshal()) }

// Rows and Bytes are what was written so far.
func (w *Writer) Rows() uint64  { return w.rows }
func (w *Writer) Bytes() uint64 { return w.bytes }

// End ends the backup, which goes up to that mark. sign is
// audit.NodeSigner.SignBackup. The sum names this backup in the one that follows it.
func (w *Writer) End(to uint64, sign func(to uint64, sum rows.Hash) ([]byte, error)) (rows.Hash, error) {
	e := End{Rows: w.rows, To: to, Sum: rows.Hash(w.sum.Sum(nil))}
	var err error
	if e.Note, err = sign(to, e.Sum); err != nil {
		return e.Sum, err
	}
	if err := w.frame(frameEnd, e.marshal()); err != nil {
		return e.Sum, err
	}
	return e.Sum, w.w.Flush()
}
