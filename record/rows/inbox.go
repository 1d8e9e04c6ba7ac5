package rows

import "carehold/crypto"

// Waiting is a row of the inbox:
//
//	whose(8) box                    a notice: the first bit of its id is 1
//	whose(8) commitment(32) box     a contribution
//
// Whose it is only a server with this node.key can tell, and of a grant that it is asked
// about: the tag is of the row's id too, so that to others no two rows are alike. It is
// for counting, and nothing is believed by it. After a restore it is nobody's, as the
// grants have ended.
type Waiting struct {
	Whose      [8]byte
	Commitment crypto.MAC // keys.Contribution.Commitment
	Box        []byte
}

// IsNotice reports which of the two an id is of.
func IsNotice(id [16]byte) bool { return id[0]&0x80 != 0 }

// Marshal writes the row of an id.
func (w Waiting) Marshal(id [16]byte) []byte {
	row := append(make([]byte, 0, len(w.Whose)+len(w.Commitment)+len(w.Box)), w.Whose[:]...)
	if !IsNotice(id) {
		row = append(row, w.Commitment[:]...)
	}
	return append(row, w.Box...)
}

// ParseWaiting reads it. The box is part of what was given.
func ParseWaiting(id [16]byte, row []byte) (w Waiting, ok bool) {
	if len(row) < minInbox {
		return w, false
	}
	row = row[copy(w.Whose[:], row):]
	if !IsNotice(id) {
		row = row[copy(w.Commitment[:], row):]
	}
	w.Box = row
	return w, true
}

// minInbox is less than the smallest that is ever sealed for the inbox: what takes no
// room is nothing of the person's.
const minInbox = 1024
