package store_test

import (
	"testing"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/keys"
	"carehold/record/statement"
)

// TestQuotaOfStatements: a person with a device of their own making fills the
// disk past their quota with grants' rows, ended grants and log entries, with no
// credential in any of it.
func TestQuotaOfStatements(t *testing.T) {
	_, s := newStore(t)
	invite, err := s.Invite(t.Context(), keys.Invite{Quota: 3 << 20, Until: s.Now().Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	d, err := enrolWith(t, s, invite)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 40 {
		b := d.body()
		b.Leaf = append(b.Leaf, make([]byte, 60<<10)...)
		var made []record.GrantID
		for range 14 {
			id := record.GrantID(crypto.RandomID())
			b.Grants = append(b.Grants, statement.GrantRow{Grant: id, Until: s.Now().Add(time.Hour).Truncate(time.Second), Row: make([]byte, 60<<10)})
			made = append(made, id)
		}
		if err := d.submit(b); err != nil {
			t.Logf("statement %d refused: %v", i, err)
			wantKind(t, err, record.TooMany)
			break
		}
		b = d.body()
		for _, id := range made {
			b.Ended = append(b.Ended, statement.Ended{Grant: id, Row: make([]byte, 60<<10)})
		}
		if err := d.submit(b); err != nil {
			t.Fatal("ending: ", err)
		}
	}
	if st, _ := s.Status(t.Context()); st.Used > 6<<20 {
		t.Errorf("%d MiB are used of 3 MiB", st.Used>>20)
	}
}
