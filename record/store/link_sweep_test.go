package store_test

import (
	"bytes"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"carehold/crypto"
	"carehold/record/keys"
	"carehold/record/kv"
	"carehold/record/store"
)

// What was sent for a link goes a day later if the link was never made, and with the link
// when its time is over; what a link still needs stays.
func TestLinksAreSwept(t *testing.T) {
	engine, node := newMemory(), crypto.NewKey()
	if err := store.InitOn(engine); err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	now := time.Now().Truncate(time.Hour)
	s, err := store.OpenOn(engine, node, store.Options{Now: func() time.Time { mu.Lock(); defer mu.Unlock(); return now }})
	if err != nil {
		t.Fatal(err)
	}
	d := enrol(t, s)
	rowsOf := func(link crypto.CapsuleID) string {
		kinds := map[byte]bool{}
		for key := range engine.parts[kv.Partition(d.person)] {
			if len(key) >= 17 && strings.HasPrefix(key[1:], string(link[:])) {
				kinds[key[0]] = true
			}
		}
		out := ""
		for _, k := range "fnt" {
			if kinds[byte(k)] {
				out += string(k)
			}
		}
		return out
	}
	put := func(link crypto.CapsuleID, n int) {
		t.Helper()
		if err := d.session().PutLinkFile(ctx, link, n, bytes.NewReader(make([]byte, 300<<10))); err != nil {
			t.Fatal(err)
		}
	}
	never := crypto.NewCredential(crypto.Link).CapsuleID()
	put(never, 1)
	made, _, _ := d.link(keys.LinkPasscode, "1234", 5, now.Add(48*time.Hour))
	put(made.CapsuleID(), 1)
	if _, err := openLink(s, made, "0000"); !errors.As(err, new(store.WrongPasscode)) {
		t.Fatal(err)
	}
	late := crypto.NewCredential(crypto.Link).CapsuleID()
	start := now
	for _, step := range []struct {
		after             time.Duration
		never, made, late string
	}{
		{0, "fn", "fnt", ""},
		{20 * time.Hour, "fn", "fnt", "fn"},
		{26 * time.Hour, "", "fnt", "fn"},
		{46 * time.Hour, "", "fnt", ""},
		{50 * time.Hour, "", "", ""},
	} {
		mu.Lock()
		now = start.Add(step.after)
		mu.Unlock()
		if step.after == 20*time.Hour {
			put(late, 1)
		}
		if err := s.Sweep(ctx); err != nil {
			t.Fatal(err)
		}
		if n, m, l := rowsOf(never), rowsOf(made.CapsuleID()), rowsOf(late); n != step.never || m != step.made || l != step.late {
			t.Errorf("%v on: %q of the one never made, %q of the one made, %q of the late one; want %q, %q, %q", step.after, n, m, l, step.never, step.made, step.late)
		}
	}
}
