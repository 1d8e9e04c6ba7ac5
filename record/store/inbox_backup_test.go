package store_test

import (
	"bytes"
	"maps"
	"slices"
	"testing"

	"carehold/record"
	"carehold/record/backup"
	"carehold/record/grant"
	"carehold/record/keys"
	"carehold/record/store"
)

// rowsI are the rows of an inbox.
func rowsI(t *testing.T, s *store.Store, p record.PersonID) map[string]string {
	t.Helper()
	all := rowsOf(t, s, p)
	maps.DeleteFunc(all, func(key, _ string) bool { return key[0] != 'i' })
	return all
}

// What waits is in backups and in what a person takes to another server, as it is; and
// what was taken in since the first of a chain is not twice in the record by that.
func TestInboxIsBackedUp(t *testing.T) {
	_, s := newStore(t)
	d := enrol(t, s)
	_, token := d.addOnly(record.Measures)
	_, write := d.share(grant.Grant{To: nurse, Sections: record.AllSections, Scopes: scopes("patient/*.cruds"), Purpose: "TREAT"})
	if _, err := add(adder(t, s, token), weight, weight); err != nil {
		t.Fatal(err)
	}
	if _, err := create(view(t, s, write), weight); err != nil {
		t.Fatal(err)
	}
	first := d.inbox()
	slices.SortFunc(first, func(a, b inItem) int { return bytes.Compare(a.id[:], b.id[:]) })
	var f folder
	f.add(t, s, true)
	full := rowsI(t, s, d.person)
	used := mustUsed(t, s)
	taken, err := d.session().TakeIn(ctx, first[0].id, taking(first[0]))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := create(view(t, s, write), weight); err != nil {
		t.Fatal(err)
	}
	now := rowsI(t, s, d.person)
	f.add(t, s, false)

	_, _, one := restore(t, f.chain(t)[:1])
	if got := rowsI(t, one, d.person); !maps.Equal(got, full) || len(got) != 3 {
		t.Errorf("of the first, %d wait, not %d", len(got), len(full))
	}
	if got := mustUsed(t, one); got+64<<10 < used || got > used+64<<10 {
		t.Errorf("%d bytes, and %d restored", used, got)
	}
	maps.Copy(now, full) // what was removed since, a chain does not tell
	_, _, both := restore(t, f.chain(t))
	if got := rowsI(t, both, d.person); !maps.Equal(got, now) || len(got) != 4 {
		t.Errorf("of both, %d wait, not %d", len(got), len(now))
	}
	report, err := backup.Verify(ctx, f.chain(t), nil)
	if err != nil || report.Damage != 0 { // a part of the directory that was replaced since may be left over
		t.Errorf("%+v, %v", report, err)
	}

	// The copy of one record has what waits, and none else.
	var copied bytes.Buffer
	if err := d.session().CopyRecord(ctx, &copied); err != nil {
		t.Fatal(err)
	}
	there := rowsI(t, s, d.person)
	_, other := newStore(t)
	invite, err := other.Invite(ctx, keys.Invite{Until: other.Now().Add(1 << 40)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.TakeRecord(ctx, bytes.NewReader(copied.Bytes()), invite); err != nil {
		t.Fatal(err)
	}
	if got := rowsI(t, other, d.person); !maps.Equal(got, there) || len(got) != 3 {
		t.Errorf("taken to another server: %d wait, not %d", len(got), len(there))
	}

	// Carried on there, what was taken in is there, and is not taken in a second time.
	from := s.ID()
	d.s = both
	b := d.goOn(from)
	if err := d.submit(b); err != nil {
		t.Fatal(err)
	}
	again, err := d.session().TakeIn(ctx, first[0].id, taking(first[0]))
	if err != nil || !again.Unchanged || again.Version != 1 || again.Ref != taken.Ref || again.Author.Name != nurse.Name {
		t.Errorf("%+v, %v", again, err)
	}
	if got := rowsI(t, both, d.person); len(got) != 3 {
		t.Errorf("%d wait", len(got))
	}
	second, err := d.session().TakeIn(ctx, first[1].id, taking(first[1]))
	if err != nil || second.Unchanged || second.Unverified {
		t.Errorf("%+v, %v", second, err)
	}
}

// The largest that may wait fits a row, a commit and a frame.
func TestLargestContribution(t *testing.T) {
	_, s := newStore(t)
	d := enrol(t, s)
	_, token := d.share(grant.Grant{To: nurse, Sections: record.AllSections, Scopes: scopes("patient/*.c"), Purpose: "TREAT"})
	head := `{"resourceType":"Binary","contentType":"image/png","data":"`
	data := bytes.Repeat([]byte("QUJD"), (store.MayWait-len(head)-2)/4)
	results, err := add(adder(t, s, token), head+string(data)+`"}`)
	if err != nil {
		t.Fatal(err)
	}
	var f folder
	f.add(t, s, true)
	_, _, there := restore(t, f.chain(t))
	if len(rowsI(t, there, d.person)) != 1 {
		t.Error("it is not in the backup")
	}
	w := d.inbox()[0]
	if _, err := d.session().TakeIn(ctx, w.id, taking(w)); err != nil {
		t.Fatal(err)
	}
	if e, err := d.session().Read(ctx, results[0].Ref, 0); err != nil || e.Header.Content == nil || e.Header.Content.Length != int64(len(data)/4*3) {
		t.Errorf("%+v, %v", e.Header, err)
	}
}
