package audit_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/audit"
	"carehold/record/statement"
)

// reference is the tree by another implementation.
type reference struct{ stored []tlog.Hash }

func (r *reference) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	var out []tlog.Hash
	for _, i := range indexes {
		out = append(out, r.stored[i])
	}
	return out, nil
}

func (r *reference) add(t *testing.T, n int, leaf []byte) {
	hashes, err := tlog.StoredHashes(int64(n), leaf, r)
	if err != nil {
		t.Fatal(err)
	}
	r.stored = append(r.stored, hashes...)
}

// TestFrontier compares every size up to 300 with x/mod's tlog.
func TestFrontier(t *testing.T) {
	var f audit.Frontier
	ref := &reference{}
	if empty, _ := tlog.TreeHash(0, ref); f.Root() != empty {
		t.Errorf("the empty root is %v, want %v", f.Root(), empty)
	}
	for n := range 300 {
		leaf := fmt.Appendf(nil, "leaf %d", n)
		f.Append(audit.LeafHash(leaf))
		ref.add(t, n, leaf)
		want, err := tlog.TreeHash(int64(n+1), ref)
		if err != nil || f.Root() != want || f.Size != uint64(n+1) || !f.Valid() {
			t.Fatalf("size %d: %v, want %v, %v", n+1, f.Root(), want, err)
		}
		back, ok := audit.ParseFrontier(f.Size, f.Marshal())
		if !ok || back.Root() != want {
			t.Fatalf("size %d does not read back", n+1)
		}
		for _, bad := range [][]byte{f.Marshal()[1:], append(f.Marshal(), 0), append(f.Marshal(), make([]byte, 32)...), nil} {
			if _, ok := audit.ParseFrontier(f.Size, bad); ok {
				t.Fatalf("size %d reads from %d bytes", n+1, len(bad))
			}
		}
	}
}

// TestTampering tries more than 1,000 ways of changing a log that a device has
// seen the beginning of: each must be found.
func TestTampering(t *testing.T) {
	rnd := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 3))
	tried := map[string]int{}
	for range 300 {
		n := 2 + rnd.IntN(60)
		leaves := make([][]byte, n)
		heads := make([]statement.Head, n+1)
		var f audit.Frontier
		heads[0] = f.Head()
		for i := range leaves {
			leaves[i] = fmt.Appendf(nil, "%d-%d", i, rnd.Int())
			f.Append(audit.LeafHash(leaves[i]))
			heads[i+1] = f.Head()
		}
		seenAt := 1 + rnd.IntN(n)
		seen := heads[seenAt]
		check := func(now statement.Head, leaves [][]byte) error {
			c := audit.NewChecker(audit.Frontier{}, seen)
			for _, leaf := range leaves {
				c.Add(leaf)
			}
			_, err := c.Finish(now)
			return err
		}
		headOf := func(leaves [][]byte) statement.Head {
			var f audit.Frontier
			for _, leaf := range leaves {
				f.Append(audit.LeafHash(leaf))
			}
			return f.Head()
		}
		if err := check(heads[n], leaves); err != nil {
			t.Fatalf("untouched: %v", err)
		}
		copyOf := func() [][]byte { return append([][]byte(nil), leaves...) }
		attacks := map[string]func() (statement.Head, [][]byte){
			"rolled back": func() (statement.Head, [][]byte) { k := rnd.IntN(seenAt); return heads[k], leaves[:k] },
			"cut off":     func() (statement.Head, [][]byte) { return heads[n], leaves[:n-1] },
			"one dropped": func() (statement.Head, [][]byte) {
				i := rnd.IntN(seenAt)
				l := append(copyOf()[:i], leaves[i+1:]...)
				return headOf(l), l
			},
			"one forged": func() (statement.Head, [][]byte) {
				i := rnd.IntN(seenAt)
				l := copyOf()
				l[i] = []byte("forged")
				return headOf(l), l
			},
			"one added": func() (statement.Head, [][]byte) {
				i := rnd.IntN(seenAt)
				l := append(copyOf()[:i:i], append([][]byte{[]byte("new")}, leaves[i:]...)...)
				return headOf(l), l
			},
			"two swapped": func() (statement.Head, [][]byte) {
				i := rnd.IntN(seenAt)
				j := (i + 1) % n
				l := copyOf()
				l[i], l[j] = l[j], l[i]
				return headOf(l), l
			},
			"another root": func() (statement.Head, [][]byte) { h := heads[n]; h.Root[rnd.IntN(32)] ^= 1; return h, leaves },
			"a fork": func() (statement.Head, [][]byte) {
				l := copyOf()
				for i := seenAt - 1; i < n; i++ {
					l[i] = []byte("other")
				}
				return headOf(l), l
			},
		}
		for name, attack := range attacks {
			now, shown := attack()
			tried[name]++
			err := check(now, shown)
			var tampered *audit.Tampered
			if !errors.As(err, &tampered) || !errors.Is(err, record.Integrity) {
				t.Errorf("%s (%d leaves, %d seen): %v", name, n, seenAt, err)
			}
		}
		// The proof of consistency, honest and not.
		ref := &reference{}
		for i, leaf := range leaves {
			ref.add(t, i, leaf)
		}
		proof, err := tlog.ProveTree(int64(n), int64(seenAt), ref)
		if err != nil {
			t.Fatal(err)
		}
		if err := audit.CheckConsistency(proof, seen, heads[n]); err != nil {
			t.Errorf("an honest proof: %v", err)
		}
		for range 3 {
			bad, now, was := append([]audit.Hash(nil), proof...), heads[n], seen
			switch k := rnd.IntN(4); {
			case k == 0 && len(bad) > 0:
				bad[rnd.IntN(len(bad))][rnd.IntN(32)] ^= 1
			case k == 1 && len(bad) > 0:
				bad = bad[:len(bad)-1]
			case k == 2:
				now.Root[5] ^= 1
			default:
				was.Root[5] ^= 1
			}
			tried["proof"]++
			if err := audit.CheckConsistency(bad, was, now); !errors.Is(err, record.Integrity) {
				t.Errorf("a false proof: %v", err)
			}
		}
	}
	total := 0
	for _, k := range tried {
		total += k
	}
	t.Logf("%d attempts: %v", total, tried)
	if total < 1000 {
		t.Error("too few")
	}
}

func TestCheckpoint(t *testing.T) {
	s, p := record.StoreID(crypto.RandomID()), record.PersonID(crypto.RandomID())
	node := crypto.NewKey()
	signer, err := audit.NewNodeSigner(s, node)
	if err != nil {
		t.Fatal(err)
	}
	h := statement.Head{Size: 77, Root: [32]byte{1, 2, 3}}
	cp, err := signer.Sign(p, h)
	if err != nil {
		t.Fatal(err)
	}
	want := "carehold/log/" + s.String() + "/" + p.String() + "\n77\n" + base64.StdEncoding.EncodeToString(h.Root[:]) + "\n\n— carehold/node/" + s.String() + " "
	if !strings.HasPrefix(string(cp), want) {
		t.Errorf("%s", cp)
	}
	if got, err := audit.VerifyCheckpoint(cp, signer.Verifier(), s, p); err != nil || got != h {
		t.Fatalf("%+v, %v", got, err)
	}
	for i := range cp {
		for _, b := range []byte{1, 0x20} {
			bad := bytes.Clone(cp)
			bad[i] ^= b
			if got, err := audit.VerifyCheckpoint(bad, signer.Verifier(), s, p); err == nil && got != h {
				t.Fatalf("byte %d altered, and it says %+v", i, got)
			}
		}
		if _, err := audit.VerifyCheckpoint(cp[:i], signer.Verifier(), s, p); err == nil && i < len(cp)-1 {
			t.Fatalf("cut to %d bytes, and it is taken", i)
		}
	}
	other, _ := audit.NewNodeSigner(s, crypto.NewKey())
	elsewhere, _ := audit.NewNodeSigner(record.StoreID{9}, node)
	for what, try := range map[string]func() error{
		"another node": func() error { _, err := audit.VerifyCheckpoint(cp, other.Verifier(), s, p); return err },
		"another store": func() error {
			_, err := audit.VerifyCheckpoint(cp, elsewhere.Verifier(), record.StoreID{9}, p)
			return err
		},
		"another person": func() error {
			_, err := audit.VerifyCheckpoint(cp, signer.Verifier(), s, record.PersonID{4})
			return err
		},
		"no verifier": func() error { _, err := audit.VerifyCheckpoint(cp, "", s, p); return err },
		"signed by another": func() error {
			x, _ := other.Sign(p, h)
			_, err := audit.VerifyCheckpoint(x, signer.Verifier(), s, p)
			return err
		},
	} {
		if err := try(); !errors.Is(err, audit.ErrCheckpoint) {
			t.Errorf("%s: %v", what, err)
		}
	}
	again, _ := audit.NewNodeSigner(s, node)
	if again.Verifier() != signer.Verifier() {
		t.Error("the node's key is not the same after a restart")
	}
}

// TestLeaves: each writer's leaf opens at its own place, for its own person, and
// is altered nowhere.
func TestLeaves(t *testing.T) {
	p, g := record.PersonID(crypto.RandomID()), record.GrantID(crypto.RandomID())
	key, box := crypto.NewKey(), crypto.NewBoxKey(crypto.NewKey())
	h := statement.Hash{5}
	e := audit.Event{Time: time.UnixMilli(1795000000123).UTC(), Action: audit.Read, Outcome: audit.Refused, Reason: audit.NoVerb, Grant: g, Token: 7,
		Entries: []string{"Condition/c1/_history/2"}, More: 3, Query: "Condition", Text: "words", Dir: []byte{1}, State: &h, About: []record.GrantID{g}}
	reader := audit.NewReader(p)
	reader.AddGeneration(crypto.NewKey(), []record.GrantID{{1}})
	reader.AddGeneration(key, []record.GrantID{{3}, g})
	reader.AddBox(crypto.NewBoxKey(crypto.NewKey()))
	reader.AddBox(box)
	inGrant := e
	e.Grant = record.GrantID{}
	seal := func(e audit.Event) []byte {
		leaf, err := audit.NodeLeaf(box.Public(), p, 4, e)
		if err != nil {
			t.Fatal(err)
		}
		return leaf
	}
	// Whom an event names and whose key it is sealed with are one.
	other := e
	other.Grant = record.GrantID{3}
	for name, leaf := range map[string][]byte{"another grant": audit.GrantLeaf(auditKey(key, g), p, g, 4, other), "no grant": audit.GrantLeaf(auditKey(key, g), p, g, 4, e),
		"the device as a grant": audit.DeviceLeaf(key, p, 4, inGrant), "the node as a grant": seal(inGrant)} {
		if _, err := reader.Open(4, leaf); err != audit.ErrLeaf {
			t.Errorf("an event of %s is taken: %v", name, err)
		}
	}
	for name, leaf := range map[string][]byte{"grant": audit.GrantLeaf(auditKey(key, g), p, g, 4, inGrant), "device": audit.DeviceLeaf(key, p, 4, e), "node": seal(e)} {
		e := e
		if name == "grant" {
			e = inGrant
		}
		got, err := reader.Open(4, leaf)
		if err != nil || fmt.Sprint(got.Event.Marshal()) != fmt.Sprint(e.Marshal()) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
		if _, err := reader.Open(5, leaf); (err == nil) != (name == "device") { // whose place nobody knows beforehand
			t.Errorf("%s at another place: %v", name, err)
		}
		if _, err := audit.NewReader(p).Open(4, leaf); err == nil {
			t.Errorf("%s opens without a key", name)
		}
		for i := range leaf {
			bad := bytes.Clone(leaf)
			bad[i] ^= 0x10
			if _, err := reader.Open(4, bad); !errors.Is(err, audit.ErrLeaf) {
				t.Fatalf("%s: byte %d altered: %v", name, i, err)
			}
		}
		for n := range len(leaf) {
			if _, err := reader.Open(4, leaf[:n]); !errors.Is(err, audit.ErrLeaf) {
				t.Fatalf("%s: cut to %d bytes: %v", name, n, err)
			}
		}
	}
	many := audit.Event{Action: audit.Search}
	for i := range audit.MaxEntries + 50 {
		many.Entries = append(many.Entries, fmt.Sprint("Condition/", i))
	}
	back, err := audit.ParseEvent(many.Marshal())
	if err != nil || len(back.Entries) != audit.MaxEntries || back.More != 50 {
		t.Errorf("%d entries and %d more, %v", len(back.Entries), back.More, err)
	}
}

func FuzzParseEvent(f *testing.F) {
	h := statement.Hash{5}
	f.Add(audit.Event{Action: audit.Read, Entries: []string{"A/b"}, Grant: record.GrantID{1}, State: &h, About: []record.GrantID{{2}}, Query: "q", Text: "t", More: 1, Dir: []byte{1}}.Marshal())
	f.Add(audit.Event{}.Marshal())
	f.Add([]byte{0, 99, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := audit.ParseEvent(b)
		if err != nil {
			return
		}
		again, err := audit.ParseEvent(e.Marshal())
		if err != nil || !bytes.Equal(again.Marshal(), e.Marshal()) {
			t.Errorf("%x: %v", b, err)
		}
	})
}

func FuzzCheckpoint(f *testing.F) {
	s, p := record.StoreID{1}, record.PersonID{2}
	signer, err := audit.NewNodeSigner(s, crypto.NewKey())
	if err != nil {
		f.Fatal(err)
	}
	cp, _ := signer.Sign(p, statement.Head{Size: 5})
	f.Add(cp)
	f.Fuzz(func(t *testing.T, b []byte) {
		if h, err := audit.VerifyCheckpoint(b, signer.Verifier(), s, p); err == nil && h.Size != 5 {
			t.Errorf("%q is taken", b)
		}
	})
}
