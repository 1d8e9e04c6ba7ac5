package keys_test

import (
	"math/bits"
	"testing"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/keys"
)

// TestFar: where far links lead, drawn by hand: each leap is over the two before it
// where those were of one length, and else to the epoch before.
func TestFar(t *testing.T) {
	for e, want := range map[record.Epoch]record.Epoch{2: 1, 3: 2, 4: 1, 5: 4, 6: 5, 7: 4, 8: 1, 9: 8, 10: 9, 11: 8, 12: 11, 13: 12, 14: 11, 15: 8, 16: 1, 17: 16} {
		if got := keys.Far(e); got != want {
			t.Errorf("from epoch %d to %d, want %d", e, got, want)
		}
	}
}

// TestWalkBack: every epoch is reached from every later one, by few steps, also
// where rows have near links only, and through each row's damage to no wrong key.
func TestWalkBack(t *testing.T) {
	const epochs = 70
	l := newLineage(epochs)
	id := record.EntryID{7}
	sections := record.SectionsOf(record.Results)
	rows := make([][]byte, epochs+1)
	for e := 1; e <= epochs; e++ {
		sealed, err := l.hold(t, e, sections).SealEntry(record.Results, id, record.Version(e), []byte("x"))
		if err != nil {
			t.Fatal(err)
		}
		rows[e] = sealed[0]
	}
	near := keys.BackRowSize(2)
	for name, row := range map[string]func(record.Epoch) []byte{
		"far links":       func(e record.Epoch) []byte { return l.back[e] },
		"near links only": func(e record.Epoch) []byte { return l.back[e][:near] },
	} {
		most := 0
		for from := 1; from <= epochs; from++ {
			for to := 1; to <= from; to++ {
				steps := 0
				h := l.hold(t, from, sections)
				h.Back = func(e record.Epoch) ([]byte, error) { steps++; return row(e), nil }
				if s, e, ok := h.Recognise(id, record.Version(to), rows[to]); !ok || s != record.Results || int(e) != to {
					t.Fatalf("%s: from %d, an entry of epoch %d is of %d, %v", name, from, to, e, ok)
				}
				most = max(most, steps)
				if limit := 2*bits.Len(epochs) + 1; name == "far links" && steps > limit {
					t.Errorf("from %d to %d in %d steps, more than %d", from, to, steps, limit)
				}
			}
		}
		t.Logf("%s: at most %d steps through %d epochs", name, most, epochs)
	}
	// A row cut, too long, of another epoch, or altered in either half, leads nowhere.
	flipped := func(at int) []byte {
		b := append([]byte(nil), l.back[4]...)
		b[at] ^= 1
		return b
	}
	for name, x := range map[string]struct {
		to  int
		row []byte
	}{
		"cut": {1, l.back[4][:near-1]}, "cut in the far links": {1, l.back[4][:near+105]}, "too long": {1, append(append([]byte(nil), l.back[4]...), 0)}, "none": {1, nil},
		"of another epoch": {1, l.back[7]}, "far link altered": {1, flipped(near + 105*(int(record.Results)-1) + 60)}, "near link altered": {3, flipped(105*(int(record.Results)-1) + 60)},
	} {
		h := l.hold(t, 4, sections)
		h.Back = func(record.Epoch) ([]byte, error) { return x.row, nil }
		if err := h.Reach(id, record.Version(x.to), rows[x.to]); err == nil {
			t.Errorf("%s: it leads back", name)
		}
	}
	// A device that knows all epochs says of each row whether it leads where it should.
	var all []crypto.Key
	for _, e := range l.epochs {
		all = append(all, e.Key)
	}
	whole := keys.WholeHold(l.person, l.id, all)
	for e := record.Epoch(2); e <= epochs; e++ {
		if err := whole.CheckBack(e, l.back[e]); err != nil {
			t.Errorf("epoch %d: %v", e, err)
		}
	}
	for _, row := range [][]byte{l.back[7], flipped(near + 60), flipped(60), nil} {
		if whole.CheckBack(4, row) == nil {
			t.Error("a wrong back row passes")
		}
	}
}
