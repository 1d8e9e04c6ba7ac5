package store_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	atrest "carehold/record/rows"
	"carehold/record/store"
)

// One bit of a table is flipped while nothing runs: whoever asks for the status is
// told, and a verification says the same whether or not the server has looked yet.
func TestDamagedTableIsTold(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "store")
	if err := store.Init(dir); err != nil {
		t.Fatal(err)
	}
	s := open(t, dir, store.Options{})
	d := enrol(t, s)
	v := d.session()
	for range 40 {
		put(t, v, allergy)
	}
	if st := count(t, s); st.BadTables != 0 {
		t.Fatalf("before: %+v", st)
	}
	s.Close()
	copied := filepath.Join(t.TempDir(), "copy") // reading it so writes it anew
	if err := os.CopyFS(copied, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	all := rows(t, copied)
	tables, err := filepath.Glob(filepath.Join(dir, "db", "*.sst"))
	if err != nil || len(tables) != 2 {
		t.Fatal(tables, err)
	}
	b, err := os.ReadFile(tables[1])
	if err != nil {
		t.Fatal(err)
	}
	at := -1
	for key, row := range all {
		if strings.HasPrefix(key, string(d.person[:])+string(rune(atrest.KindEntry))) && len(row) > 60 {
			at = bytes.Index(b, row[len(row)/2:])
		}
	}
	if at < 0 {
		t.Fatal("no entry is in the table")
	}
	b[at] ^= 1
	if err := os.WriteFile(tables[1], b, 0o600); err != nil {
		t.Fatal(err)
	}

	s = open(t, dir, store.Options{})
	r, err := s.Verify(t.Context(), nil)
	if err != nil || len(r.Node) != 1 || !strings.Contains(r.Node[0], "1 of 2 tables") {
		t.Fatalf("the verification: %v, %+v", err, r)
	}
	parts := r.Parts()
	if len(r.Damaged) != 1 || parts[len(parts)-1] != atrest.PartRows {
		t.Errorf("of records: %+v", r.Damaged)
	}
	if again, err := s.Verify(t.Context(), nil); err != nil || again.All() != r.All() {
		t.Errorf("at first %+v, and then %+v, %v", r, again, err)
	}
	if st := count(t, s); st.BadTables != 1 || st.Tables != 2 || st.Damage != int(r.All()) {
		t.Errorf("with a damaged table: %+v", st)
	}
	s.Close()

	// A server that starts verifies soon, and does not wait for next week.
	s = open(t, dir, store.Options{})
	before := count(t, s).LastVerify
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { s.Keep(ctx); close(done) }()
	defer func() { cancel(); <-done }()
	for began := time.Now(); !count(t, s).LastVerify.After(before); time.Sleep(10 * time.Millisecond) {
		if time.Since(began) > 20*time.Second {
			t.Fatal("it was not verified")
		}
	}
}
