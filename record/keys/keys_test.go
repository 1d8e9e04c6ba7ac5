package keys_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"strings"
	"testing"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/grant"
	"carehold/record/keys"
)

type lineage struct {
	person            record.PersonID
	id, grants, audit crypto.Key
	epochs            []keys.EpochKey
	back              map[record.Epoch][]byte
	identity          crypto.SigningKey
}

func newLineage(epochs int) *lineage {
	l := &lineage{person: record.PersonID(crypto.RandomID()), id: crypto.NewKey(), grants: crypto.NewKey(), audit: crypto.NewKey(),
		back: map[record.Epoch][]byte{}, identity: crypto.NewSigningKey(crypto.NewKey())}
	for e := range epochs {
		next := keys.NewEpochKey(record.Epoch(e + 1))
		if e > 0 {
			l.back[next.Epoch] = next.BackRow(l.person, func(e record.Epoch) crypto.Key { return l.epochs[e-1].Key })
		}
		l.epochs = append(l.epochs, next)
	}
	return l
}

// hold is what a grant to some sections holds in an epoch.
func (l *lineage) hold(t testing.TB, e int, sections record.SectionSet) *keys.Hold {
	t.Helper()
	g := grant.Grant{ID: record.GrantID(crypto.RandomID()), Person: l.person, Sections: sections}
	row := keys.SealGrantRow(g, []byte("certificate"), l.epochs[e-1], l.id, l.grants, l.audit)
	opened, err := keys.OpenGrantRow(l.person, g.ID, keys.GrantKey(l.grants, g.ID), row)
	if err != nil || opened.Stopped || string(opened.Certificate) != "certificate" || opened.Hold.Sections() != sections {
		t.Fatalf("%+v, %v", opened, err)
	}
	opened.Hold.Back = func(e record.Epoch) ([]byte, error) {
		if row, there := l.back[e]; there {
			return row, nil
		}
		return nil, errors.New("no such row")
	}
	return opened.Hold
}

// TestEpochWalk: a hold of the last of 60 epochs opens what every section of its
// own sealed in each; a hold of an older one opens nothing newer.
func TestEpochWalk(t *testing.T) {
	const epochs = 60
	l := newLineage(epochs)
	type sealed struct {
		epoch   int
		section record.Section
		entry   record.EntryID
		rows    [][]byte
	}
	var all []sealed
	for e := 1; e <= epochs; e++ {
		h := l.hold(t, e, record.AllSections)
		for _, s := range []record.Section{record.Identity, record.Results, record.MentalHealth, record.Private} {
			id := h.EntryID("Observation", hex.EncodeToString([]byte{byte(e), byte(s)}))
			rows, err := h.SealEntry(s, id, record.Version(e), []byte("in epoch "+strings.Repeat("x", e)))
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, sealed{e, s, id, rows})
		}
	}
	part := record.SectionsOf(record.Identity, record.Results)
	for _, at := range []int{1, 2, 31, 60} {
		for name, sections := range map[string]record.SectionSet{"everything": record.AllSections, "part": part} {
			h := l.hold(t, at, sections)
			for _, x := range all {
				s, e, ok := h.Recognise(x.entry, record.Version(x.epoch), x.rows[0])
				want := x.epoch <= at && sections.Has(x.section)
				if ok != want || ok && (s != x.section || int(e) != x.epoch) {
					t.Fatalf("%s at epoch %d: section %s of epoch %d is recognised as %v %v %v", name, at, x.section, x.epoch, s, e, ok)
				}
				if reach := h.Reach(x.entry, record.Version(x.epoch), x.rows[0]); (reach == nil) != (x.epoch <= at) {
					t.Fatalf("at epoch %d reaching %d: %v", at, x.epoch, reach)
				}
				// Whether it was recognised or not, no key of the hold opens what it should not.
				for s := range record.Section(record.NumSections + 1) {
					plain, err := h.OpenEntry(s, record.Epoch(x.epoch), x.entry, record.Version(x.epoch), x.rows)
					if (err == nil) != (want && s == x.section) {
						t.Fatalf("%s at epoch %d: opening as %s: %v", name, at, s, err)
					}
					if err == nil && len(plain) != len("in epoch ")+x.epoch {
						t.Fatalf("opened to %q", plain)
					}
				}
			}
		}
	}
	// A link that is damaged, missing or another's is damage, and said to be.
	first := record.Epoch(epochs) // every way back begins with its row
	was := l.back[first]
	x := all[0]
	near := keys.BackRowSize(2)
	for name, row := range map[string][]byte{"flipped": flip(flip(was, 50), (near+50)%len(was)), "cut": was[:len(was)-1], "another's": l.back[first-1]} {
		l.back[first] = row
		h := l.hold(t, epochs, part)
		if err := h.Reach(x.entry, 1, x.rows[0]); err == nil {
			t.Errorf("a link that is %s was followed", name)
		}
		if _, _, ok := h.Recognise(x.entry, 1, x.rows[0]); ok {
			t.Errorf("a link that is %s was followed", name)
		}
	}
	l.back[first] = was
	h := l.hold(t, epochs, part)
	h.Destroy()
}

func flip(b []byte, at int) []byte {
	c := bytes.Clone(b)
	c[at] ^= 1
	return c
}

// TestEntryRows: nothing opens at another place, of another count, cut or grown.
func TestEntryRows(t *testing.T) {
	l := newLineage(2)
	h := l.hold(t, 2, record.AllSections)
	id := h.EntryID("Binary", "b")
	plain := bytes.Repeat([]byte("large "), 120_000)
	rows, err := h.SealEntry(record.Documents, id, 7, plain)
	if err != nil || len(rows) < 3 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	open := func(s record.Section, e record.Epoch, id record.EntryID, v record.Version, rows [][]byte) error {
		got, err := h.OpenEntry(s, e, id, v, rows)
		if err == nil && !bytes.Equal(got, plain) {
			t.Error("it opened to something else")
		}
		return err
	}
	if err := open(record.Documents, 2, id, 7, rows); err != nil {
		t.Fatal(err)
	}
	other := h.EntryID("Binary", "c")
	for what, err := range map[string]error{
		"another section":   open(record.Results, 2, id, 7, rows),
		"another epoch":     open(record.Documents, 1, id, 7, rows),
		"epoch zero":        open(record.Documents, 0, id, 7, rows),
		"a later epoch":     open(record.Documents, 3, id, 7, rows),
		"another entry":     open(record.Documents, 2, other, 7, rows),
		"another version":   open(record.Documents, 2, id, 8, rows),
		"a row less":        open(record.Documents, 2, id, 7, rows[:len(rows)-1]),
		"a row more":        open(record.Documents, 2, id, 7, append(rows[:len(rows):len(rows)], rows[1])),
		"rows swapped":      open(record.Documents, 2, id, 7, append([][]byte{rows[0], rows[2], rows[1]}, rows[3:]...)),
		"no rows":           open(record.Documents, 2, id, 7, nil),
		"an empty first":    open(record.Documents, 2, id, 7, append([][]byte{{}}, rows[1:]...)),
		"a row cut":         open(record.Documents, 2, id, 7, append([][]byte{rows[0], rows[1][:100]}, rows[2:]...)),
		"a bit in the data": open(record.Documents, 2, id, 7, append([][]byte{flip(rows[0], 200)}, rows[1:]...)),
	} {
		if err == nil {
			t.Errorf("%s: it opens", what)
		}
	}
	if _, err := l.hold(t, 2, record.SectionsOf(record.Results)).SealEntry(record.Documents, id, 1, plain); !errors.Is(err, keys.ErrNotHeld) {
		t.Errorf("sealing into another's section: %v", err)
	}
	for _, n := range [][]byte{nil, make([]byte, 15), make([]byte, 16), append(make([]byte, 12), 0xff, 0xff, 0xff, 0xff)} {
		if _, err := keys.Parts(n); err == nil {
			t.Errorf("%x has a count", n)
		}
	}
	// The hint says nothing: the same section and epoch look different each time.
	seen := map[string]bool{}
	for v := range record.Version(50) {
		rows, _ := h.SealEntry(record.Documents, id, v+1, []byte("x"))
		seen[string(rows[0][:4])], seen[string(rows[0][4:12])] = true, true
		if len(rows[0]) != 16+512+73 && len(rows[0]) != 16+512+16+73 {
			t.Fatalf("a small entry has %d bytes", len(rows[0]))
		}
	}
	if len(seen) != 100 {
		t.Errorf("%d of 100 hints differ", len(seen))
	}
}

// TestGrantRows: every row looks alike, and opens under its own key and place only.
func TestGrantRows(t *testing.T) {
	l := newLineage(1)
	g := grant.Grant{ID: record.GrantID(crypto.RandomID()), Person: l.person}
	gk := keys.GrantKey(l.grants, g.ID)
	var sizes []int
	for _, sections := range []record.SectionSet{record.SectionsOf(record.Identity), grant.Clinical, record.AllSections} {
		g.Sections = sections
		row := keys.SealGrantRow(g, make([]byte, 300), l.epochs[0], l.id, l.grants, l.audit)
		sizes = append(sizes, len(row))
		for i := range row {
			if _, err := keys.OpenGrantRow(l.person, g.ID, gk, flip(row, i)); err == nil {
				t.Fatalf("byte %d altered, and it opens", i)
			}
		}
		for what, open := range map[string]func() (*keys.GrantRow, error){
			"another key":    func() (*keys.GrantRow, error) { return keys.OpenGrantRow(l.person, g.ID, crypto.NewKey(), row) },
			"another grant":  func() (*keys.GrantRow, error) { return keys.OpenGrantRow(l.person, record.GrantID{}, gk, row) },
			"another person": func() (*keys.GrantRow, error) { return keys.OpenGrantRow(record.PersonID{}, g.ID, gk, row) },
		} {
			if _, err := open(); err == nil {
				t.Errorf("%s: it opens", what)
			}
		}
	}
	stopped := keys.SealStoppedRow(l.person, g.ID, l.grants, l.audit)
	row, err := keys.OpenGrantRow(l.person, g.ID, gk, stopped)
	if err != nil || !row.Stopped || row.Hold != nil || !row.Audit.Equal(keys.AuditKey(l.audit, g.ID)) {
		t.Errorf("a stopped row: %+v, %v", row, err)
	}
	row.Destroy()
	for _, n := range append(sizes, len(stopped)) {
		if n != sizes[0] {
			t.Errorf("rows differ in size: %v, %d", sizes, len(stopped))
		}
	}
}

// TestCapsules: each kind opens as itself, under its own name, hour and key.
func TestCapsules(t *testing.T) {
	until := time.Date(2027, 1, 1, 10, 0, 1, 0, time.UTC)
	token, slot, invite := crypto.NewCredential(crypto.Access), crypto.NewRecoveryCode().Slot(), crypto.NewCredential(crypto.Invite)
	tc := keys.TokenCapsule{Person: record.PersonID{1}, Grant: record.GrantID{2}, Key: crypto.NewKey(), Audit: crypto.NewKey(), Until: until}
	c := keys.SealToken(token.CapsuleKey(), tc)
	got, err := keys.OpenToken(token.CapsuleKey(), c)
	if err != nil || got.Person != tc.Person || got.Grant != tc.Grant || !got.Key.Equal(tc.Key) || !got.Audit.Equal(tc.Audit) || !got.Until.Equal(until) {
		t.Fatalf("%+v, %v", got, err)
	}
	if c.Hour != uint32(until.Unix()/3600)+1 { // rounded up
		t.Errorf("hour %d", c.Hour)
	}
	sc, ic := keys.SealSlot(slot.CapsuleKey(), tc.Person), keys.SealInvite(invite.CapsuleKey(), keys.Invite{Quota: 5, Until: until})
	if p, err := keys.OpenSlot(slot.CapsuleKey(), sc); err != nil || p != tc.Person {
		t.Errorf("%x, %v", p, err)
	}
	if i, err := keys.OpenInvite(invite.CapsuleKey(), ic); err != nil || i.Quota != 5 || !i.Until.Equal(until) {
		t.Errorf("%+v, %v", i, err)
	}
	if len(c.Blob) != len(sc.Blob) || len(c.Blob) != len(ic.Blob) {
		t.Errorf("capsules differ in size: %d, %d, %d", len(c.Blob), len(sc.Blob), len(ic.Blob))
	}
	for i := range c.Blob {
		bad := c
		bad.Blob = flip(c.Blob, i)
		if _, err := keys.OpenToken(token.CapsuleKey(), bad); err == nil {
			t.Fatalf("byte %d altered, and it opens", i)
		}
	}
	late := c
	late.Hour++
	if _, err := keys.OpenToken(token.CapsuleKey(), late); err == nil {
		t.Error("with a later hour it opens")
	}
	// The payload of one kind is not another's, even under its key.
	if _, err := keys.OpenToken(slot.CapsuleKey(), sc); err == nil {
		t.Error("a slot is read as a token")
	}
	if _, err := keys.OpenSlot(token.CapsuleKey(), c); err == nil {
		t.Error("a token is read as a slot")
	}
	if _, err := keys.OpenInvite(token.CapsuleKey(), c); err == nil {
		t.Error("a token is read as an invite")
	}
}

// TestIDs: names depend on the record, the type and the id, and on nothing between.
func TestIDs(t *testing.T) {
	a, b := newLineage(1).hold(t, 1, record.AllSections), newLineage(1).hold(t, 1, record.AllSections)
	seen := map[record.EntryID]string{}
	for name, id := range map[string]record.EntryID{
		"one": a.EntryID("Patient", "1"), "another id": a.EntryID("Patient", "2"), "another type": a.EntryID("Person", "1"),
		"shifted": a.EntryID("Patient1", ""), "shifted back": a.EntryID("", "Patient1"), "another record": b.EntryID("Patient", "1"),
	} {
		if other, twice := seen[id]; twice {
			t.Errorf("%s and %s have one name", name, other)
		}
		seen[id] = name
	}
	if a.PatientID() == b.PatientID() || len(a.PatientID()) != 26 || a.PatientID() != strings.ToLower(a.PatientID()) {
		t.Errorf("%s, %s", a.PatientID(), b.PatientID())
	}
	if keys.FHIRID([16]byte{}) != strings.Repeat("a", 26) {
		t.Error(keys.FHIRID([16]byte{}))
	}
}

// RFC 4648 §6 in lower case: of 26 characters the last holds three bits of the bytes
// and two that are zero.
func TestIsFHIRID(t *testing.T) {
	given := strings.Repeat("a", 26)
	for id, want := range map[string]bool{
		given: true, "mfrggzdfmztwq2lkmjrwiylcmb": false, "mfrggzdfmztwq2lkmjrwiylcmq": true, keys.FHIRID([16]byte{0xff, 15: 0xff}): true,
		"": false, "allergy": false, given[1:]: false, given + "a": false, strings.ToUpper(given): false, strings.Repeat("a", 25) + "b": false,
		strings.Repeat("1", 26): false, "a2b4f3c0-9a3b-4a52-8f07-0d9a6a1f2c3": false, strings.Repeat("a", 25) + "\n": false,
	} {
		if keys.IsFHIRID(id) != want {
			t.Errorf("%q: %v", id, !want)
		}
	}
}
