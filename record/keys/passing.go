package keys

import (
	"carehold/crypto"
	"carehold/record"
)

// Two things are sealed under a grant's own key that are never at rest: where a
// page ends, which the client holds until it asks for the next one, and what a
// search keeps in the server's memory. Whoever has the token opens them; the
// server does only while it serves them.

// PageKey seals where the pages of lists under this grant end. The caller destroys
// it.
func (t TokenCapsule) PageKey() crypto.Key { return t.Key.Derive(crypto.LabelPage) }

// PageContext is of a page's end.
func PageContext(p record.PersonID, g record.GrantID) crypto.Context {
	return crypto.NewContext(crypto.ContextPage, p[:], g[:])
}

// MemoKey seals what is kept in memory for the searches of this grant. The caller
// destroys it.
func (t TokenCapsule) MemoKey() crypto.Key { return t.Key.Derive(crypto.LabelMemo) }

// MemoContext is of one piece of that: what it is, and which of its kind.
func MemoContext(p record.PersonID, g record.GrantID, e record.Epoch, what byte, number uint32) crypto.Context {
	return crypto.NewContext(crypto.ContextMemo, p[:], g[:], crypto.U32(uint32(e)), []byte{what}, crypto.U32(number))
}

// SentKey seals what was sent under this grant and is not in the record yet. It is at
// rest, until it is claimed or its time is over. The caller destroys it.
func (t TokenCapsule) SentKey() crypto.Key { return t.Key.Derive(crypto.LabelSent) }

// SentContext is of part index of such a content.
func SentContext(p record.PersonID, g record.GrantID, id [16]byte, index uint32) crypto.Context {
	return crypto.NewContext(crypto.ContextSent, p[:], g[:], id[:], crypto.U32(index))
}

// OpenFirst opens the first row of a version alone, which Recognise said is in this
// section and epoch, and returns as much of the plaintext as is in it: the header of
// a large document, without the document.
func (h *Hold) OpenFirst(s record.Section, e record.Epoch, entry record.EntryID, v record.Version, row []byte) ([]byte, error) {
	p, err := h.EntryParts(s, e, entry, v, row)
	if err != nil {
		return nil, err
	}
	padded, err := p.Open(0, row)
	switch {
	case err != nil:
		return nil, err
	case p.count == 1:
		return crypto.Unpad(padded)
	case len(padded) < padLength:
		return nil, crypto.ErrOpen
	}
	return padded[padLength:], nil // the zeros are in the last row
}
