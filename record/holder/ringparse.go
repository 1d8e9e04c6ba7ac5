package holder

import (
	"carehold/crypto"
	"carehold/record"
	"carehold/record/grant"
	"carehold/record/keys"
	"carehold/record/statement"
	"carehold/record/wire"
)

// parseRing reads a keyring. A later major version may have changed what a field
// means: what still can be read is read, and nothing is written.
func parseRing(b []byte) (*ring, error) {
	r := new(ring)
	d := wire.Decode("keyring", b)
	r.version = d.Uint(tagVersion)
	if r.version < 1 {
		d.Fail("version")
	}
	d.Fixed(tagPerson, r.person[:])
	d.Fixed(tagStore, r.store[:])
	r.verifier = d.String(tagVerifier)
	r.seq = record.Seq(d.Uint(tagSeq))
	for _, v := range d.List(tagRecent) {
		if len(v) != len(statement.Hash{}) {
			d.Fail("statement hash")
			break
		}
		r.recent = append(r.recent, statement.Hash(v))
	}
	if uint64(len(r.recent)) > uint64(r.seq) {
		d.Fail("more statements than there were")
	}
	d.Fixed(tagTrail, r.trail[:])
	r.seen.Size = d.Uint(tagSeenSize)
	d.Fixed(tagSeenRoot, r.seen.Root[:])
	for _, v := range d.List(tagCame) {
		r.came = append(r.came, parseOrigin(d, v))
	}
	if v := d.Optional(tagMoved); v != nil {
		r.moved = parseMoved(d, v)
	}
	r.id = key(d, d.Bytes(tagID))
	for _, v := range d.List(tagEpoch) {
		r.epochs = append(r.epochs, key(d, v))
	}
	for _, v := range d.List(tagGen) {
		r.gens = append(r.gens, parseGeneration(d, v))
	}
	for _, v := range d.List(tagSlot) {
		r.slots = append(r.slots, parseSlot(d, v))
	}
	for _, v := range d.List(tagGrant) {
		r.grants = append(r.grants, parseHeld(d, v, len(r.gens)))
	}
	for _, v := range d.List(tagAddress) {
		r.addresses = append(r.addresses, parseAddress(d, v))
	}
	if len(r.epochs) == 0 || len(r.gens) == 0 || len(r.slots) == 0 {
		d.Fail("no epoch, generation or slot")
	} else if g := r.newest(); g.identity.IsZero() || g.grants.IsZero() || r.self() == nil {
		d.Fail("no identity or no grant of the person's own")
	}
	r.unknown = d.Keep()
	if err := d.Finish(); err != nil {
		if r.version > ringVersion {
			return nil, ErrNewerRing
		}
		return nil, err
	}
	return r, nil
}

// key reads a key; without one, d fails.
func key(d *wire.Decoder, b []byte) crypto.Key {
	k, err := crypto.KeyFrom(b)
	if err != nil {
		d.Fail("key")
	}
	return k
}

// optionalKey reads a key that need not be there.
func optionalKey(d *wire.Decoder, b []byte) crypto.Key {
	if b == nil {
		return crypto.Key{}
	}
	return key(d, b)
}

// done passes what is wrong with a message on to the one it is in, and returns
// the fields nobody knows.
func done(outer, inner *wire.Decoder) []wire.Field {
	unknown := inner.Keep()
	if err := inner.Finish(); err != nil {
		outer.Fail("%v", err)
	}
	return unknown
}

func parseOrigin(outer *wire.Decoder, b []byte) (o origin) {
	d := wire.Decode("origin", b)
	d.Fixed(tagCameStore, o.store[:])
	o.verifier, o.seq = d.String(tagCameVerifier), record.Seq(d.Uint(tagCameSeq))
	o.seen.Size = d.Uint(tagCameSeenSize)
	d.Fixed(tagCameSeenRoot, o.seen.Root[:])
	o.at, o.size, o.seenSeq = d.Time(tagCameAt), d.Uint(tagCameSize), record.Seq(d.Uint(tagCameSeenSeq))
	if o.verifier == "" || o.at.IsZero() {
		d.Fail("no verifier or no time")
	}
	o.unknown = done(outer, d)
	return o
}

func parseMoved(outer *wire.Decoder, b []byte) *moved {
	d := wire.Decode("moved", b)
	m := &moved{url: d.String(tagMovedURL), at: d.Time(tagMovedAt)}
	if m.url == "" || m.at.IsZero() {
		d.Fail("no address or no time")
	}
	m.unknown = done(outer, d)
	return m
}

func parseGeneration(outer *wire.Decoder, b []byte) (g generation) {
	d := wire.Decode("generation", b)
	g.audit, g.box = key(d, d.Bytes(tagGenAudit)), key(d, d.Bytes(tagGenBox))
	g.identity = optionalKey(d, d.Optional(tagGenIdentity))
	g.grants = optionalKey(d, d.Optional(tagGenGrants))
	g.unknown = done(outer, d)
	return g
}

func parseSlot(outer *wire.Decoder, b []byte) (s slot) {
	d := wire.Decode("slot", b)
	kind := d.Uint(tagSlotKind)
	s.kind = crypto.Kind(kind)
	if kind > 0xff || !s.kind.IsSlot() {
		d.Fail("kind")
	}
	d.Fixed(tagSlotID, s.id[:])
	s.public = d.Bytes(tagSlotPublic)
	if _, err := crypto.ParseBoxPublicKey(s.public); err != nil {
		d.Fail("public key")
	}
	s.label, s.created = d.String(tagSlotLabel), d.Time(tagSlotCreated)
	s.unknown = done(outer, d)
	return s
}

func parseHeld(outer *wire.Decoder, b []byte, gens int) (h held) {
	d := wire.Decode("grant", b)
	var err error
	if h.grant, err = grant.Parse(d.Bytes(tagHeldGrant)); err != nil {
		d.Fail("grant")
	}
	h.gen = d.Uint32(tagHeldGen)
	if uint64(h.gen) >= uint64(gens) {
		d.Fail("generation")
	}
	for _, v := range d.List(tagHeldToken) {
		h.tokens = append(h.tokens, parseToken(d, v))
	}
	h.ended = d.Time(tagHeldEnded)
	why := d.OptionalUint(tagHeldWhy)
	h.why = EndReason(why)
	if why > 0xff || h.ended.IsZero() != (h.why == NotEnded) {
		d.Fail("end")
	}
	if h.paused = d.Time(tagHeldPause); h.grant.Self && !h.paused.IsZero() {
		d.Fail("the person's own grant is suspended")
	}
	h.unknown = done(outer, d)
	return h
}

func parseAddress(outer *wire.Decoder, b []byte) (a address) {
	d := wire.Decode("address", b)
	a.secret = key(d, d.Bytes(tagAddressSecret))
	a.label, a.until, a.created = d.String(tagAddressLabel), d.Time(tagAddressUntil), d.Time(tagAddressCreated)
	a.closed = d.Time(tagAddressClosed)
	a.unknown = done(outer, d)
	return a
}

func parseToken(outer *wire.Decoder, b []byte) (t token) {
	d := wire.Decode("token", b)
	d.Fixed(tagTokenCapsule, t.capsule[:])
	t.label, t.until, t.created = d.String(tagTokenLabel), d.Time(tagTokenUntil), d.Time(tagTokenCreated)
	t.kind = crypto.Kind(d.OptionalUint(tagTokenKind))
	t.flags = keys.LinkFlags(d.OptionalUint(tagTokenFlags))
	t.unknown = done(outer, d)
	return t
}
