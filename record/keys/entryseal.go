package keys

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"

	"carehold/crypto"
	"carehold/record"
)

// EntrySealer seals one version of an entry as its plaintext comes, holding two parts
// of it at most: the first, whose row names the others, and the one being filled.
type EntrySealer struct {
	hold    *Hold
	key     crypto.Key
	section record.Section
	entry   record.EntryID
	version record.Version
	row     func(i int, row []byte) error

	left  int    // of the padded plaintext
	pad   int    // of that, the zeros at its end
	count uint32 // of the rows
	next  uint32 // row that is being filled
	first []byte // the first part
	part  []byte // the one being filled
	sums  []byte // SHA-256 of the rows made
}

// errLength: what is sealed is not as long as was said.
var errLength = errors.New("keys: an entry of another length than was said")

// SealEntryOf begins a version in a section, under the newest epoch, whose plaintext
// is size bytes. Its rows from 1 are given to row as they are made; Close returns
// row 0.
func (h *Hold) SealEntryOf(s record.Section, entry record.EntryID, v record.Version, size int64, row func(i int, row []byte) error) (*EntrySealer, error) {
	key, held := h.ring[h.epoch].entryKey(s)
	if !held {
		return nil, ErrNotHeld
	}
	if size > maxPlain {
		return nil, record.Safef(record.TooLarge, "an entry is larger than a record can hold")
	}
	w := &EntrySealer{hold: h, key: key, section: s, entry: entry, version: v, row: row, left: crypto.PaddedSize(int(size))}
	w.pad = w.left - int(size) - padLength
	w.count = uint32(countParts(w.left))
	w.part = make([]byte, 0, min(w.left, firstSize))
	_, err := w.Write(binary.BigEndian.AppendUint32(nil, uint32(size)))
	return w, err
}

// padLength is the length that stands before a padded plaintext.
const padLength = 4

// maxPlain is the longest plaintext of a version.
const maxPlain = 1<<32 - 1 - firstSize

// countParts is how many rows a padded plaintext takes.
func countParts(padded int) int { return 1 + (max(padded-firstSize, 0)+partSize-1)/partSize }

// Write takes the next of the plaintext.
func (w *EntrySealer) Write(p []byte) (n int, err error) {
	if len(p) > w.left-w.pad {
		return 0, errLength
	}
	return w.write(p)
}

func (w *EntrySealer) write(p []byte) (n int, err error) {
	for len(p) > 0 {
		m := min(len(p), cap(w.part)-len(w.part), w.left)
		w.part = append(w.part, p[:m]...)
		p, n, w.left = p[m:], n+m, w.left-m
		if len(w.part) == cap(w.part) || w.left == 0 {
			if err := w.full(); err != nil {
				return n, err
			}
		}
	}
	return n, nil
}

// full seals the part that is full, but for the first.
func (w *EntrySealer) full() error {
	if w.first == nil {
		w.first = w.part
		w.part = make([]byte, 0, min(w.left, partSize))
		w.next++
		return nil
	}
	row := w.seal(w.next, w.part)
	sum := sha256.Sum256(row)
	w.sums = append(w.sums, sum[:]...)
	w.next++
	if clear(w.part); w.left < cap(w.part) {
		w.part = w.part[:0:w.left]
	}
	w.part = w.part[:0]
	return w.row(int(w.next-1), row)
}

func (w *EntrySealer) seal(i uint32, part []byte) []byte {
	return w.key.Seal(entryContext(w.hold.person, w.section, w.hold.epoch, w.entry, w.version, i, w.count), part)
}

// Close fills up with zeros and returns row 0. What was written must be as long as was
// said: the length stands before it.
func (w *EntrySealer) Close() ([]byte, error) {
	defer w.Destroy()
	if w.left != w.pad {
		return nil, errLength
	}
	var zeros [4096]byte
	for w.left > 0 {
		if _, err := w.write(zeros[:min(w.left, len(zeros))]); err != nil {
			return nil, err
		}
	}
	b := binary.BigEndian.AppendUint32(w.hold.hint(w.section, w.entry, w.version), w.count)
	return append(append(b, w.sums...), w.seal(0, w.first)...), nil
}

// Destroy overwrites what it holds of the plaintext.
func (w *EntrySealer) Destroy() {
	clear(w.first[:cap(w.first)])
	clear(w.part[:cap(w.part)])
}
