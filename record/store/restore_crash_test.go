package store_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/backup"
	"carehold/record/store"
)

// TestTakeRecordCrash cuts the taking in of a record at each of its commits, before
// it is written and after: it is there whole, or it is not there, and sent again it
// is there.
func TestTakeRecordCrash(t *testing.T) {
	t.Parallel()
	_, old := newStore(t)
	d := recordOf(t, old)
	first := copyOf(t, d)
	put(t, d.session(), `{"resourceType":"AllergyIntolerance","id":"later","code":{"text":"later"}}`)
	later := copyOf(t, d)

	node := crypto.NewKey()
	boot := func(e *memory) *store.Store {
		s, err := store.OpenOn(e, node, store.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	for _, c := range []struct {
		name          string
		before, bring []byte
	}{{"first", nil, first}, {"in the place of one that waits", first, later}} {
		start := newMemory()
		start.max = 600 << 10 // so that there are several commits
		if err := store.InitOn(start); err != nil {
			t.Fatal(err)
		}
		s := boot(start)
		ticket := invite(t, s, 0)
		if c.before != nil {
			if _, err := s.TakeRecord(ctx, bytes.NewReader(c.before), ticket); err != nil {
				t.Fatal(err)
			}
		}
		cuts, there := 0, 0
		for n := 1; ; n++ {
			hit := false
			for _, cut := range []int{1, 2} {
				e := start.fork()
				s := boot(e)
				e.crash, e.cut = n, cut
				_, err := s.TakeRecord(ctx, bytes.NewReader(c.bring), ticket)
				if hit = e.down; !hit {
					break
				}
				cuts++
				s = boot(e.reboot())
				r, verr := s.Verify(ctx, nil)
				if verr != nil || r.Damage > 0 || r.People > 1 {
					t.Fatalf("%s, commit %d, cut %d: %+v, %v", c.name, n, cut, r, verr)
				}
				if r.People == 1 {
					there++
					if _, err := s.Ring(ctx, d.person, d.slot.CapsuleID(), 0); err != nil {
						t.Errorf("%s, commit %d, cut %d: %v", c.name, n, cut, err)
					}
				} else if err == nil {
					t.Errorf("%s, commit %d, cut %d: it said that it was done", c.name, n, cut)
				}
				if _, err := s.TakeRecord(ctx, bytes.NewReader(c.bring), ticket); err != nil {
					t.Errorf("%s, commit %d, cut %d: again: %v", c.name, n, cut, err)
				}
				if r, err := s.Verify(ctx, nil); err != nil || r.All() != 0 || r.People != 1 || r.LeftOver != 0 {
					t.Errorf("%s, commit %d, cut %d: again: %+v, %v", c.name, n, cut, r, err)
				}
			}
			if !hit {
				break
			}
		}
		if cuts < 8 || there == 0 || there == cuts {
			t.Errorf("%s: %d cuts, in %d it was there", c.name, cuts, there)
		}
		t.Logf("%s: %d cuts, in %d of them it was there", c.name, cuts, there)
	}
}

const restoreChild = "CAREHOLD_RESTORE_CHILD"

// TestRestoreKilled kills a restore at any moment: there is a store, whole, or
// there is none, and what is in the way is named.
func TestRestoreKilled(t *testing.T) {
	if args := os.Getenv(restoreChild); args != "" {
		restoreInChild(args)
		return
	}
	t.Parallel()
	_, s := newStore(t)
	for range 3 {
		me := recordOf(t, s).session()
		put(t, me, large("more", 3<<20))
	}
	var f folder
	f.add(t, s, true)
	file := filepath.Join(t.TempDir(), "backup")
	if err := os.WriteFile(file, f.files[f.names[0]], 0o600); err != nil {
		t.Fatal(err)
	}
	times := 12
	if testing.Short() {
		times = 4
	}
	run := func(dir string, after time.Duration) (whole bool) {
		c := exec.Command(os.Args[0], "-test.run=^TestRestoreKilled$")
		c.Env = append(os.Environ(), restoreChild+"="+file+"\n"+dir)
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		timer := time.AfterFunc(after, func() { c.Process.Kill() })
		err := c.Wait()
		timer.Stop()
		return err == nil
	}
	began := time.Now()
	if dir := filepath.Join(t.TempDir(), "new"); !run(dir, time.Minute) {
		t.Fatal("a restore that nobody kills fails")
	}
	took := time.Since(began)
	none, whole := 0, 0
	for i := range times {
		dir := filepath.Join(t.TempDir(), "new")
		run(dir, took*time.Duration(i+1)/time.Duration(times))
		_, err := os.Stat(filepath.Join(dir, "node.key"))
		if errors.Is(err, fs.ErrNotExist) {
			none++
			if _, err := store.Open(dir, store.Options{}); err == nil {
				t.Error("half a store opens")
			}
			left, _ := os.ReadDir(dir) // nothing, if it was killed before it made the folder
			_, err := store.Restore(ctx, dir, readers(t, f.files[f.names[0]]), store.RestoreOptions{})
			if len(left) > 0 && !errors.Is(err, record.Conflict) || len(left) == 0 && err != nil {
				t.Errorf("over what is left (%d files): %v", len(left), err)
			}
			continue
		}
		whole++
		s := open(t, dir, store.Options{})
		if r, err := s.Verify(ctx, nil); err != nil || r.All() != 0 || r.People != 3 {
			t.Errorf("%+v, %v", r, err)
		}
	}
	t.Logf("%d kills in %v: no store %d times, a whole one %d", times, took.Round(time.Millisecond), none, whole)
}

func restoreInChild(args string) {
	file, dir, _ := bytes.Cut([]byte(args), []byte("\n"))
	b, err := os.ReadFile(string(file))
	if err == nil {
		var r *backup.Reader
		if r, err = backup.NewReader(bytes.NewReader(b)); err == nil {
			_, err = store.Restore(ctx, string(dir), []*backup.Reader{r}, store.RestoreOptions{})
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// TestRestoreElsewhere: the node key can be kept apart, and nothing is written
// over.
func TestRestoreElsewhere(t *testing.T) {
	t.Parallel()
	_, s := newStore(t)
	d := recordOf(t, s)
	var f folder
	f.add(t, s, true)
	dir, key := filepath.Join(t.TempDir(), "new"), filepath.Join(t.TempDir(), "apart.key")
	if _, err := store.Restore(ctx, dir, f.chain(t), store.RestoreOptions{NodeKey: key}); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "node.key")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the key is in the folder: %v", err)
	}
	again := open(t, dir, store.Options{NodeKey: key})
	if _, err := again.Ring(ctx, d.person, d.slot.CapsuleID(), 0); err != nil {
		t.Error(err)
	}
	for _, opt := range []store.RestoreOptions{{}, {NodeKey: key}} {
		at := dir // the same folder, or the same key
		if opt.NodeKey != "" {
			at = filepath.Join(t.TempDir(), "other")
		}
		_, err := store.Restore(ctx, at, f.chain(t), opt)
		wantKind(t, err, record.Conflict)
	}
	copied := readers(t, copyOf(t, d))
	_, err := store.Restore(ctx, filepath.Join(t.TempDir(), "x"), copied, store.RestoreOptions{})
	wantKind(t, err, record.Invalid)
}
