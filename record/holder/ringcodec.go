package holder

import (
	"sort"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/keys"
	"carehold/record/wire"
)

// ringVersion is the newest major version of the keyring this program writes. A
// field that older programs may pass over needs no new version: they keep what
// they do not know. One that they must not does.
const ringVersion = 1

// ErrNewerRing is for a change to a keyring of a newer major version.
var ErrNewerRing error = record.Safef(record.Unsupported,
	"this record was last changed by a newer version of Carehold: it can be read here, not changed")

// The tags of a keyring. docs/format.md, "Keyring".
const (
	tagVersion  = 1
	tagPerson   = 2
	tagStore    = 3
	tagVerifier = 4
	tagSeq      = 5
	tagRecent   = 6 // a list
	tagTrail    = 7
	tagSeenSize = 8
	tagSeenRoot = 9
	tagCame     = 10 // a list of messages: the oldest first
	tagMoved    = 11 // a message
	tagID       = 20
	tagEpoch    = 21 // a list: E_1 first
	tagGen      = 22 // a list of messages: the oldest first
	tagSlot     = 23 // a list of messages
	tagGrant    = 24 // a list of messages
	tagAddress  = 25 // a list of messages
)

// The tags of the messages in it.
const (
	tagGenAudit    = 1
	tagGenBox      = 2
	tagGenIdentity = 3
	tagGenGrants   = 4

	tagSlotKind    = 1
	tagSlotID      = 2
	tagSlotPublic  = 3
	tagSlotLabel   = 4
	tagSlotCreated = 5

	tagHeldGrant = 1 // as grant.Marshal writes it
	tagHeldGen   = 2
	tagHeldToken = 3 // a list of messages
	tagHeldEnded = 4
	tagHeldWhy   = 5
	tagHeldPause = 6

	tagAddressSecret  = 1
	tagAddressLabel   = 2
	tagAddressUntil   = 3
	tagAddressCreated = 4
	tagAddressClosed  = 5

	tagCameStore    = 1
	tagCameVerifier = 2
	tagCameSeq      = 3
	tagCameSeenSize = 4
	tagCameSeenRoot = 5
	tagCameAt       = 6
	tagCameSize     = 7
	tagCameSeenSeq  = 8

	tagMovedURL = 1
	tagMovedAt  = 2

	tagTokenCapsule = 1
	tagTokenLabel   = 2
	tagTokenUntil   = 3
	tagTokenCreated = 4
	tagTokenKind    = 5
	tagTokenFlags   = 6
)

// fields collects a message, so that what is unknown can be put in its place
// among what is known.
type fields []wire.Field

func (f *fields) bytes(tag uint16, v []byte) { *f = append(*f, wire.Field{Tag: tag, Value: v}) }

func (f *fields) uint(tag uint16, v uint64) { f.bytes(tag, crypto.U64(v)) }

func (f *fields) text(tag uint16, v string) {
	if v != "" {
		f.bytes(tag, []byte(v))
	}
}

func (f *fields) time(tag uint16, t time.Time) {
	if !t.IsZero() {
		f.uint(tag, uint64(t.Unix()))
	}
}

func (f *fields) key(tag uint16, k crypto.Key) {
	if !k.IsZero() {
		f.bytes(tag, k.Bytes())
	}
}

// finish returns the message. Tags never decrease, and lists stay in order.
func (f fields) finish(unknown []wire.Field) []byte {
	all := append(f[:len(f):len(f)], unknown...)
	sort.SliceStable(all, func(i, j int) bool { return all[i].Tag < all[j].Tag })
	var w wire.Builder
	w.Raw(all)
	return w.Finish()
}

// marshal writes the keyring.
func (r *ring) marshal() []byte {
	var f fields
	f.uint(tagVersion, r.version)
	f.bytes(tagPerson, r.person[:])
	f.bytes(tagStore, r.store[:])
	f.text(tagVerifier, r.verifier)
	f.uint(tagSeq, uint64(r.seq))
	for _, h := range r.recent {
		f.bytes(tagRecent, h[:])
	}
	f.bytes(tagTrail, r.trail[:])
	f.uint(tagSeenSize, r.seen.Size)
	f.bytes(tagSeenRoot, r.seen.Root[:])
	for _, o := range r.came {
		f.bytes(tagCame, o.marshal())
	}
	if r.moved != nil {
		f.bytes(tagMoved, r.moved.marshal())
	}
	f.key(tagID, r.id)
	for _, k := range r.epochs {
		f.key(tagEpoch, k)
	}
	for _, g := range r.gens {
		f.bytes(tagGen, g.marshal())
	}
	for _, s := range r.slots {
		f.bytes(tagSlot, s.marshal())
	}
	for _, h := range r.grants {
		f.bytes(tagGrant, h.marshal())
	}
	for _, a := range r.addresses {
		f.bytes(tagAddress, a.marshal())
	}
	return f.finish(r.unknown)
}

func (o origin) marshal() []byte {
	var f fields
	f.bytes(tagCameStore, o.store[:])
	f.text(tagCameVerifier, o.verifier)
	f.uint(tagCameSeq, uint64(o.seq))
	f.uint(tagCameSeenSize, o.seen.Size)
	f.bytes(tagCameSeenRoot, o.seen.Root[:])
	f.time(tagCameAt, o.at)
	f.uint(tagCameSize, o.size)
	f.uint(tagCameSeenSeq, uint64(o.seenSeq))
	return f.finish(o.unknown)
}

func (m moved) marshal() []byte {
	var f fields
	f.text(tagMovedURL, m.url)
	f.time(tagMovedAt, m.at)
	return f.finish(m.unknown)
}

func (g generation) marshal() []byte {
	var f fields
	f.key(tagGenAudit, g.audit)
	f.key(tagGenBox, g.box)
	f.key(tagGenIdentity, g.identity)
	f.key(tagGenGrants, g.grants)
	return f.finish(g.unknown)
}

func (s slot) marshal() []byte {
	var f fields
	f.uint(tagSlotKind, uint64(s.kind))
	f.bytes(tagSlotID, s.id[:])
	f.bytes(tagSlotPublic, s.public)
	f.text(tagSlotLabel, s.label)
	f.time(tagSlotCreated, s.created)
	return f.finish(s.unknown)
}

func (h held) marshal() []byte {
	var f fields
	f.bytes(tagHeldGrant, h.grant.Marshal())
	f.uint(tagHeldGen, uint64(h.gen))
	for _, t := range h.tokens {
		f.bytes(tagHeldToken, t.marshal())
	}
	f.time(tagHeldEnded, h.ended)
	if h.why != NotEnded {
		f.uint(tagHeldWhy, uint64(h.why))
	}
	f.time(tagHeldPause, h.paused)
	return f.finish(h.unknown)
}

func (a address) marshal() []byte {
	var f fields
	f.key(tagAddressSecret, a.secret)
	f.text(tagAddressLabel, a.label)
	f.time(tagAddressUntil, a.until)
	f.time(tagAddressCreated, a.created)
	f.time(tagAddressClosed, a.closed)
	return f.finish(a.unknown)
}

func (t token) marshal() []byte {
	var f fields
	f.bytes(tagTokenCapsule, t.capsule[:])
	f.text(tagTokenLabel, t.label)
	f.time(tagTokenUntil, t.until)
	f.time(tagTokenCreated, t.created)
	if t.kind != 0 {
		f.uint(tagTokenKind, uint64(t.kind))
	}
	if t.flags != 0 {
		f.uint(tagTokenFlags, uint64(t.flags))
	}
	return f.finish(t.unknown)
}

// copy returns a keyring that shares nothing with r.
func (r *ring) copy() *ring {
	b := r.marshal()
	c, err := parseRing(b)
	if err != nil {
		panic("holder: a keyring that cannot be read back") // its text holds nothing from it
	}
	c.own()
	clear(b)
	return c
}

// own copies what still points into the message a keyring was read from, so
// that the message can be overwritten.
func (r *ring) own() {
	clone := func(list []wire.Field) {
		for i := range list {
			list[i].Value = append([]byte(nil), list[i].Value...)
		}
	}
	clone(r.unknown)
	for _, o := range r.came {
		clone(o.unknown)
	}
	if r.moved != nil {
		clone(r.moved.unknown)
	}
	for _, g := range r.gens {
		clone(g.unknown)
	}
	for i := range r.slots {
		r.slots[i].public = append([]byte(nil), r.slots[i].public...)
		clone(r.slots[i].unknown)
	}
	for _, h := range r.grants {
		clone(h.unknown)
		for _, t := range h.tokens {
			clone(t.unknown)
		}
	}
	for _, a := range r.addresses {
		clone(a.unknown)
	}
}

// seal makes the blob that the server keeps.
func (r *ring) seal(root crypto.Key) []byte {
	plain := r.marshal()
	padded := crypto.Pad(plain)
	blob := root.Derive(crypto.LabelRing).Seal(keys.RingContext(r.person, r.seq), padded)
	clear(plain)
	clear(padded)
	return blob
}

// openRing opens the keyring of one statement of one person.
func openRing(root crypto.Key, p record.PersonID, n record.Seq, blob []byte) (*ring, error) {
	padded, err := root.Derive(crypto.LabelRing).Open(keys.RingContext(p, n), blob)
	if err != nil {
		return nil, err
	}
	defer clear(padded)
	plain, err := crypto.Unpad(padded)
	if err != nil {
		return nil, err
	}
	r, err := parseRing(plain)
	if err != nil {
		return nil, err
	}
	r.own()
	if r.person != p || r.seq != n {
		return nil, crypto.ErrOpen
	}
	return r, nil
}
