package statement_test

import (
	"bytes"
	"encoding/hex"
	"reflect"
	"strings"
	"testing"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/statement"
)

func full() (statement.Body, crypto.SigningKey) {
	k := crypto.NewSigningKey(crypto.NewKey())
	return statement.Body{
		Person: record.PersonID(crypto.PersonOf(k.Public())), Store: record.StoreID{2}, Seq: 1, Seen: statement.Head{Size: 3, Root: [32]byte{4}}, Time: time.Unix(1795000000, 0).UTC(),
		Identity: &statement.Identity{Signing: k.Public(), Box: crypto.NewBoxKey(crypto.NewKey()).Public().Bytes()},
		PutSlots: []record.Capsule{{ID: [16]byte{5}, Blob: []byte("slot")}}, CutSlots: []crypto.CapsuleID{{6}},
		Epoch:  &statement.Epoch{Number: 1, Back: []byte("back")},
		Grants: []statement.GrantRow{{Grant: record.GrantID{7}, Until: time.Unix(1795000001, 0).UTC(), Self: true, Row: []byte("row")}, {Grant: record.GrantID{8}, Row: []byte("r"), Resumes: true}},
		Ended:  []statement.Ended{{Grant: record.GrantID{9}, Row: []byte("stopped")}}, Capsules: []record.Capsule{{ID: [16]byte{10}, Hour: 11, Blob: []byte("token")}},
		CarryOn: &statement.CarryOn{From: record.StoreID{11}, Verifier: "node", Seen: statement.Head{Size: 12, Root: [32]byte{13}}},
		MovedTo: "https://new.example.org",
		Slots:   []statement.Slot{{ID: crypto.CapsuleID{5}, Wrap: []byte("wrap")}}, Ring: []byte("ring"), Leaf: []byte("leaf"),
	}, k
}

func TestRoundTrip(t *testing.T) {
	b, k := full()
	got, err := statement.ParseBody(b.Marshal())
	if err != nil || !reflect.DeepEqual(got, b) {
		t.Fatalf("%+v, %v\nwant %+v", got, err, b)
	}
	st := statement.Sign(b, k).SignNew(k)
	sent, err := statement.Parse(st.Marshal())
	if err != nil || !reflect.DeepEqual(sent, st) {
		t.Fatalf("%v", err)
	}
	if _, err := sent.Verify(nil); err != nil {
		t.Fatal(err)
	}
	public := k.Public()
	message := st.Marshal()
	for i := range message { // nothing in it can be altered
		bad := bytes.Clone(message)
		bad[i] ^= 1
		x, err := statement.Parse(bad)
		if err != nil {
			continue
		}
		if _, err := x.Verify(nil); err == nil {
			t.Fatalf("byte %d altered, and it verifies as a first", i)
		}
		if _, err := x.Verify(&public); err == nil {
			t.Fatalf("byte %d altered, and it verifies", i)
		}
	}
	if _, err := statement.Parse(make([]byte, statement.MaxSize+1)); record.KindOf(err) != record.TooLarge {
		t.Errorf("oversize: %v", err)
	}
}

func TestLimits(t *testing.T) {
	for what, spoil := range map[string]func(*statement.Body){
		"slots put":   func(b *statement.Body) { b.PutSlots = make([]record.Capsule, statement.MaxSlots+1) },
		"slots cut":   func(b *statement.Body) { b.CutSlots = make([]crypto.CapsuleID, statement.MaxSlots+1) },
		"slots":       func(b *statement.Body) { b.Slots = make([]statement.Slot, statement.MaxSlots+1) },
		"grants":      func(b *statement.Body) { b.Grants = make([]statement.GrantRow, statement.MaxGrants+1) },
		"ended":       func(b *statement.Body) { b.Ended = make([]statement.Ended, statement.MaxGrants+1) },
		"capsules":    func(b *statement.Body) { b.Capsules = make([]record.Capsule, statement.MaxGrants+1) },
		"a capsule":   func(b *statement.Body) { b.Capsules[0].Blob = make([]byte, 5000) },
		"a row":       func(b *statement.Body) { b.Grants[0].Row = make([]byte, 65<<10) },
		"a leaf":      func(b *statement.Body) { b.Leaf = make([]byte, 65<<10) },
		"a stopped":   func(b *statement.Body) { b.Ended[0].Row = make([]byte, 65<<10) },
		"a wrap":      func(b *statement.Body) { b.Slots[0].Wrap = make([]byte, 5000) },
		"an address":  func(b *statement.Body) { b.MovedTo = strings.Repeat("a", statement.MaxURL+1) },
		"a verifier":  func(b *statement.Body) { b.CarryOn.Verifier = strings.Repeat("a", 1025) },
		"no verifier": func(b *statement.Body) { b.CarryOn.Verifier = "" },
		"not UTF-8":   func(b *statement.Body) { b.CarryOn.Verifier = "\xff" },
		"a box":       func(b *statement.Body) { b.Identity.Box = b.Identity.Box[1:] },
	} {
		b, _ := full()
		spoil(&b)
		if _, err := statement.ParseBody(b.Marshal()); err == nil {
			t.Errorf("%s: taken", what)
		}
	}
}

// The fields of a carry-on and of a closing, by hand from docs/format.md §11, and
// none of the four without the others.
func TestCarryOnBytes(t *testing.T) {
	z := func(n int) string { return strings.Repeat("00", n) }
	fields := []string{
		"0001" + "00000010" + z(16), "0002" + "00000010" + z(16), "0003" + "00000008" + z(8), "0004" + "00000020" + z(32),
		"0005" + "00000008" + z(8), "0006" + "00000020" + z(32),
		"0008" + "00000010" + "12" + z(15),
		"0009" + "00000004" + "6e6f6465",
		"000a" + "00000008" + z(7) + "07",
		"000b" + "00000020" + "34" + z(31),
		"000c" + "00000010" + "68747470733a2f2f782e6578616d706c", // https://x.exampl
		"0029" + "00000000", "002a" + "00000000",
	}
	read := func(skip int) (statement.Body, error) {
		var b []byte
		for i, f := range fields {
			if i == skip {
				continue
			}
			raw, err := hex.DecodeString(f)
			if err != nil {
				t.Fatal(err)
			}
			b = append(b, raw...)
		}
		return statement.ParseBody(b)
	}
	b, err := read(-1)
	want := statement.CarryOn{From: record.StoreID{0x12}, Verifier: "node", Seen: statement.Head{Size: 7, Root: [32]byte{0x34}}}
	if err != nil || b.CarryOn == nil || *b.CarryOn != want || b.MovedTo != "https://x.exampl" {
		t.Fatalf("%+v, %v", b, err)
	}
	for skip := 6; skip < 10; skip++ {
		if _, err := read(skip); err == nil {
			t.Errorf("a carry-on without field %d is taken", skip+2)
		}
	}
	if b, err := read(10); err != nil || b.MovedTo != "" {
		t.Errorf("a carry-on that closes nothing: %v", err)
	}
}

func FuzzParseBody(f *testing.F) {
	b, _ := full()
	f.Add(b.Marshal())
	b.MovedTo = ""
	f.Add(b.Marshal())
	f.Add(statement.Body{MovedTo: "https://new.example.org"}.Marshal())
	f.Add(statement.Body{}.Marshal())
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, raw []byte) {
		b, err := statement.ParseBody(raw)
		if err == nil && !bytes.Equal(b.Marshal(), raw) {
			t.Errorf("%x is written again as %x", raw, b.Marshal())
		}
	})
}

func FuzzParse(f *testing.F) {
	b, k := full()
	f.Add(statement.Sign(b, k).Marshal())
	f.Add(statement.Sign(b, k).SignNew(k).Marshal())
	f.Fuzz(func(t *testing.T, raw []byte) {
		s, err := statement.Parse(raw)
		if err != nil {
			return
		}
		if !bytes.Equal(s.Marshal(), raw) {
			t.Errorf("%x is written again as %x", raw, s.Marshal())
		}
		s.Verify(nil)
	})
}
