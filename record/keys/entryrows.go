package keys

import (
	"crypto/sha256"
	"encoding/binary"

	"carehold/crypto"
	"carehold/record"
)

// A version of an entry is one row, or several when it is large:
//
//	row 0      hint(12) || count(4) || SHA-256(row 1) || … || SHA-256(row count-1) || blob
//	row i      blob
//
// Each blob seals a part of the padded plaintext, with its index and the count in
// its context: the first 64 KiB, so that the header of a large document is quick
// to reach, then 256 KiB each, the last one what is left. A reader joins them
// whatever their sizes. The store keeps row 0 after the hash of the version before.
const (
	firstSize = 64 << 10
	partSize  = 256 << 10
	rowHeader = hintSize + 4
	maxParts  = 1 << 14 // 4 GiB
)

// ErrNotHeld is returned when sealing into, or opening from, a section the hold
// has no key of.
var ErrNotHeld error = record.Safef(record.NotFound, "not in the sections of this grant")

// SealEntry makes the rows of one version in a section, under the newest epoch.
func (h *Hold) SealEntry(s record.Section, entry record.EntryID, v record.Version, plain []byte) ([][]byte, error) {
	rows := [][]byte{nil}
	w, err := h.SealEntryOf(s, entry, v, int64(len(plain)), func(_ int, row []byte) error {
		rows = append(rows, row)
		return nil
	})
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(plain); err != nil {
		return nil, err
	}
	rows[0], err = w.Close()
	return rows, err
}

// Parts reads from row 0 what the other rows of the version hash to.
func Parts(row []byte) ([][sha256.Size]byte, error) {
	if len(row) < rowHeader {
		return nil, crypto.ErrOpen
	}
	n := binary.BigEndian.Uint32(row[hintSize:rowHeader])
	if n == 0 || n > maxParts || len(row) < blobAt(int(n)) {
		return nil, crypto.ErrOpen
	}
	sums := make([][sha256.Size]byte, n-1)
	for i := range sums {
		copy(sums[i][:], row[blobAt(i+1):])
	}
	return sums, nil
}

// blobAt is where the blob begins in row 0 of a version of so many rows.
func blobAt(count int) int { return rowHeader + (count-1)*sha256.Size }

// EntryParts opens the rows of one version, one by one.
type EntryParts struct {
	hold    *Hold
	key     crypto.Key
	section record.Section
	epoch   record.Epoch
	entry   record.EntryID
	version record.Version
	count   int
}

// EntryParts begins with the version whose row 0 this is, and which Recognise said is
// in this section and epoch.
func (h *Hold) EntryParts(s record.Section, e record.Epoch, entry record.EntryID, v record.Version, first []byte) (EntryParts, error) {
	k, err := h.at(e)
	if err != nil {
		return EntryParts{}, err
	}
	key, held := k.entryKey(s)
	if !held {
		return EntryParts{}, ErrNotHeld
	}
	sums, err := Parts(first)
	return EntryParts{h, key, s, e, entry, v, 1 + len(sums)}, err
}

// Open opens row i: its part of the padded plaintext.
func (p EntryParts) Open(i int, row []byte) ([]byte, error) {
	if i < 0 || i >= p.count {
		return nil, crypto.ErrOpen
	}
	if i == 0 {
		if len(row) < blobAt(p.count) {
			return nil, crypto.ErrOpen
		}
		row = row[blobAt(p.count):]
	}
	return p.key.Open(entryContext(p.hold.person, p.section, p.epoch, p.entry, p.version, uint32(i), uint32(p.count)), row)
}

// Place is where in its rows byte at of a plaintext is: the row, and the byte of its
// part. It holds for versions that this package sealed since a part has that size;
// the format promises it for those with a content.
func Place(at int64) (row int, from int) {
	if at += padLength; at < firstSize {
		return 0, int(at)
	}
	at -= firstSize
	return 1 + int(at/partSize), int(at % partSize)
}

// OpenEntry opens all the rows of one version, which Recognise said is in this
// section and epoch.
func (h *Hold) OpenEntry(s record.Section, e record.Epoch, entry record.EntryID, v record.Version, rows [][]byte) ([]byte, error) {
	key, err := h.opens(s, e, rows)
	if err != nil {
		return nil, err
	}
	var padded []byte
	for i := range rows {
		part, err := key.Open(entryContext(h.person, s, e, entry, v, uint32(i), uint32(len(rows))), blobOf(rows, i))
		if err != nil {
			return nil, err
		}
		if i == 0 {
			padded = part
		} else {
			padded = append(padded, part...)
		}
	}
	return crypto.Unpad(padded)
}

// OpenEntryTo is OpenEntry that appends to dst, for who opens many and overwrites them
// themself. dst has room for as many bytes as the rows have, or what is in it would be
// left behind where it was. It returns dst with all that was opened, and the plaintext
// in it.
func (h *Hold) OpenEntryTo(dst []byte, s record.Section, e record.Epoch, entry record.EntryID, v record.Version, rows [][]byte) (out, plain []byte, err error) {
	key, err := h.opens(s, e, rows)
	if err != nil {
		return dst, nil, err
	}
	out = dst
	for i := range rows {
		if out, err = key.OpenTo(out, entryContext(h.person, s, e, entry, v, uint32(i), uint32(len(rows))), blobOf(rows, i)); err != nil {
			break
		}
	}
	if err == nil {
		plain, err = crypto.Unpad(out[len(dst):])
	}
	if err != nil {
		clear(out[len(dst):])
		return dst, nil, err
	}
	return out, plain[:len(plain):len(plain)], nil
}

// opens returns the key of a section in an epoch, for rows that are all there.
func (h *Hold) opens(s record.Section, e record.Epoch, rows [][]byte) (key crypto.Key, err error) {
	k, err := h.at(e)
	if err != nil {
		return key, err
	}
	key, held := k.entryKey(s)
	if !held {
		return key, ErrNotHeld
	}
	if len(rows) == 0 {
		return key, crypto.ErrOpen
	}
	if sums, err := Parts(rows[0]); err != nil || len(sums)+1 != len(rows) {
		return key, crypto.ErrOpen
	}
	return key, nil
}

// blobOf is what is sealed in row i.
func blobOf(rows [][]byte, i int) []byte {
	if i == 0 {
		return rows[0][blobAt(len(rows)):]
	}
	return rows[i]
}
