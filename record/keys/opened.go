package keys

import (
	"crypto/sha256"
	"encoding/binary"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/wire"
)

// Opened is what a token opens, all the way down to the keys that a request uses:
// what is in its capsule, in its grant's row, and what is derived from that. The
// server keeps it between requests as it keeps what searches need: sealed, under a
// key that comes from the token's own secret (OpenedKey), which it has only while
// the token is presented. Whether the grant still counts is nothing that is kept:
// the capsule and the row that this was made of must be what they were, and the
// live list says the rest, on each request.
type Opened struct {
	Token TokenCapsule
	Grant *GrantRow
	Row   [sha256.Size]byte // of the grant's row that it was opened from
}

// OpenedKey seals that, and comes from the token's secret alone. The caller destroys
// it.
func OpenedKey(c crypto.Credential) crypto.Key { return c.Derive(crypto.LabelOpened) }

func openedContext(id crypto.CapsuleID) crypto.Context {
	return crypto.NewContext(crypto.ContextOpened, id[:])
}

// It is packed by place, as it is never at rest and read on each request:
//
//	person(16) grant(16) until(8) GK(32) AK(32) leaf(32) hint(32) row(32) epoch(4) ID(32) mask(32)
//	for each section, in order: SK(32) || what seals its entries(32) || what recognises its rows(32); zeros without
//	length(4) || certificate || length(4) || terms || zeros
const (
	packedKey   = 0
	packedEntry = crypto.KeySize
	packedTag   = 2 * crypto.KeySize
	packedEach  = 3 * crypto.KeySize

	openedSections = 16 + 16 + 8 + 5*32 + 4 + 2*32
	openedEnd      = openedSections + record.NumSections*packedEach

	// openedPad is what the whole is filled to a multiple of, so that its length does
	// not tell that of a name.
	openedPad = 1 << 10
)

// unpack takes one key of a section out of what was packed.
func unpack(raw []byte, s record.Section, which int) crypto.Key {
	at := (int(s)-1)*packedEach + which
	key, err := crypto.KeyFrom(raw[at : at+crypto.KeySize])
	if err != nil {
		panic("keys: use of a hold that is destroyed")
	}
	return key
}

// Seal packs what was opened, for memory alone.
func (o Opened) Seal(key crypto.Key, id crypto.CapsuleID) []byte {
	h := o.Grant.Hold
	var terms wire.Builder
	o.Token.Terms.marshal(&terms)
	size := openedEnd + 4 + len(o.Grant.Certificate) + 4 + len(terms.Finish())
	b := make([]byte, 0, (size+openedPad-1)/openedPad*openedPad)
	defer func() { clear(b[:cap(b)]) }()
	b = append(append(b, o.Token.Person[:]...), o.Token.Grant[:]...)
	until := uint64(0)
	if !o.Token.Until.IsZero() {
		until = uint64(o.Token.Until.Unix())
	}
	b = binary.BigEndian.AppendUint64(b, until)
	b = append(append(b, o.Token.Key.Bytes()...), o.Token.Audit.Bytes()...)
	leaf := o.Token.LeafKeys()
	b = append(append(b, leaf.Seal.Bytes()...), leaf.Hint.Bytes()...)
	leaf.Destroy()
	b = append(b, o.Row[:]...)
	b = binary.BigEndian.AppendUint32(b, uint32(h.epoch))
	b = append(b, h.id.Bytes()...)
	b = appendDerived(b, h.id, crypto.LabelEpoch)
	k := h.ring[h.epoch]
	for s := record.Section(1); s <= record.NumSections; s++ {
		if !k.set.Has(s) {
			b = append(b, make([]byte, packedEach)...)
			continue
		}
		b = append(b, k.key(s).Bytes()...)
		b = appendDerived(b, k.key(s), crypto.LabelEntry)
		b = appendDerived(b, k.key(s), crypto.LabelTag)
	}
	b = binary.BigEndian.AppendUint32(b, uint32(len(o.Grant.Certificate)))
	b = append(b, o.Grant.Certificate...)
	b = binary.BigEndian.AppendUint32(b, uint32(len(terms.Finish())))
	b = append(b, terms.Finish()...)
	return key.Seal(openedContext(id), b[:cap(b)])
}

func appendDerived(b []byte, key crypto.Key, l crypto.Label) []byte {
	d := key.Derive(l)
	defer d.Destroy()
	return append(b, d.Bytes()...)
}

// OpenOpened takes it up again. What was sealed with another token, for another
// capsule, or is altered is crypto.ErrOpen.
func OpenOpened(key crypto.Key, id crypto.CapsuleID, sealed []byte) (o Opened, err error) {
	b, err := key.Open(openedContext(id), sealed)
	if err != nil {
		return o, err
	}
	take := func(n int) (part []byte) {
		part, b = b[:n], b[n:]
		return part
	}
	keyOf := func() (k crypto.Key) {
		if err == nil {
			k, err = crypto.KeyFrom(take(crypto.KeySize))
		}
		return k
	}
	if len(b) < openedEnd+4 {
		return o, crypto.ErrOpen
	}
	all := b
	o.Token.Person, o.Token.Grant = record.PersonID(take(16)), record.GrantID(take(16))
	if until := binary.BigEndian.Uint64(take(8)); until != 0 {
		o.Token.Until = time.Unix(int64(until), 0).UTC()
	}
	o.Token.Key, o.Token.Audit = keyOf(), keyOf()
	leaf := LeafKeys{keyOf(), keyOf()}
	if err != nil {
		return o, crypto.ErrOpen
	}
	o.Token.leaf = &leaf
	o.Row = [sha256.Size]byte(take(sha256.Size))
	h := &Hold{person: o.Token.Person, epoch: record.Epoch(binary.BigEndian.Uint32(take(4)))}
	h.id = keyOf()
	mask := keyOf()
	if err != nil {
		return o, crypto.ErrOpen
	}
	h.mask = mask.AsTagger()
	mask.Destroy()
	raw := take(record.NumSections * packedEach)
	k := &sectionKeys{raw: raw}
	for s := record.Section(1); s <= record.NumSections; s++ {
		if at := (int(s) - 1) * packedEach; raw[at] != 0 || [crypto.KeySize]byte(raw[at:]) != [crypto.KeySize]byte{} {
			k.set = k.set.With(s)
		}
	}
	h.ring = map[record.Epoch]*sectionKeys{h.epoch: k}
	n := int(binary.BigEndian.Uint32(take(4)))
	if n+4 > len(b) {
		return o, crypto.ErrOpen
	}
	o.Grant = &GrantRow{Certificate: take(n), Epoch: h.epoch, Hold: h}
	if n = int(binary.BigEndian.Uint32(take(4))); n > len(b) {
		return o, crypto.ErrOpen
	}
	terms := wire.Decode("terms", take(n))
	o.Token.Terms = parseTerms(terms)
	if terms.Finish() != nil {
		return o, crypto.ErrOpen
	}
	h.wipe = all // the section keys are taken out of it as they are needed
	return o, nil
}

// Destroy overwrites the keys of what was opened, but for the token's.
func (o *Opened) Destroy() {
	if o != nil && o.Grant != nil {
		o.Grant.Destroy()
	}
}

// LeafKeys are what is derived from a grant's audit key to write in the log.
type LeafKeys struct {
	Seal crypto.Key // seals an entry
	Hint crypto.Key // of whose tags the grant's entries are recognised
}

// LeafKeys derives them. The caller destroys them.
func (t TokenCapsule) LeafKeys() LeafKeys {
	if t.leaf != nil {
		return LeafKeys{t.leaf.Seal.Clone(), t.leaf.Hint.Clone()}
	}
	return LeafKeys{t.Audit.Derive(crypto.LabelLeaf), t.Audit.Derive(crypto.LabelHint)}
}

// Destroy overwrites them.
func (k LeafKeys) Destroy() {
	k.Seal.Destroy()
	k.Hint.Destroy()
}
