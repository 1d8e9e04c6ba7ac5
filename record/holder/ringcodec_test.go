package holder

import (
	"bytes"
	"encoding/hex"
	"errors"
	"os"
	"testing"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/keys"
	"carehold/record/statement"
	"carehold/record/wire"
)

// fixed is a key of one byte, 32 times, so that the vector below can be written
// by hand.
func fixed(t testing.TB, b byte) crypto.Key {
	t.Helper()
	k, err := crypto.KeyFrom(bytes.Repeat([]byte{b}, crypto.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// testRing is a small keyring with everything in it.
func testRing(t testing.TB) *ring {
	t.Helper()
	at := time.Date(2026, 11, 21, 14, 2, 0, 0, time.UTC)
	p := record.PersonID{0x11}
	self := selfGrant(p, "you", at)
	self.ID = record.GrantID{0x21}
	over := self
	over.ID, over.Self, over.To.Name = record.GrantID{0x22}, false, "Dr Amara Okafor"
	return &ring{
		version: 1, person: p, store: record.StoreID{0x12}, verifier: "node",
		seq: 3, recent: []statement.Hash{{0x31}, {0x32}}, trail: [32]byte{0x33}, seen: statement.Head{Size: 7, Root: [32]byte{0x34}},
		came:  []origin{{store: record.StoreID{0x13}, verifier: "old", seq: 2, seen: statement.Head{Size: 9, Root: [32]byte{0x35}}, seenSeq: 4, at: at, size: 6}},
		moved: &moved{url: "https://a", at: at},
		id:    fixed(t, 0x41), epochs: []crypto.Key{fixed(t, 0x51), fixed(t, 0x52)},
		gens: []generation{
			{audit: fixed(t, 0x61), box: fixed(t, 0x62)},
			{audit: fixed(t, 0x63), box: fixed(t, 0x64), identity: fixed(t, 0x65), grants: fixed(t, 0x66)},
		},
		slots: []slot{{kind: crypto.SlotRecovery, id: crypto.CapsuleID{0x71},
			public: crypto.NewBoxKey(fixed(t, 0x72)).Public().Bytes(), label: "paper", created: at}},
		grants: []held{
			{grant: self, gen: 1},
			{grant: over, gen: 0, ended: at, why: Revoked, paused: at, tokens: []token{
				{capsule: crypto.CapsuleID{0x81}, label: "surgery", until: at, created: at},
				{capsule: crypto.CapsuleID{0x82}, created: at, kind: crypto.Link, flags: keys.LinkPasscode | keys.LinkSummary}}},
		},
		addresses: []address{{secret: fixed(t, 0x91), label: "door", until: at, created: at, closed: at}, {secret: fixed(t, 0x92)}},
	}
}

func TestRingRoundTrip(t *testing.T) {
	b := testRing(t).marshal()
	r, err := parseRing(b)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(r.marshal(), b) {
		t.Error("what is read is not what was written")
	}
	if got := r.grants[1].tokens[1]; got.kind != crypto.Link || got.flags != 5 { // docs/format.md, §6: 1 and 4
		t.Errorf("a link is %v %d", got.kind, got.flags)
	}
	if hash, known := r.hashOf(1); !known || hash != (statement.Hash{0x31}) {
		t.Errorf("statement 1 is %x, %v", hash, known)
	}
	if _, known := r.hashOf(3); known {
		t.Error("a keyring cannot know the hash of the statement it is in")
	}
}

// The beginning of the keyring's bytes, by hand from docs/format.md: a field is
// tag(2) length(4) value.
func TestRingBytes(t *testing.T) {
	b := testRing(t).marshal()
	want := "0001" + "00000008" + "0000000000000001" + // version
		"0002" + "00000010" + "11000000000000000000000000000000" + // person
		"0003" + "00000010" + "12000000000000000000000000000000" + // store
		"0004" + "00000004" + "6e6f6465" + // verifier
		"0005" + "00000008" + "0000000000000003" + // sequence
		"0006" + "00000020" + "31" + zeros(31) + // statement 1
		"0006" + "00000020" + "32" + zeros(31) + // statement 2
		"0007" + "00000020" + "33" + zeros(31) + // trail
		"0008" + "00000008" + "0000000000000007" + // size seen
		"0009" + "00000020" + "34" + zeros(31) + // root seen
		"000a" + "0000008b" + // a store it came from
		"0001" + "00000010" + "13" + zeros(15) +
		"0002" + "00000003" + "6f6c64" +
		"0003" + "00000008" + "0000000000000002" +
		"0004" + "00000008" + "0000000000000009" +
		"0005" + "00000020" + "35" + zeros(31) +
		"0006" + "00000008" + "000000006b01a458" + // 2026-11-21T14:02:00Z
		"0007" + "00000008" + "0000000000000006" +
		"0008" + "00000008" + "0000000000000004" +
		"000b" + "0000001d" + // where it went
		"0001" + "00000009" + "68747470733a2f2f61" +
		"0002" + "00000008" + "000000006b01a458"
	if got := hex.EncodeToString(b[:len(want)/2]); got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
}

// And its end: what a grant says last, and the addresses.
func TestRingBytesOfAsking(t *testing.T) {
	b := testRing(t).marshal()
	at := "000000006b01a458"
	want := "0004" + "00000008" + at + // the last of the grant: ended
		"0005" + "00000008" + "0000000000000001" + // why: revoked
		"0006" + "00000008" + at + // suspended since
		"0019" + "0000005a" + // an address
		"0001" + "00000020" + hex.EncodeToString(bytes.Repeat([]byte{0x91}, 32)) +
		"0002" + "00000004" + "646f6f72" +
		"0003" + "00000008" + at + // closes
		"0004" + "00000008" + at + // made
		"0005" + "00000008" + at + // closed before that
		"0019" + "00000026" +
		"0001" + "00000020" + hex.EncodeToString(bytes.Repeat([]byte{0x92}, 32))
	if got := hex.EncodeToString(b[len(b)-len(want)/2:]); got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
	r, err := parseRing(b)
	if err != nil {
		t.Fatal(err)
	}
	when := time.Date(2026, 11, 21, 14, 2, 0, 0, time.UTC)
	if g, a := r.grants[1], r.addresses; !g.paused.Equal(when) || len(a) != 2 || a[0].label != "door" || !a[0].closed.Equal(when) || !a[1].closed.IsZero() ||
		!a[0].secret.Equal(fixed(t, 0x91)) {
		t.Errorf("%v %v", g.paused, a)
	}
}

func zeros(n int) string { return hex.EncodeToString(make([]byte, n)) }

// A later version's fields survive a change by this one, everywhere.
func TestUnknownFieldsSurvive(t *testing.T) {
	r := testRing(t)
	later := func(n byte) []wire.Field {
		return []wire.Field{{Tag: 3000, Value: []byte{n}}, {Tag: 3000, Value: []byte{n, n}}, {Tag: 3001, Value: []byte("later")}}
	}
	r.unknown = append([]wire.Field{{Tag: 12, Value: []byte("between")}}, later(1)...)
	r.gens[0].unknown = later(2)
	r.slots[0].unknown = later(3)
	r.grants[1].unknown = later(4)
	r.grants[1].tokens[0].unknown = later(5)
	r.came[0].unknown, r.moved.unknown = later(6), later(7)
	r.addresses[1].unknown = later(8)
	b := r.marshal()
	c := r.copy()
	if !bytes.Equal(c.marshal(), b) {
		t.Fatal("unknown fields changed or were lost")
	}
	if len(c.unknown) != 4 || len(c.grants[1].tokens[0].unknown) != 3 {
		t.Error("unknown fields were not kept as such")
	}
	root := crypto.NewKey()
	opened, err := openRing(root, r.person, r.seq, r.seal(root))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(opened.marshal(), b) {
		t.Error("unknown fields were lost when the keyring was opened")
	}
}

func TestNewerRing(t *testing.T) {
	r := testRing(t)
	r.version = 2
	newer, err := parseRing(r.marshal())
	if err != nil || newer.version != 2 {
		t.Fatalf("a newer keyring that can be read: %v", err)
	}
	h := &Holder{now: state{ring: newer, root: crypto.NewKey()}}
	if err := h.Revoke(t.Context(), record.GrantID{0x22}); !errors.Is(err, ErrNewerRing) {
		t.Errorf("changing it: %v, want ErrNewerRing", err)
	}
	if len(h.Grants()) != 1 {
		t.Error("it cannot be read")
	}
	// One that cannot be read, for a later version has no epochs.
	r.epochs = nil
	if _, err := parseRing(r.marshal()); !errors.Is(err, ErrNewerRing) {
		t.Errorf("a newer keyring that cannot be read: %v", err)
	}
}

func TestRingRefuses(t *testing.T) {
	for name, spoil := range map[string]func(*ring){
		"version 0":             func(r *ring) { r.version = 0 },
		"no key":                func(r *ring) { r.id = crypto.Key{} },
		"no epoch":              func(r *ring) { r.epochs = nil },
		"no generation":         func(r *ring) { r.gens = nil },
		"no slot":               func(r *ring) { r.slots = nil },
		"no identity":           func(r *ring) { r.gens[1].identity = crypto.Key{} },
		"no self grant":         func(r *ring) { r.grants = r.grants[1:] },
		"foreign generation":    func(r *ring) { r.grants[1].gen = 2 },
		"ended without reason":  func(r *ring) { r.grants[1].why = NotEnded },
		"reason without ending": func(r *ring) { r.grants[0].why = Revoked },
		"token as slot":         func(r *ring) { r.slots[0].kind = crypto.Access },
		"short public key":      func(r *ring) { r.slots[0].public = r.slots[0].public[1:] },
		"too many statements":   func(r *ring) { r.seq = 1 },
		"from nowhere":          func(r *ring) { r.came[0].verifier = "" },
		"from no time":          func(r *ring) { r.came[0].at = time.Time{} },
		"moved nowhere":         func(r *ring) { r.moved.url = "" },
		"moved at no time":      func(r *ring) { r.moved.at = time.Time{} },
		"self suspended":        func(r *ring) { r.grants[0].paused = r.grants[1].ended },
		"address without key":   func(r *ring) { r.addresses[0].secret = crypto.Key{} },
		"grant without purpose": func(r *ring) { r.grants[1].grant.Purpose = "" },
	} {
		r := testRing(t)
		spoil(r)
		if _, err := parseRing(r.marshal()); !errors.Is(err, wire.ErrFormat) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Every context the keyring is not in refuses it.
func TestRingIsBound(t *testing.T) {
	r, root := testRing(t), crypto.NewKey()
	blob := r.seal(root)
	if _, err := openRing(root, r.person, r.seq, blob); err != nil {
		t.Fatal(err)
	}
	for name, open := range map[string]func() error{
		"another root":     func() error { _, err := openRing(crypto.NewKey(), r.person, r.seq, blob); return err },
		"another person":   func() error { _, err := openRing(root, record.PersonID{9}, r.seq, blob); return err },
		"another sequence": func() error { _, err := openRing(root, r.person, r.seq-1, blob); return err },
	} {
		if err := open(); !errors.Is(err, crypto.ErrOpen) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for i := range blob {
		blob[i] ^= 1 << (i % 8)
		if _, err := openRing(root, r.person, r.seq, blob); !errors.Is(err, crypto.ErrOpen) {
			t.Fatalf("byte %d flipped: %v", i, err)
		}
		blob[i] ^= 1 << (i % 8)
	}
}

func FuzzRing(f *testing.F) {
	b := testRing(f).marshal()
	f.Add(b)
	f.Add(b[:len(b)/2])
	f.Add([]byte{})
	r := testRing(f)
	r.came, r.moved = nil, nil
	f.Add(r.marshal())
	r.came = []origin{testRing(f).came[0], testRing(f).came[0]}
	f.Add(r.marshal())
	r.addresses, r.grants[1].paused = r.addresses[:1], time.Time{}
	r.addresses[0].until, r.addresses[0].closed = time.Time{}, time.Time{}
	f.Add(r.marshal())
	if golden, err := os.ReadFile("testdata/ring.bin"); err == nil {
		f.Add(golden)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := parseRing(b)
		if err != nil {
			return
		}
		// There is one form of each keyring: what is read is written back the same.
		if got := r.marshal(); !bytes.Equal(got, b) {
			t.Errorf("\nread  %x\nwrote %x", b, got)
		}
	})
}

func FuzzMemory(f *testing.F) {
	m := Memory{Person: record.PersonID{1}, Store: record.StoreID{2}, Verifier: "node", Seq: 3, Hash: statement.Hash{4}}
	m.Log.Frontier.Append([32]byte{5})
	m.Log.Frontier.Append([32]byte{6})
	m.Log.Frontier.Append([32]byte{7})
	f.Add(m.Marshal())
	f.Add(Memory{}.Marshal())
	m.Came = []record.StoreID{{8}, {9}}
	f.Add(m.Marshal())
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := ParseMemory(b)
		if err == nil && !bytes.Equal(m.Marshal(), b) {
			t.Error("what is read is not what is written")
		}
	})
}
