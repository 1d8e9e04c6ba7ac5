package store_test

import (
	"encoding/hex"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/holder"
	"carehold/record/holder/holdertest"
	"carehold/record/store"
)

// From format 2 on a fixture has backups too: one of everything, from the middle of
// the story, and an increment at its end. They are frames, as they are inside of age.

func init() {
	var made folder
	fixtureBackup = func(t *testing.T, s *store.Store, to string) {
		name := "full.frames"
		if len(made.names) > 0 {
			name = "increment.frames"
		}
		b := made.add(t, s, false)
		if b.Full != (name == "full.frames") {
			t.Fatalf("%s is not one: %+v", name, b)
		}
		if err := os.WriteFile(filepath.Join(to, name), made.files[b.Name], 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// TestFixtureBackups restores the backups that a program of each format made. Everybody
// carries on without a loss, and has what they had; nobody's grant is back.
func TestFixtureBackups(t *testing.T) {
	t.Parallel()
	names, err := filepath.Glob("testdata/format*/full.frames")
	if err != nil || len(names) != 1 {
		t.Fatal(names, err)
	}
	for _, full := range names {
		from := filepath.Dir(full)
		_, want, opt := openFixture(t, filepath.Base(from))
		files := [][]byte{must[[]byte](t)(os.ReadFile(full)), must[[]byte](t)(os.ReadFile(filepath.Join(from, "increment.frames")))}
		dir := filepath.Join(t.TempDir(), "new")
		done, err := store.Restore(ctx, dir, readers(t, files...), store.RestoreOptions{Now: opt.Now})
		if err != nil || done.People != uint64(len(want.People)) {
			t.Fatalf("%+v, %v", done, err)
		}
		s := open(t, dir, opt)
		if r, err := s.Verify(ctx, nil); err != nil || r.All() != 0 {
			t.Errorf("%+v, %v", r, err)
		}
		srv := holdertest.Server{Store: s}
		for _, p := range want.People {
			if p.State == "closed" {
				continue
			}
			memory := must[holder.Memory](t)(holder.ParseMemory(must[[]byte](t)(hex.DecodeString(p.Memory))))
			h := must[*holder.Holder](t)(holder.Unlock(ctx, srv, must[crypto.RecoveryCode](t)(crypto.ParseRecoveryCode(p.Recovery)).Slot(), memory))
			if err := h.CarryOn(ctx, false); err != nil {
				t.Fatal(err)
			}
			must[holder.CheckReport](t)(h.Check(ctx, signIn(t, h)))
			me := must[*store.View](t)(srv.View(ctx, signIn(t, h)))
			if got := everyVersion(t, me); !slices.Equal(got, p.Versions) {
				t.Errorf("the versions are\n%v\nand were\n%v", got, p.Versions)
			}
			me.Close()
			h.Close()
			for _, g := range p.Grants {
				_, err := srv.View(ctx, g.Token)
				wantKind(t, err, record.Unauthorized)
			}
		}
	}
}
