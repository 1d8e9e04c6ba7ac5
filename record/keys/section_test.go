package keys_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/grant"
	"carehold/record/keys"
)

// TestSectionKeys: whatever was asked of a hold before, in whatever order, the tag
// and the key of each section in each epoch are those of docs/format.md, derived
// here from the epoch's key: tag = Tagger(KDF(SK,"tag")), entry key = KDF(SK,"entry").
func TestSectionKeys(t *testing.T) {
	const epochs = 5
	l := newLineage(epochs)
	id := record.EntryID(crypto.RandomID())
	type place struct {
		s record.Section
		e record.Epoch
	}
	sk := func(x place) crypto.Key {
		return l.epochs[x.e-1].Key.Derive(crypto.LabelSection, []byte{byte(x.s)})
	}
	plain := []byte("the same in all of them")
	sealed := map[place][][]byte{}
	var places []place
	for e := range record.Epoch(epochs) {
		h := l.hold(t, int(e+1), record.AllSections)
		for _, i := range rand.Perm(record.NumSections) {
			x := place{record.Section(i + 1), e + 1}
			rows, err := h.SealEntry(x.s, id, 7, plain)
			if err != nil {
				t.Fatal(err)
			}
			if want := sk(x).Tagger(crypto.LabelTag).Tag(id, 7); crypto.Tag(rows[0][4:12]) != want {
				t.Fatalf("%v: tag %x, want %x", x, rows[0][4:12], want)
			}
			where := crypto.NewContext(crypto.ContextEntry, l.person[:], []byte{byte(x.s)}, crypto.U32(uint32(x.e)), id[:],
				crypto.U64(7), crypto.U32(0), crypto.U32(1))
			if _, err := sk(x).Derive(crypto.LabelEntry).Open(where, rows[0][16:]); err != nil {
				t.Fatalf("%v: %v", x, err)
			}
			sealed[x], places = rows, append(places, x)
		}
		h.Destroy()
	}
	for _, sections := range []record.SectionSet{record.AllSections, record.SectionsOf(record.Identity, record.Results, record.Private)} {
		for range 20 {
			h := l.hold(t, epochs, sections)
			for _, i := range rand.Perm(len(places)) {
				x := places[i]
				held := sections.Has(x.s)
				switch rand.IntN(3) {
				case 0:
					h.Miss()
				case 1:
					if s, e, ok := h.Recognise(id, 7, sealed[x][0]); ok != held || ok && (place{s, e}) != x {
						t.Fatalf("%v is recognised as %v in epoch %d, %v", x, s, e, ok)
					}
				}
				if got, err := h.OpenEntry(x.s, x.e, id, 7, sealed[x]); (err == nil) != held || held && !slices.Equal(got, plain) {
					t.Fatalf("%v: %q, %v", x, got, err)
				}
				if _, err := h.SealEntry(x.s, id, 8, plain); (err == nil) != held {
					t.Fatalf("%v: %v", x, err)
				}
			}
			h.Destroy()
		}
	}
}

// TestDestroyedHold: when a hold is destroyed, what it had derived is gone, and what
// it had not is not derived any more.
func TestDestroyedHold(t *testing.T) {
	l := newLineage(1)
	id := record.EntryID(crypto.RandomID())
	used := l.hold(t, 1, record.AllSections)
	rows, err := used.SealEntry(record.Results, id, 1, []byte("x"))
	if err != nil {
		t.Fatal(err)
	}
	used.Miss()
	for name, h := range map[string]*keys.Hold{"used": used, "new": l.hold(t, 1, record.AllSections)} {
		h.Destroy()
		for what, use := range map[string]func(){
			"seals":      func() { _, _ = h.SealEntry(record.Results, id, 1, []byte("x")) },
			"recognises": func() { h.Recognise(id, 1, rows[0]) },
			"opens": func() {
				if _, err := h.OpenEntry(record.Results, 1, id, 1, rows); err != nil {
					panic(err)
				}
			},
		} {
			func() {
				defer func() {
					if recover() == nil {
						t.Errorf("a hold that was %s and destroyed %s", name, what)
					}
				}()
				use()
			}()
		}
	}
}

// What a request does with a hold: it reads one entry.
func BenchmarkHold(b *testing.B) {
	l := newLineage(1)
	h := l.hold(b, 1, record.AllSections)
	id := record.EntryID(crypto.RandomID())
	rows, err := h.SealEntry(record.Results, id, 1, []byte("x"))
	if err != nil {
		b.Fatal(err)
	}
	g := grant.Grant{ID: record.GrantID(crypto.RandomID()), Person: l.person, Sections: record.AllSections}
	row := keys.SealGrantRow(g, []byte("certificate"), l.epochs[0], l.id, l.grants, l.audit)
	gk := keys.GrantKey(l.grants, g.ID)
	b.ReportAllocs()
	for b.Loop() {
		opened, err := keys.OpenGrantRow(l.person, g.ID, gk, row)
		if err != nil {
			b.Fatal(err)
		}
		s, e, ok := opened.Hold.Recognise(id, 1, rows[0])
		if _, err := opened.Hold.OpenEntry(s, e, id, 1, rows); err != nil || !ok {
			b.Fatal(err)
		}
		opened.Destroy()
	}
}
