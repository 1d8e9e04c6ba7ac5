package store_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/audit"
	"carehold/record/entry"
	"carehold/record/grant"
	"carehold/record/keys"
	"carehold/record/statement"
)

// formatExamples reads the examples of docs/format.md.
func formatExamples(t *testing.T) map[string]string {
	t.Helper()
	b := must[[]byte](t)(os.ReadFile("../../docs/format.md"))
	_, text, found := strings.Cut(string(b), "```examples\n")
	text, _, closed := strings.Cut(text, "```")
	if !found || !closed {
		t.Fatal("docs/format.md has no examples")
	}
	all, name := make(map[string]string), ""
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if value, more := strings.CutPrefix(line, "  "); more {
			all[name] += value
		} else {
			name = line
		}
	}
	return all
}

// TestFormatExamples: the examples in docs/format.md are what the program makes, and
// what the second reader makes.
func TestFormatExamples(t *testing.T) {
	ex := formatExamples(t)
	used := make(map[string]bool)
	get := func(name string) []byte {
		t.Helper()
		v, there := ex[name]
		if !there {
			t.Fatalf("docs/format.md has no example %q", name)
		}
		used[name] = true
		if strings.HasPrefix(v, `"`) {
			var text string
			if err := json.Unmarshal([]byte(v), &text); err != nil {
				t.Fatal(err)
			}
			return []byte(text)
		}
		return must[[]byte](t)(hex.DecodeString(v))
	}
	same := func(name string, got []byte) {
		t.Helper()
		if !bytes.Equal(get(name), got) {
			t.Errorf("%s: the program has %x", name, got)
		}
	}
	key := func(b byte) crypto.Key {
		return must[crypto.Key](t)(crypto.KeyFrom(bytes.Repeat([]byte{b}, crypto.KeySize)))
	}
	idKey, audits, grants, node := key(0x41), key(0x61), key(0x66), key(0x71)
	epoch := keys.EpochKey{Epoch: 1, Key: key(0x51)}
	identity := crypto.NewSigningKey(key(0x65))
	person := record.PersonID(crypto.PersonOf(identity.Public()))
	var g record.GrantID
	var st record.StoreID
	for i := range g {
		g[i], st[i] = 0x21, 0x12
	}
	at := time.Unix(1795269720, 0).UTC()

	same("KDF(41^32, entry-id, Patient, p1)", idKey.Derive(crypto.LabelEntryID, []byte("Patient"), []byte("p1")).Bytes())
	sk := epoch.Key.Derive(crypto.LabelSection, []byte{4})
	same("KDF(51^32, section, 04)", sk.Bytes())
	mac := node.MAC(crypto.LabelMark, crypto.U64(5))
	same("MAC(71^32, clock-mark, u64(5))", mac[:])
	same("person of identity seed 65^32", person[:])

	// A context has no way out of its package; it is what the blob opens under.
	ctx := crypto.NewContext(crypto.ContextPrev, person[:], []byte{4}, crypto.U32(2))
	lp := func(fields ...[]byte) (b []byte) {
		for _, f := range fields {
			b = append(append(b, crypto.U32(uint32(len(f)))...), f...)
		}
		return b
	}
	same("ctx (prev, person, section 4, epoch 2)", lp([]byte("prev"), person[:], []byte{4}, crypto.U32(2)))
	for _, suite := range []string{"1", "2"} {
		plain, err := idKey.Open(ctx, get("Seal(41^32, ctx, hello), suite "+suite+", salt 00..17"))
		if err != nil || string(plain) != "hello" {
			t.Errorf("suite %s: %q, %v", suite, plain, err)
		}
	}
	token, err := crypto.ParseToken(string(get("token a, secret 01^32")))
	if err != nil {
		t.Fatal(err)
	}
	c := token.CapsuleKey()
	same("its capsule id", c.ID[:])
	same("its KEK", c.KEK.Bytes())
	code := must[crypto.RecoveryCode](t)(crypto.ParseRecoveryCode(string(get("recovery code of 01 02 .. 14"))))
	slot := must[crypto.Key](t)(crypto.KeyFrom(get("secret of its slot")))
	if id := code.Slot().CapsuleID(); id != slot.ID(crypto.LabelCapsuleID, []byte{'R'}) {
		t.Error("the recovery code has another slot")
	}

	// An entry, as a grant's hold opens it.
	full := grant.Grant{ID: g, Person: person, Self: true, To: grant.Party{Name: "you"}, Sections: record.AllSections,
		Scopes: scopes("patient/*.cruds"), Purpose: "PATRQT", From: at.Add(-2 * time.Minute), Daily: 1_000_000}
	same("certificate", full.Sign(identity))
	row, err := keys.OpenGrantRow(person, g, keys.GrantKey(grants, g), keys.SealGrantRow(full, full.Sign(identity), epoch, idKey, grants, audits))
	if err != nil {
		t.Fatal(err)
	}
	id := row.Hold.EntryID("AllergyIntolerance", "a1")
	same("entry id of AllergyIntolerance/a1", id[:])
	first := get("row 0 of version 1, suite 2, salt 00..17")
	if !bytes.Equal(first[:32], make([]byte, 32)) {
		t.Error("there is a version before the first")
	}
	kept, first := first, first[32:]
	same("hint, section 4, epoch 1, stamp 1", first[:12])
	if s, e, ok := row.Hold.Recognise(id, 1, first); !ok || s != record.Allergies || e != 1 {
		t.Errorf("recognised as section %v, epoch %d, %v", s, e, ok)
	}
	plain, err := row.Hold.OpenEntry(record.Allergies, 1, id, 1, [][]byte{first})
	if err != nil {
		t.Fatal(err)
	}
	same("plaintext", plain)
	same("plaintext", entry.Marshal(entry.Header{Type: "AllergyIntolerance", ID: "a1", Time: at, Why: "type:AllergyIntolerance",
		Author: entry.Author{Grant: g, Self: true, Name: "you"}}, []byte(`{"resourceType":"AllergyIntolerance","id":"a1"}`)))
	same("its row key", append(append([]byte{'e'}, id[:]...), crypto.U64(^uint64(1))...))
	sum := sha256.Sum256(kept)
	same("its line in the directory", append(append(id[:], crypto.U64(1)...), sum[:]...))
	same("GK_g of K_grants 66^32", keys.GrantKey(grants, g).Bytes())
	same("AK_g of K_audit 61^32", keys.AuditKey(audits, g).Bytes())

	// A statement.
	fill := func(b byte) (a [32]byte) { return [32]byte(bytes.Repeat([]byte{b}, 32)) }
	body := statement.Body{Person: person, Store: st, Seq: 2, Prev: fill(0x31), Seen: statement.Head{Size: 7, Root: fill(0x34)}, Time: at,
		CutSlots: []crypto.CapsuleID{crypto.CapsuleID(bytes.Repeat([]byte{0x72}, 16))},
		Slots:    []statement.Slot{{ID: crypto.CapsuleID(bytes.Repeat([]byte{0x73}, 16)), Wrap: []byte("wrap")}},
		Ring:     []byte("keyring"), Leaf: append(append([]byte{1}, crypto.U64(2)...), "leaf"...)}
	same("statement body (stand-ins for wrap, keyring, leaf)", body.Marshal())
	hash := statement.HashOf(body.Marshal())
	same("its hash", hash[:])
	same("its signature by 65^32", statement.Sign(body, identity).Signature)

	// A leaf, the tree, its checkpoint.
	mark := c.ID[:4]
	ev := audit.Event{Time: at, Action: audit.Read, Grant: g, Entries: []string{"AllergyIntolerance/a1/_history/1"},
		Token: uint32(mark[0])<<24 | uint32(mark[1])<<16 | uint32(mark[2])<<8 | uint32(mark[3])}
	same("event", ev.Marshal())
	leaf := get("leaf 2, suite 2, salt 00..17")
	r := audit.NewReader(person)
	r.AddGeneration(audits, []record.GrantID{g})
	if e, err := r.Open(2, leaf); err != nil || !bytes.Equal(e.Event.Marshal(), ev.Marshal()) {
		t.Errorf("the leaf opens as %+v, %v", e, err)
	}
	leafHash := audit.LeafHash(leaf)
	same("its leaf hash", leafHash[:])
	var f audit.Frontier
	for _, l := range [][]byte{[]byte("zero"), []byte("one"), leaf} {
		f.Append(audit.LeafHash(l))
	}
	same("peaks of the tree of leaves zero, one, leaf 2", f.Marshal())
	root := f.Root()
	same("its root", root[:])
	signer := must[*audit.NodeSigner](t)(audit.NewNodeSigner(st, node))
	same("verifier key of node.key 71^32", []byte(signer.Verifier()))
	same("checkpoint of that tree", must[[]byte](t)(signer.Sign(person, f.Head())))

	for name := range ex {
		if !used[name] {
			t.Errorf("nobody checked the example %q", name)
		}
	}
	t.Run("second", func(t *testing.T) {
		var got struct {
			Same         int
			Differ       []string
			NotComputed  []string `json:"not_computed"`
			NotInThePage []string `json:"not_in_the_page"`
		}
		secondReader(t, "examples", map[string]any{}, &got)
		if others := slices.Concat(got.Differ, got.NotComputed, got.NotInThePage); got.Same != len(ex) || len(others) > 0 {
			t.Errorf("of %d examples the second reader makes %d; others are %q", len(ex), got.Same, others)
		}
	})
}
