package badger

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"carehold/record/kv"
)

// changed is the rows since a mark, as "partition/key=value", with long values cut.
func changed(t testing.TB, e *Engine, since uint64) (got []string, mark uint64) {
	t.Helper()
	mark, err := e.Changes(since, func(p kv.Partition, key, value []byte) error {
		got = append(got, fmt.Sprintf("%d/%s=%s", p[15], key, value[:min(len(value), 9)]))
		return nil
	})
	if err != nil {
		t.Fatalf("Changes: %v", err)
	}
	return got, mark
}

func wantChanged(t testing.TB, e *Engine, since uint64, want ...string) (mark uint64) {
	t.Helper()
	got, mark := changed(t, e, since)
	if !slices.Equal(got, want) {
		t.Errorf("since %d: %q, want %q", since, got, want)
	}
	return mark
}

// Marks keep their meaning when tables are flushed and compacted, and when what
// they stand for has all been written over.
func TestMarksOutliveCompaction(t *testing.T) {
	if testing.Short() {
		t.Skip("writes 120 MiB")
	}
	e, dir := create(t, testOptions())
	put(t, e, kv1, "kept", "1")
	put(t, e, kv1, "written over", "1")
	one := wantChanged(t, e, 0, "1/kept=1", "1/written over=1")
	put(t, e, kv1, "written over", "2")
	two := wantChanged(t, e, one, "1/written over=2")
	put(t, e, kv1, "gone", "1")
	if err := e.Update(ctx, kv1, func(tx kv.Tx) error { tx.Delete([]byte("gone")); return nil }); err != nil {
		t.Fatal(err)
	}
	three := wantChanged(t, e, two)
	check := func() {
		t.Helper()
		wantChanged(t, e, one, "1/a=29", "1/written over=2", "2/filler="+read(t, e, kv2, "filler")[:9])
		wantChanged(t, e, three, "1/a=29", "2/filler="+read(t, e, kv2, "filler")[:9])
	}
	fill(t, e, 30)
	check()
	fill(t, e, 30)
	check()
	_, four := changed(t, e, 0)
	wantChanged(t, e, four)
	shut(t, e) // which compacts
	e = open(t, dir, testOptions())
	check()
	if again := wantChanged(t, e, four); again != four {
		t.Errorf("mark %d became %d", four, again)
	}
	put(t, e, kv1, "new", "1")
	wantChanged(t, e, four, "1/new=1")

	// As a kill leaves it: copied while it is open.
	copied, opts := copyTree(t, dir), testOptions()
	opts.Anchor = filepath.Join(t.TempDir(), "anchor")
	copyFile(t, filepath.Join(filepath.Dir(dir), "anchor"), opts.Anchor)
	e = open(t, copied, opts)
	put(t, e, kv1, "newer", "1")
	wantChanged(t, e, four, "1/new=1", "1/newer=1")
}

// A commit whose anchor failed was shown to nobody, so no mark stands for it: it
// is in the next changes if it is there after the restart.
func TestMarkOfUnanchoredCommit(t *testing.T) {
	e, dir := create(t, testOptions())
	put(t, e, kv1, "a", "1")
	mark := wantChanged(t, e, 0, "1/a=1")
	e.anchor.sync = func(*os.File) error {
		if again := wantChanged(t, e, mark); again != mark {
			t.Errorf("mark %d became %d before the commit was anchored", mark, again)
		}
		return errors.New("injected")
	}
	_ = e.Update(ctx, kv1, func(tx kv.Tx) error { tx.Put([]byte("b"), []byte("1")); return nil })
	if _, err := e.Changes(0, func(kv.Partition, []byte, []byte) error { return nil }); err != kv.ErrFailed {
		t.Errorf("Changes of a failed store: %v", err)
	}
	shut(t, e)
	e = open(t, dir, testOptions())
	wantChanged(t, e, mark, "1/b=1")
}

// Once an older database was accepted, the marks of what was lost are refused,
// also when as much has been written again, and the rows that belong to the
// acceptance are there with it.
func TestAccepted(t *testing.T) {
	opts := testOptions()
	e, dir := create(t, opts)
	put(t, e, kv1, "a", "1")
	_, early := changed(t, e, 0)
	shut(t, e)
	old := copyTree(t, dir)
	e = open(t, dir, opts)
	for i := range 5 {
		put(t, e, kv1, "b", fmt.Sprint(i))
	}
	_, late := changed(t, e, 0)
	shut(t, e)

	accept := opts
	accept.AcceptLoss = true
	accept.OnAccept = []Row{{kv2, []byte("note"), []byte("accepted")}, {kv1, []byte("other"), nil}}
	for round := range 2 {
		putBack(t, old, dir)
		e = open(t, dir, accept)
		if !e.Accepted() {
			t.Fatal("not accepted")
		}
		_, now := changed(t, e, 0)
		wantChanged(t, e, 0, "1/a=1", "1/other=", "2/note=accepted")
		for range 10 {
			put(t, e, kv1, "b", "again")
		}
		shut(t, e)
		e = open(t, dir, opts)
		for _, mark := range []uint64{early, late} {
			if _, err := e.Changes(mark, func(kv.Partition, []byte, []byte) error { t.Error("called"); return nil }); err != kv.ErrMark {
				t.Errorf("round %d, mark %d: %v", round, mark, err)
			}
		}
		late = wantChanged(t, e, now, "1/b=again") // of this round, refused in the next
		shut(t, e)
	}
	// Opened as it was left, there is nothing to accept.
	accept.OnAccept = []Row{{kv2, []byte("note"), []byte("not this time")}}
	e = open(t, dir, accept)
	if got := read(t, e, kv2, "note"); e.Accepted() || got != "accepted" {
		t.Errorf("accepted %v, the note is %q", e.Accepted(), got)
	}
	shut(t, e)
	// What the anchor answers for is anchored with it.
	accept.OnAccept = []Row{{kv1, headKey, []byte("accepted")}}
	putBack(t, old, dir)
	shut(t, open(t, dir, accept))
	e = open(t, dir, opts)
	if got := read(t, e, kv1, string(headKey)); got != "accepted" {
		t.Errorf("the head is %q", got)
	}
	shut(t, e)
}

// The acceptance cut after its commit and before its anchor needs no second one,
// and has its rows.
func TestAcceptanceCut(t *testing.T) {
	opts := testOptions()
	e, dir := create(t, opts)
	put(t, e, kv1, "a", "old")
	shut(t, e)
	old, anchorFile := copyTree(t, dir), filepath.Join(filepath.Dir(dir), "anchor")
	e = open(t, dir, opts)
	put(t, e, kv1, "a", "new")
	put(t, e, kv1, "a", "newer")
	shut(t, e)
	putBack(t, old, dir)
	before := filepath.Join(t.TempDir(), "anchor")
	copyFile(t, anchorFile, before)

	accept := opts
	accept.AcceptLoss = true
	accept.OnAccept = []Row{{kv2, []byte("note"), []byte("accepted")}}
	shut(t, open(t, dir, accept))
	copyFile(t, before, anchorFile)
	e = open(t, dir, opts)
	if got := read(t, e, kv2, "note") + read(t, e, kv1, "a"); got != "acceptedold" {
		t.Errorf("found %q", got)
	}
	shut(t, e)
	// Neither does an anchor half made stand in the way.
	if err := os.WriteFile(anchorFile+".new", []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	shut(t, open(t, dir, opts))
}
