package wire_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"carehold/record/wire"
)

// TestBytes pins the bytes of a message, written by hand from the package comment.
func TestBytes(t *testing.T) {
	var w wire.Builder
	w.Bytes(1, []byte{0xaa})
	w.Uint(2, 258)
	w.String(3, "hé")
	w.String(4, "")
	w.Flag(5, true)
	w.Flag(6, false)
	w.Time(7, time.Unix(1, 0))
	w.Time(8, time.Time{})
	w.Bytes(9, nil)
	w.Bytes(9, []byte{1, 2})
	want := "0001" + "00000001" + "aa" +
		"0002" + "00000008" + "0000000000000102" +
		"0003" + "00000003" + "68c3a9" +
		"0005" + "00000008" + "0000000000000001" +
		"0007" + "00000008" + "0000000000000001" +
		"0009" + "00000000" +
		"0009" + "00000002" + "0102"
	if got := hex.EncodeToString(w.Finish()); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// read takes what a message of one tag can hold.
var read = map[string]func(*wire.Decoder){
	"bytes":    func(d *wire.Decoder) { d.Bytes(1) },
	"optional": func(d *wire.Decoder) { d.Optional(1) },
	"fixed":    func(d *wire.Decoder) { d.Fixed(1, make([]byte, 2)) },
	"uint":     func(d *wire.Decoder) { d.Uint(1) },
	"uint32":   func(d *wire.Decoder) { d.Uint32(1) },
	"flag":     func(d *wire.Decoder) { d.Flag(1) },
	"time":     func(d *wire.Decoder) { d.Time(1) },
	"text":     func(d *wire.Decoder) { d.String(1) },
	"list":     func(d *wire.Decoder) { d.List(1) },
}

func TestStrict(t *testing.T) {
	const one, two = "0001", "0002"
	num := func(n string) string { return one + "00000008" + n }
	for _, c := range []struct{ message, allowed string }{
		{"", "optional flag time text list"},
		{one + "00000000", "bytes optional list"},
		{one + "00000002" + "6869", "bytes optional fixed text list"},
		{one + "00000002" + "ff69", "bytes optional fixed list"},
		{num("0000000000000000"), "bytes optional uint uint32 text list"},
		{num("0000000000000001"), "bytes optional uint uint32 flag time text list"},
		{num("0000000000000002"), "bytes optional uint uint32 time text list"},
		{num("0000000100000000"), "bytes optional uint time text list"},
		{num("0000003afff44180"), "bytes optional uint list"},                // the year 10000
		{one + "00000001" + "61" + one + "00000001" + "62", "list"},          // twice
		{one + "00000001" + "61" + two + "00000001" + "62", ""},              // a tag nobody asked for
		{two + "00000001" + "61" + one + "00000001" + "62", ""},              // out of order
		{one + "00000002" + "61", ""},                                        // cut off
		{one + "ffffffff" + "61", ""},                                        // longer than there is
		{one + "0000", ""}, {"00", ""}, {one + "00000001" + "61" + "00", ""}, // pieces
	} {
		b, err := hex.DecodeString(c.message)
		if err != nil {
			t.Fatal(err)
		}
		for name, take := range read {
			d := wire.Decode("test", b)
			take(d)
			err := d.Finish()
			ok := bytes.Contains([]byte(" "+c.allowed+" "), []byte(" "+name+" "))
			if (err == nil) != ok {
				t.Errorf("%s as %s: %v", c.message, name, err)
			}
			if err != nil && !errors.Is(err, wire.ErrFormat) {
				t.Errorf("%s as %s: another error: %v", c.message, name, err)
			}
		}
	}
}

// TestKeep: what is kept goes back as it came.
func TestKeep(t *testing.T) {
	var w wire.Builder
	w.Uint(1, 5)
	w.Bytes(7, []byte("later"))
	w.Bytes(7, []byte("version"))
	d := wire.Decode("test", w.Finish())
	d.Uint(1)
	kept := d.Keep()
	if err := d.Finish(); err != nil {
		t.Fatal(err)
	}
	var again wire.Builder
	again.Uint(1, 5)
	again.Raw(kept)
	if !bytes.Equal(again.Finish(), w.Finish()) {
		t.Error("what was kept is not what came")
	}
}

func TestOrder(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a tag out of order was written")
		}
	}()
	var w wire.Builder
	w.Uint(2, 1)
	w.Uint(1, 1)
}

// FuzzDecode: a message that is read whole is written again to the byte.
func FuzzDecode(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{0, 1, 0, 0, 0, 1, 7, 0, 1, 0, 0, 0, 0})
	f.Add([]byte{0, 1, 255, 255, 255, 255})
	f.Fuzz(func(t *testing.T, b []byte) {
		d := wire.Decode("fuzz", b)
		kept := d.Keep()
		if d.Finish() != nil {
			return
		}
		var w wire.Builder
		w.Raw(kept)
		if !bytes.Equal(w.Finish(), b) {
			t.Errorf("%x reads as %x", b, w.Finish())
		}
		for _, take := range read {
			d := wire.Decode("fuzz", b)
			take(d)
			d.Finish()
		}
	})
}

// TestAnyOrder: a reader gets the same, in whatever order it asks.
func TestAnyOrder(t *testing.T) {
	var w wire.Builder
	w.String(2, "two")
	w.String(4, "four")
	w.String(4, "again")
	w.Bytes(4, nil)
	w.String(5, "five")
	w.String(9, "nine")
	message := w.Finish()
	want := map[uint16]string{1: "[]", 2: "[two]", 3: "[]", 4: "[four again ]", 5: "[five]", 7: "[]", 9: "[nine]", 10: "[]"}
	tags := slices.Sorted(maps.Keys(want))
	for range 2000 {
		rand.Shuffle(len(tags), func(i, j int) { tags[i], tags[j] = tags[j], tags[i] })
		d := wire.Decode("test", message)
		got := map[uint16]string{}
		for _, tag := range tags {
			switch {
			case tag == 4 || rand.IntN(2) == 0:
				got[tag] = fmt.Sprintf("%s", d.List(tag))
			case want[tag] == "[]":
				if v := d.Optional(tag); v == nil {
					got[tag] = "[]"
				}
			default:
				got[tag] = fmt.Sprintf("[%s]", d.Bytes(tag))
			}
			if again := d.List(tag); again != nil {
				t.Fatalf("asked %v: tag %d is there twice: %q", tags, tag, again)
			}
		}
		if err := d.Finish(); err != nil || !maps.Equal(got, want) {
			t.Fatalf("asked %v: %v, %v", tags, got, err)
		}
		d = wire.Decode("test", message)
		for _, tag := range tags[:3] {
			d.List(tag)
		}
		var left wire.Builder
		left.Raw(d.Keep()) // which panics over a tag out of order
		var rest wire.Builder
		for _, tag := range []uint16{2, 4, 5, 9} {
			if !slices.Contains(tags[:3], tag) {
				for _, v := range wire.Decode("test", message).List(tag) {
					rest.Bytes(tag, v)
				}
			}
		}
		if !bytes.Equal(left.Finish(), rest.Finish()) {
			t.Fatalf("asked %v: %x is left, want %x", tags[:3], left.Finish(), rest.Finish())
		}
	}
}

// A message of 24 fields, as a grant's row is, asked for in order.
func BenchmarkDecode(b *testing.B) {
	var w wire.Builder
	w.Uint(1, 1)
	w.Bytes(2, make([]byte, 32))
	for range 19 {
		w.Bytes(3, make([]byte, 33))
	}
	for tag := range uint16(3) {
		w.Uint(4+tag, 1)
	}
	message := w.Finish()
	b.ReportAllocs()
	for b.Loop() {
		d := wire.Decode("benchmark", message)
		d.Uint(1)
		d.Bytes(2)
		d.List(3)
		for tag := range uint16(3) {
			d.Uint(4 + tag)
		}
		if err := d.Finish(); err != nil {
			b.Fatal(err)
		}
	}
}
