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

// A back row leads from an epoch to earlier ones, section by section:
//
//	near     19 links to the epoch before
//	far      19 links to epoch Far, unless that is the epoch before
//
// Walking the near links alone, a record whose grants were revoked four hundred
// times took a fifth of a second to reach its first entries; with both it is some
// twenty steps at most. A row of near links only, as older stores have, will do.

// Far is the epoch that an epoch's far links lead to. Two leaps of one length in a
// row are followed by one over both (Myers, "An applicative random-access stack",
// 1983): from any epoch to any before it there is then a way of at most twice as
// many steps as the number has bits, and one more.
func Far(e record.Epoch) record.Epoch {
	if e < 2 {
		return e
	}
	far := make([]record.Epoch, e+1)
	far[1] = 1
	for x := record.Epoch(2); x <= e; x++ {
		before := x - 1
		leap := far[before]
		if far[x] = before; before-leap == leap-far[leap] {
			far[x] = far[leap]
		}
	}
	return far[e]
}

// BackRow returns the row that leads from this epoch back. key gives the keys of
// earlier epochs.
func (k EpochKey) BackRow(p record.PersonID, key func(record.Epoch) crypto.Key) []byte {
	row := make([]byte, 0, BackRowSize(k.Epoch))
	row = k.links(row, p, k.Epoch-1, key(k.Epoch-1))
	if far := Far(k.Epoch); far != k.Epoch-1 {
		row = k.links(row, p, far, key(far))
	}
	return row
}

func (k EpochKey) links(row []byte, p record.PersonID, to record.Epoch, earlier crypto.Key) []byte {
	for _, s := range record.Sections() {
		newer, older := k.section(s), EpochKey{to, earlier}.section(s)
		link := newer.Derive(crypto.LabelPrev)
		row = append(row, link.Seal(prevContext(p, s, k.Epoch, to), older.Bytes())...)
		link.Destroy()
		newer.Destroy()
		older.Destroy()
	}
	return row
}

// nearSize is the length of the links to the epoch before.
var nearSize = record.NumSections * prevSize

// BackRowSize is the length of an epoch's back row.
func BackRowSize(e record.Epoch) int {
	if Far(e) == e-1 {
		return nearSize
	}
	return 2 * nearSize
}

// steps tells which epochs a back row leads to, the earliest first.
func steps(e record.Epoch, row []byte) []record.Epoch {
	switch len(row) {
	case nearSize:
		return []record.Epoch{e - 1}
	case BackRowSize(e):
		return []record.Epoch{Far(e), e - 1}
	}
	return nil
}

// follow opens one link of a back row: the key of section s in the epoch it leads to.
func follow(p record.PersonID, s record.Section, e, to record.Epoch, newer crypto.Key, row []byte) (crypto.Key, error) {
	at := (int(s) - 1) * prevSize
	if to != e-1 {
		at += nearSize
	}
	link := newer.Derive(crypto.LabelPrev)
	defer link.Destroy()
	older, err := link.Open(prevContext(p, s, e, to), row[at:at+prevSize])
	if err != nil {
		return crypto.Key{}, err
	}
	defer clear(older)
	return crypto.KeyFrom(older)
}
