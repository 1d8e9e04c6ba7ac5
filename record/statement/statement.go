// Package statement is the signed change, and its chain: everything a person's
// device changes about keys, slots, grants and epochs is one statement.
//
//	signed    = fields: body, signature by the identity key, and when the
//	            identity is new another by the new key over the same body
//	body      = person, store, sequence, hash of the previous body, log head seen,
//	            time, changes, the new sealed keyring, a log entry
//	chain     = each body names SHA-256 of the body before it; the first names zeros
//
// A server applies a statement atomically, and only if it follows the last one:
// otherwise the answer is a conflict, and the device reloads and does it again.
// So two devices cannot undo each other, and an old statement, replayed, is
// refused for its sequence.
//
// A record that was restored or brought from another store goes on with one
// statement: CarryOn. One with MovedTo closes the record, and the next one
// without it opens it again.
//
// A statement touches only its own person's rows. Changes are a set: there is
// one order in which they are applied, the order of their tags.
package statement

import (
	"crypto/sha256"
	"encoding/binary"
	"time"
	"unicode/utf8"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/wire"
)

// Hash is SHA-256 of a statement's body.
type Hash [32]byte

// Head is a place in the person's log: how many leaves, and the root over them.
type Head struct {
	Size uint64
	Root [32]byte
}

// Identity is who signs from now on, and whom to seal to.
type Identity struct {
	Signing crypto.PublicKey
	Box     []byte // X-Wing public key
}

// Epoch starts an epoch: from now on entries are sealed under its keys.
type Epoch struct {
	Number record.Epoch
	Back   []byte // the row that leads to the epoch before; empty in the first
}

// GrantRow puts a grant on the live list, or renews its row.
type GrantRow struct {
	Grant record.GrantID
	Until time.Time // zero: until stopped
	Self  bool
	Row   []byte // sealed

	Resumes bool // it was suspended, and goes on: a device that does not know of suspending says so of none
}

// Ended takes a grant off the live list.
type Ended struct {
	Grant record.GrantID
	Row   []byte // sealed: what is left in place of its keys
}

// Slot is the root key, wrapped for one way to unlock. The list of them is whole
// in each statement, and is kept beside the keyring: a new root key, the keyring
// it opens and its wraps are one atomic change, so no crash can part them.
type Slot struct {
	ID   crypto.CapsuleID
	Wrap []byte // R, sealed to the slot's X-Wing key under keys.RootContext
}

// CarryOn is what the first statement says at a store that a record was restored
// at or brought to: where it comes from, where it goes on, and how much of the log
// was known of there, so that nobody can present it as another's decision.
type CarryOn struct {
	From     record.StoreID // the store the record comes from
	Verifier string         // of the node it goes on at
	Seen     Head           // the newest that any device is known to have seen there
}

// Body is what is signed.
type Body struct {
	Person record.PersonID
	Store  record.StoreID
	Seq    record.Seq
	Prev   Hash
	Seen   Head // the log, as the device last checked it
	Time   time.Time

	CarryOn *CarryOn
	MovedTo string // closes the record here: the URL it moves to; "" opens it. Or Deleted

	Identity *Identity
	PutSlots []record.Capsule   // of new slots: keys.SealSlot
	CutSlots []crypto.CapsuleID // slots that are no more: their capsules go too
	Epoch    *Epoch
	Grants   []GrantRow
	Ended    []Ended
	Capsules []record.Capsule // of tokens for these grants, of answers to requests, of addresses

	Suspended []Ended // grants that stay on the list and open nothing, until a row renews them

	Slots []Slot // every slot there is after this statement
	Ring  []byte // the keyring after this statement, sealed
	Leaf  []byte // the log entry of this statement, sealed by the device
}

// The tags of a body. docs/format.md, "Statement".
const (
	tagPerson    = 1
	tagStore     = 2
	tagSeq       = 3
	tagPrev      = 4
	tagSize      = 5
	tagRoot      = 6
	tagTime      = 7
	tagFrom      = 8 // with the three that follow, or none of them
	tagVerifier  = 9
	tagFromSize  = 10
	tagFromRoot  = 11
	tagMovedTo   = 12
	tagIdentity  = 20
	tagPutSlot   = 21
	tagCutSlot   = 22
	tagEpoch     = 23
	tagGrantRow  = 24
	tagEnded     = 25
	tagCapsule   = 26
	tagSuspended = 27
	tagSlot      = 40
	tagRing      = 41
	tagLeaf      = 42
)

// Limits on a statement, so that it fits in one update of a store.
const (
	MaxSize     = 1 << 20
	MaxSlots    = 32
	MaxGrants   = 400
	maxCapsule  = 4 << 10
	maxGrantRow = 64 << 10
	maxLeaf     = 64 << 10
	maxVerifier = 1 << 10
	MaxURL      = 2 << 10
)

// Deleted stands for an address a record moves to, and says that it goes nowhere: the
// server deletes it with the statement that says so. A server from before there was
// this closes the record and keeps it.
const Deleted = "urn:carehold:deleted"

// Marshal writes the body.
func (b Body) Marshal() []byte {
	var w wire.Builder
	w.Bytes(tagPerson, b.Person[:])
	w.Bytes(tagStore, b.Store[:])
	w.Uint(tagSeq, uint64(b.Seq))
	w.Bytes(tagPrev, b.Prev[:])
	w.Uint(tagSize, b.Seen.Size)
	w.Bytes(tagRoot, b.Seen.Root[:])
	w.Time(tagTime, b.Time)
	if c := b.CarryOn; c != nil {
		w.Bytes(tagFrom, c.From[:])
		w.Bytes(tagVerifier, []byte(c.Verifier))
		w.Uint(tagFromSize, c.Seen.Size)
		w.Bytes(tagFromRoot, c.Seen.Root[:])
	}
	w.String(tagMovedTo, b.MovedTo)
	if b.Identity != nil {
		w.Bytes(tagIdentity, append(b.Identity.Signing[:], b.Identity.Box...))
	}
	for _, c := range b.PutSlots {
		w.Bytes(tagPutSlot, marshalCapsule(c))
	}
	for _, id := range b.CutSlots {
		w.Bytes(tagCutSlot, id[:])
	}
	if b.Epoch != nil {
		w.Bytes(tagEpoch, append(crypto.U32(uint32(b.Epoch.Number)), b.Epoch.Back...))
	}
	for _, g := range b.Grants {
		w.Bytes(tagGrantRow, marshalGrant(g))
	}
	for _, e := range b.Ended {
		w.Bytes(tagEnded, append(e.Grant[:], e.Row...))
	}
	for _, c := range b.Capsules {
		w.Bytes(tagCapsule, marshalCapsule(c))
	}
	for _, e := range b.Suspended {
		w.Bytes(tagSuspended, append(e.Grant[:], e.Row...))
	}
	for _, slot := range b.Slots {
		w.Bytes(tagSlot, append(slot.ID[:], slot.Wrap...))
	}
	w.Bytes(tagRing, b.Ring)
	w.Bytes(tagLeaf, b.Leaf)
	return w.Finish()
}

func marshalCapsule(c record.Capsule) []byte {
	return append(append(c.ID[:], crypto.U32(c.Hour)...), c.Blob...)
}

func parseCapsule(d *wire.Decoder, v []byte) record.Capsule {
	var c record.Capsule
	if len(v) < 20 || len(v) > maxCapsule {
		d.Fail("capsule")
		return c
	}
	copy(c.ID[:], v)
	c.Hour = uint32(v[16])<<24 | uint32(v[17])<<16 | uint32(v[18])<<8 | uint32(v[19])
	c.Blob = v[20:]
	return c
}

func marshalGrant(g GrantRow) []byte {
	var w wire.Builder
	w.Bytes(1, g.Grant[:])
	w.Time(2, g.Until)
	w.Flag(3, g.Self)
	w.Bytes(4, g.Row)
	w.Flag(5, g.Resumes)
	return w.Finish()
}

func parseGrant(d *wire.Decoder, v []byte) GrantRow {
	var g GrantRow
	n := wire.Decode("grant row", v)
	n.Fixed(1, g.Grant[:])
	g.Until, g.Self, g.Row, g.Resumes = n.Time(2), n.Flag(3), n.Bytes(4), n.Flag(5)
	if n.Finish() != nil || len(g.Row) > maxGrantRow {
		d.Fail("grant row")
	}
	return g
}

// parseCarryOn reads the four fields of a carry-on, which stand together.
func parseCarryOn(d *wire.Decoder) *CarryOn {
	from, verifier, size, root := d.Optional(tagFrom), d.Optional(tagVerifier), d.Optional(tagFromSize), d.Optional(tagFromRoot)
	if from == nil && verifier == nil && size == nil && root == nil {
		return nil
	}
	c := new(CarryOn)
	if len(from) != len(c.From) || len(verifier) == 0 || len(verifier) > maxVerifier || !utf8.Valid(verifier) ||
		len(size) != 8 || len(root) != len(c.Seen.Root) {
		d.Fail("carry-on")
		return nil
	}
	c.From, c.Verifier = record.StoreID(from), string(verifier)
	c.Seen = Head{binary.BigEndian.Uint64(size), [32]byte(root)}
	return c
}

// parseEnded reads a list of grants with the row that is left of each.
func parseEnded(d *wire.Decoder, tag uint16) (list []Ended) {
	for _, v := range d.List(tag) {
		if len(v) < 16 || len(v) > maxGrantRow {
			d.Fail("ended grant")
			break
		}
		list = append(list, Ended{record.GrantID(v[:16]), v[16:]})
	}
	return list
}

// ParseBody reads a body.
func ParseBody(body []byte) (Body, error) {
	var b Body
	d := wire.Decode("statement", body)
	d.Fixed(tagPerson, b.Person[:])
	d.Fixed(tagStore, b.Store[:])
	b.Seq = record.Seq(d.Uint(tagSeq))
	d.Fixed(tagPrev, b.Prev[:])
	b.Seen.Size = d.Uint(tagSize)
	d.Fixed(tagRoot, b.Seen.Root[:])
	b.Time = d.Time(tagTime)
	b.CarryOn = parseCarryOn(d)
	if b.MovedTo = d.String(tagMovedTo); len(b.MovedTo) > MaxURL {
		d.Fail("address")
	}
	if v := d.Optional(tagIdentity); v != nil {
		if len(v) != 32+crypto.BoxPublicKeySize {
			d.Fail("identity")
		} else {
			b.Identity = &Identity{Box: v[32:]}
			copy(b.Identity.Signing[:], v)
		}
	}
	for _, v := range d.List(tagPutSlot) {
		b.PutSlots = append(b.PutSlots, parseCapsule(d, v))
	}
	for _, v := range d.List(tagCutSlot) {
		if len(v) != 16 {
			d.Fail("slot")
			break
		}
		b.CutSlots = append(b.CutSlots, crypto.CapsuleID(v))
	}
	if v := d.Optional(tagEpoch); v != nil {
		if len(v) < 4 {
			d.Fail("epoch")
		} else {
			n := uint32(v[0])<<24 | uint32(v[1])<<16 | uint32(v[2])<<8 | uint32(v[3])
			b.Epoch = &Epoch{record.Epoch(n), v[4:]}
		}
	}
	for _, v := range d.List(tagGrantRow) {
		b.Grants = append(b.Grants, parseGrant(d, v))
	}
	b.Ended = parseEnded(d, tagEnded)
	for _, v := range d.List(tagCapsule) {
		b.Capsules = append(b.Capsules, parseCapsule(d, v))
	}
	b.Suspended = parseEnded(d, tagSuspended)
	for _, v := range d.List(tagSlot) {
		if len(v) < 16 || len(v) > maxCapsule {
			d.Fail("slot")
			break
		}
		b.Slots = append(b.Slots, Slot{crypto.CapsuleID(v[:16]), v[16:]})
	}
	b.Ring = d.Bytes(tagRing)
	b.Leaf = d.Bytes(tagLeaf)
	if len(b.Leaf) > maxLeaf || len(b.PutSlots) > MaxSlots || len(b.CutSlots) > MaxSlots || len(b.Slots) > MaxSlots || len(b.Grants) > MaxGrants || len(b.Ended) > MaxGrants ||
		len(b.Capsules) > MaxGrants || len(b.Suspended) > MaxGrants {
		d.Fail("too much in one statement")
	}
	return b, d.Finish()
}

// Signed is a statement as it is sent.
type Signed struct {
	Body      []byte
	Signature []byte
	// NewSignature is by the key that the statement makes the identity, when it
	// makes one; in the first statement it is the only key there is.
	NewSignature []byte
}

// Sign signs a body with the identity key.
func Sign(b Body, identity crypto.SigningKey) Signed {
	body := b.Marshal()
	return Signed{Body: body, Signature: identity.Sign(crypto.SignStatement, body)}
}

// SignNew adds the signature of the key that becomes the identity.
func (s Signed) SignNew(identity crypto.SigningKey) Signed {
	s.NewSignature = identity.Sign(crypto.SignIdentity, s.Body)
	return s
}

// Marshal writes the statement for sending.
func (s Signed) Marshal() []byte {
	var w wire.Builder
	w.Bytes(1, s.Body)
	w.Bytes(2, s.Signature)
	if s.NewSignature != nil {
		w.Bytes(3, s.NewSignature)
	}
	return w.Finish()
}

// Parse reads a statement as it was sent. Nothing is verified yet.
func Parse(b []byte) (Signed, error) {
	if len(b) > MaxSize {
		return Signed{}, record.Safef(record.TooLarge, "a statement has at most %d bytes", MaxSize)
	}
	var s Signed
	d := wire.Decode("statement", b)
	s.Body, s.Signature, s.NewSignature = d.Bytes(1), d.Bytes(2), d.Optional(3)
	return s, d.Finish()
}

// HashOf is the name the next statement calls this body by.
func HashOf(body []byte) Hash { return sha256.Sum256(body) }

// Verify checks the statement against the identity that was valid before it, and
// returns its body. For the first statement of a person, identity is nil: then
// the body must bring an identity that the person's name is the hash of.
func (s Signed) Verify(identity *crypto.PublicKey) (Body, error) {
	b, err := ParseBody(s.Body)
	if err != nil {
		return b, err
	}
	if identity == nil {
		if b.Identity == nil || record.PersonID(crypto.PersonOf(b.Identity.Signing)) != b.Person {
			return b, crypto.ErrSignature
		}
		identity = &b.Identity.Signing
	}
	if err := identity.Verify(crypto.SignStatement, s.Body, s.Signature); err != nil {
		return b, err
	}
	if b.Identity == nil {
		if s.NewSignature != nil {
			return b, crypto.ErrSignature
		}
		return b, nil
	}
	// The key that takes over signs too: nobody can make another's key theirs.
	return b, b.Identity.Signing.Verify(crypto.SignIdentity, s.Body, s.NewSignature)
}
