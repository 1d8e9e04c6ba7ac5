package backup

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"hash"
	"io"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/audit"
	"carehold/record/rows"
	"carehold/record/statement"
)

var (
	errNoBackup error = record.Safef(record.Integrity, "this is not a backup of Carehold's, or its beginning is damaged")
	errCut      error = record.Safef(record.Integrity, "the backup ends before its end: it was not written to its end, or is damaged")
	errDamaged  error = record.Safef(record.Integrity, "the backup is damaged, or was changed")
	errGoesOn   error = record.Safef(record.Integrity, "the backup goes on after its end")
	errSigned   error = record.Safef(record.Integrity, "the backup is not signed by the server it names")
)

// Frame is one thing in a backup: a row, a capsule, or the end of a person. What it
// holds is valid until the next.
type Frame struct {
	Person  record.PersonID // whose it is; of a capsule too
	Key     []byte          // of a row
	Value   []byte
	Capsule *record.Capsule
	Last    *Last
	Log     statement.Head // as the checkpoint of Last has it
}

// Reader reads frames, and refuses what Writer and its caller could not have
// written. Nothing is to be believed before Next has returned io.EOF: the
// signature is at the end.
type Reader struct {
	Label string // what an error calls it: its file

	r      *bufio.Reader
	header Header
	sum    hash.Hash
	before rows.Hash // the sum before the end's frame
	rows   uint64
	buf    []byte
	end    *End
	err    error

	person  record.PersonID // of the frames that come
	inside  bool            // the person has begun
	begun   bool            // any has
	key     []byte          // the last
	capsule *crypto.CapsuleID
	slots   int // capsules of this person's
}

// NewReader reads the header.
func NewReader(r io.Reader) (*Reader, error) {
	x := &Reader{r: bufio.NewReaderSize(r, 64<<10), sum: sha256.New()}
	kind, body, err := x.frame()
	if errors.Is(err, errCut) || err == nil && kind != frameHeader {
		err = errNoBackup
	}
	if err != nil {
		return nil, err
	}
	x.header, err = parseHeader(body)
	return x, err
}

// Header is the backup's.
func (r *Reader) Header() Header { return r.header }

// End is the backup's, once Next has returned io.EOF.
func (r *Reader) End() End { return *r.end }

// Next reads the next frame. io.EOF is a good end; after any error it stays.
func (r *Reader) Next() (f Frame, err error) {
	if r.err == nil {
		if f, r.err = r.next(); r.err == nil {
			return f, nil
		}
	}
	return Frame{}, r.err
}

func (r *Reader) next() (f Frame, err error) {
	kind, body, err := r.frame()
	if err != nil {
		return f, err
	}
	switch kind {
	case frameRow:
		return r.row(body)
	case frameCapsule:
		return r.slot(body)
	case frameLast:
		return r.last(body)
	case frameEnd:
		return f, r.finish(body)
	}
	return f, errDamaged
}

// frame reads one frame, its length bounded before anything is made for it.
func (r *Reader) frame() (kind byte, body []byte, err error) {
	var head [frameHead]byte
	if _, err := io.ReadFull(r.r, head[:]); err != nil {
		return 0, nil, cutOff(err)
	}
	kind, size := head[0], binary.BigEndian.Uint32(head[1:])
	limit := uint32(maxSmall)
	if kind == frameRow || kind == frameCapsule {
		limit = maxFrame
	}
	if size > limit {
		return 0, nil, errDamaged
	}
	if kind == frameEnd {
		r.before = rows.Hash(r.sum.Sum(nil))
	}
	r.sum.Write(head[:])
	if cap(r.buf) < int(size) {
		r.buf = make([]byte, size)
	}
	r.buf = r.buf[:size]
	if _, err := io.ReadFull(r.r, r.buf); err != nil {
		return 0, nil, cutOff(err)
	}
	r.sum.Write(r.buf)
	return kind, r.buf, nil
}

func cutOff(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errCut
	}
	return err
}

// of notes whose frame it is: the same person's, or the first of a later one's.
func (r *Reader) of(p record.PersonID) bool {
	if r.inside {
		return p == r.person
	}
	if r.begun && bytes.Compare(p[:], r.person[:]) <= 0 || p == (record.PersonID{}) || r.header.Person != (record.PersonID{}) && p != r.header.Person {
		return false
	}
	r.person, r.inside, r.begun = p, true, true
	r.key, r.capsule, r.slots = r.key[:0], nil, 0
	return true
}

func (r *Reader) row(body []byte) (f Frame, err error) {
	const at = 16 + 2
	if len(body) < at {
		return f, errDamaged
	}
	n := int(binary.BigEndian.Uint16(body[16:]))
	f.Person = record.PersonID(body[:16])
	if len(body)-at < n || !carried(body[at:at+n]) || !r.of(f.Person) {
		return f, errDamaged
	}
	f.Key, f.Value = body[at:at+n], body[at+n:]
	if bytes.Compare(f.Key, r.key) <= 0 || r.capsule != nil {
		return f, errDamaged
	}
	r.key = append(r.key[:0], f.Key...)
	r.rows++
	return f, nil
}

// keySizes are the rows that a backup carries, by the size of their keys.
var keySizes = map[byte]int{rows.KindHead: 1, rows.KindAccount: 1, rows.KindRing: 1, rows.KindDir: 1, rows.KindBack: 5,
	rows.KindSegment: 34, rows.KindEntry: 25, rows.KindPart: 29, rows.KindLeaf: 9, rows.KindInbox: 17}

// Carries reports whether a row of a person's belongs in a backup.
func Carries(key []byte) bool { return carried(key) }

func carried(key []byte) bool { return len(key) > 0 && keySizes[key[0]] == len(key) }

func (r *Reader) slot(body []byte) (f Frame, err error) {
	const at = 16 + 4
	if len(body) < at || !r.inside {
		return f, errDamaged
	}
	c := record.Capsule{ID: crypto.CapsuleID(body[:16]), Hour: binary.BigEndian.Uint32(body[16:]), Blob: body[at:]}
	if r.slots++; r.slots > statement.MaxSlots {
		return f, errDamaged
	}
	if c.Hour != crypto.NoExpiry || r.capsule != nil && bytes.Compare(c.ID[:], r.capsule[:]) <= 0 {
		return f, errDamaged
	}
	id := crypto.CapsuleID(c.ID)
	r.capsule = &id
	r.rows++
	return Frame{Person: r.person, Capsule: &c}, nil
}

func (r *Reader) last(body []byte) (f Frame, err error) {
	l, err := parseLast(body)
	if err != nil || !r.of(l.Person) || !l.Whole() && r.header.Person != (record.PersonID{}) {
		return f, errDamaged
	}
	r.inside = false
	f = Frame{Person: l.Person, Last: &l}
	if !l.Whole() {
		return f, nil
	}
	if f.Log, err = audit.VerifyCheckpoint(l.Checkpoint, r.header.Verifier, r.header.Store, l.Person); err != nil {
		return f, errSigned
	}
	return f, nil
}

// finish reads the end, and makes sure that it is.
func (r *Reader) finish(body []byte) error {
	e, err := parseEnd(body)
	if err != nil || r.inside || e.Rows != r.rows || e.Sum != r.before || e.To < r.header.From {
		return errDamaged
	}
	if r.header.Person != (record.PersonID{}) && !r.begun {
		return errDamaged
	}
	if audit.VerifyBackup(e.Note, r.header.Verifier, r.header.Store, e.To, e.Sum) != nil {
		return errSigned
	}
	switch _, err := r.r.ReadByte(); {
	case err == nil:
		return errGoesOn
	case !errors.Is(err, io.EOF):
		return err
	}
	e.Note = bytes.Clone(e.Note)
	r.end = &e
	return io.EOF
}
