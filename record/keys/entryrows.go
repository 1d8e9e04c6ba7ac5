package keys

import (
	"encoding/binary"

	"carehold/crypto"
	"carehold/record"
)

// A version of an entry is one row, or several when it is large:
//
//	row 0      hint(12) || count(4) || blob      row i      blob
//
// Each blob seals 256 KiB of the padded plaintext, the last one what is left,
// with its index and the count in its context. The store keeps row 0 after the
// hash of the version before.
const (
	partSize  = 256 << 10
	rowHeader = hintSize + 4
	maxParts  = 1 << 14 // 4 GiB
)

// ErrNotHeld is returned when sealing into, or opening from, a section the hold
// has no key of.
var ErrNotHeld error = record.Safef(record.NotFound, "not in the sections of this grant")

// SealEntry makes the rows of one version in a section, under the newest epoch.
func (h *Hold) SealEntry(s record.Section, entry record.EntryID, v record.Version, plain []byte) ([][]byte, error) {
	key, held := h.ring[h.epoch].entry[s]
	if !held {
		return nil, ErrNotHeld
	}
	padded := crypto.Pad(plain)
	defer clear(padded)
	count := (len(padded) + partSize - 1) / partSize
	if count > maxParts {
		return nil, record.Safef(record.TooLarge, "an entry is larger than a record can hold")
	}
	rows := make([][]byte, count)
	for i := range rows {
		part := padded[i*partSize : min((i+1)*partSize, len(padded))]
		blob := key.Seal(entryContext(h.person, s, h.epoch, entry, v, uint32(i), uint32(count)), part)
		if i == 0 {
			blob = append(binary.BigEndian.AppendUint32(h.hint(s, entry, v), uint32(count)), blob...)
		}
		rows[i] = blob
	}
	return rows, nil
}

// RowCount tells from row 0 how many rows a version has.
func RowCount(row []byte) (int, error) {
	if len(row) < rowHeader {
		return 0, crypto.ErrOpen
	}
	n := binary.BigEndian.Uint32(row[hintSize:rowHeader])
	if n == 0 || n > maxParts {
		return 0, crypto.ErrOpen
	}
	return int(n), nil
}

// OpenEntry opens all the rows of one version, which Recognise said is in this
// section and epoch.
func (h *Hold) OpenEntry(s record.Section, e record.Epoch, entry record.EntryID, v record.Version, rows [][]byte) ([]byte, error) {
	k, err := h.at(e)
	if err != nil {
		return nil, err
	}
	key, held := k.entry[s]
	if !held {
		return nil, ErrNotHeld
	}
	if len(rows) == 0 {
		return nil, crypto.ErrOpen
	}
	if n, err := RowCount(rows[0]); err != nil || n != len(rows) {
		return nil, crypto.ErrOpen
	}
	var padded []byte
	for i, row := range rows {
		if i == 0 {
			row = row[rowHeader:]
		}
		part, err := key.Open(entryContext(h.person, s, e, entry, v, uint32(i), uint32(len(rows))), row)
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
