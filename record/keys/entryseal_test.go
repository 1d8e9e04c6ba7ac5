package keys_test

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/keys"
)

// The parts that the format names: 64 KiB, and 256 KiB each from there, of the
// plaintext behind its length and before its zeros (docs/format.md §10).
func TestSealedInParts(t *testing.T) {
	const first, part = 64 << 10, 256 << 10
	l := newLineage(1)
	h := l.hold(t, 1, record.AllSections)
	id := h.EntryID("Binary", "b")
	for _, size := range []int{0, 1, 508, 509, first - 5, first - 4, first - 3, first + part - 4, first + part - 3, 3*part + 17, 1 << 20} {
		plain := make([]byte, size)
		for i := range plain {
			plain[i] = byte(i*7 + i>>8)
		}
		rows := [][]byte{nil}
		w, err := h.SealEntryOf(record.Documents, id, 3, int64(size), func(i int, row []byte) error {
			if i != len(rows) {
				t.Fatalf("row %d after %d", i, len(rows)-1)
			}
			rows = append(rows, row)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for rest := plain; len(rest) > 0; {
			n := 1 + rand.IntN(min(len(rest), 70_000))
			if _, err := w.Write(rest[:n]); err != nil {
				t.Fatal(err)
			}
			rest = rest[n:]
		}
		if rows[0], err = w.Close(); err != nil {
			t.Fatal(err)
		}
		padded := crypto.Pad(plain)
		got, err := h.OpenEntry(record.Documents, 1, id, 3, rows)
		if err != nil || !bytes.Equal(got, plain) {
			t.Fatalf("%d bytes: %v", size, err)
		}
		open, err := h.EntryParts(record.Documents, 1, id, 3, rows[0])
		if err != nil {
			t.Fatal(err)
		}
		for i := range rows {
			from, to := 0, min(first, len(padded))
			if i > 0 {
				from = first + (i-1)*part
				to = min(from+part, len(padded))
			}
			got, err := open.Open(i, rows[i])
			if err != nil || !bytes.Equal(got, padded[from:to]) {
				t.Fatalf("%d bytes, row %d: %d of them, %v", size, i, len(got), err)
			}
			if _, err := open.Open(i+1, rows[i]); err == nil {
				t.Errorf("%d bytes: row %d opens as the one after it", size, i)
			}
		}
		for range 20 {
			if size == 0 {
				break
			}
			at := rand.IntN(size)
			i, from := keys.Place(int64(at))
			if p, err := open.Open(i, rows[i]); err != nil || p[from] != plain[at] {
				t.Errorf("%d bytes: byte %d is not byte %d of row %d", size, at, from, i)
			}
		}
	}
}

// What is not as long as was said is not sealed: its zeros would pass for content.
func TestSealedAsLongAsSaid(t *testing.T) {
	h := newLineage(1).hold(t, 1, record.AllSections)
	id := h.EntryID("Binary", "b")
	begin := func(size int64) *keys.EntrySealer {
		w, err := h.SealEntryOf(record.Documents, id, 1, size, func(int, []byte) error { return nil })
		if err != nil {
			t.Fatal(err)
		}
		return w
	}
	w := begin(10)
	if _, err := w.Write(make([]byte, 11)); err == nil {
		t.Error("more than was said is taken")
	}
	if _, err := w.Write(make([]byte, 9)); err != nil {
		t.Fatal(err)
	}
	if row, err := w.Close(); err == nil {
		t.Errorf("less than was said is sealed, in %d bytes", len(row))
	}
	if _, err := h.SealEntryOf(record.Documents, id, 1, 4<<30, nil); err == nil {
		t.Error("4 GiB are begun")
	}
}
