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
	key, held := h.ring[h.epoch].entryKey(s)
	if !held {
		return nil, ErrNotHeld
	}
	padded := crypto.Pad(plain)
	defer clear(padded)
	parts := cut(padded)
	if len(parts) > maxParts {
		return nil, record.Safef(record.TooLarge, "an entry is larger than a record can hold")
	}
	rows := make([][]byte, len(parts))
	first := binary.BigEndian.AppendUint32(h.hint(s, entry, v), uint32(len(parts)))
	for i := range rows {
		rows[i] = key.Seal(entryContext(h.person, s, h.epoch, entry, v, uint32(i), uint32(len(parts))), parts[i])
		if i > 0 {
			sum := sha256.Sum256(rows[i])
			first = append(first, sum[:]...)
		}
	}
	rows[0] = append(first, rows[0]...)
	return rows, nil
}

// cut divides a padded plaintext into the parts of its rows.
func cut(padded []byte) (parts [][]byte) {
	for size := firstSize; ; size = partSize {
		if len(padded) <= size {
			return append(parts, padded)
		}
		parts, padded = append(parts, padded[:size]), padded[size:]
	}
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
