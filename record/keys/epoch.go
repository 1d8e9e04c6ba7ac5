package keys

import (
	"carehold/crypto"
	"carehold/record"
)

// EpochKey is E_e: from it come the keys of every section in epoch e.
type EpochKey struct {
	Epoch record.Epoch
	Key   crypto.Key
}

// NewEpochKey makes the key of an epoch.
func NewEpochKey(e record.Epoch) EpochKey { return EpochKey{e, crypto.NewKey()} }

// section returns SK_{s,e}.
func (k EpochKey) section(s record.Section) crypto.Key {
	return k.Key.Derive(crypto.LabelSection, []byte{byte(s)})
}

// prevSize is the length of one link: a sealed key.
var prevSize = crypto.SealedSize(crypto.KeySize)

// BackRow returns the row that leads from this epoch to the one before: for
// section 1 to 19 in order, Seal(KDF(SK_{s,e},"prev"), SK_{s,e-1}).
func (k EpochKey) BackRow(p record.PersonID, before EpochKey) []byte {
	row := make([]byte, 0, record.NumSections*prevSize)
	for _, s := range record.Sections() {
		newer, older := k.section(s), before.section(s)
		link := newer.Derive(crypto.LabelPrev)
		row = append(row, link.Seal(prevContext(p, s, k.Epoch), older.Bytes())...)
		link.Destroy()
		newer.Destroy()
		older.Destroy()
	}
	return row
}

// BackRowSize is the length of every back row.
func BackRowSize() int { return record.NumSections * prevSize }

// follow opens one link of a back row: the key of section s in the epoch before e.
func follow(p record.PersonID, s record.Section, e record.Epoch, newer crypto.Key, row []byte) (crypto.Key, error) {
	if len(row) != BackRowSize() {
		return crypto.Key{}, crypto.ErrOpen
	}
	at := (int(s) - 1) * prevSize
	link := newer.Derive(crypto.LabelPrev)
	defer link.Destroy()
	older, err := link.Open(prevContext(p, s, e), row[at:at+prevSize])
	if err != nil {
		return crypto.Key{}, err
	}
	defer clear(older)
	return crypto.KeyFrom(older)
}
